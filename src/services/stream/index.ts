/** The public API of the stream service. */
export { createStreamServer, StreamServer, type StreamServerOptions } from './stream-server.js';
export {
  DEFAULT_STREAM_CONFIGURATION,
  streamConfiguration,
  type StreamConfiguration,
} from './configuration.js';
export { PacedSource, type PacedSourceOptions } from './paced-source.js';
