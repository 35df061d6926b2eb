/** What can be set on the stream service, with its defaults. A plain object, so that it may come from a file. */

export interface StreamConfiguration {
  /** Where requests are sent to, and where they are answered from. */
  readonly port: number;
  /** Where the streams come from: boards must be provisioned to speak from it. */
  readonly streamPort: number;
  /** Bytes of the object in a datagram. Seven packets of MPEG-2 TS are usual, as in `udp://` of most players. */
  readonly datagramBytes: number;
  /** The highest rate that is served. */
  readonly maxBitsPerSecond: number;
  /** Streams at one time. */
  readonly maxStreams: number;
  /** A client that has not repeated its request for so long gets nothing more. */
  readonly silenceMs: number;
  /** How far a board may go on by itself, as time: what the front-end's grant lies ahead of what was sent. */
  readonly aheadMs: number;
}

export const DEFAULT_STREAM_CONFIGURATION: StreamConfiguration = Object.freeze({
  port: 5_004,
  streamPort: 5_005,
  datagramBytes: 7 * 188,
  maxBitsPerSecond: 100_000_000,
  maxStreams: 64,
  silenceMs: 10_000,
  aheadMs: 2_000,
});

/** Lowest and highest value of each number. */
const BOUNDS: Readonly<Record<keyof StreamConfiguration, readonly [number, number]>> = Object.freeze({
  port: [1, 0xffff],
  streamPort: [1, 0xffff],
  datagramBytes: [1, 1_452],
  maxBitsPerSecond: [1_000, 0xffff_ffff],
  maxStreams: [1, 0xffff],
  silenceMs: [100, 3_600_000],
  aheadMs: [1_000, 60_000],
});

/** Fills in the defaults. Throws a RangeError or TypeError that names the setting and what it may be. */
export function streamConfiguration(settings: Partial<StreamConfiguration> = {}): StreamConfiguration {
  for (const key of Object.keys(settings))
    if (!Object.hasOwn(DEFAULT_STREAM_CONFIGURATION, key))
      throw new TypeError(
        `stream: there is no setting "${key}"; look at StreamConfiguration for their names`,
      );
  const configuration = { ...DEFAULT_STREAM_CONFIGURATION, ...settings };
  for (const [key, [low, high]] of Object.entries(BOUNDS)) {
    const value = configuration[key as keyof StreamConfiguration];
    if (!Number.isInteger(value) || value < low || value > high)
      throw new RangeError(`stream: ${key} is ${value}; it must be a whole number from ${low} to ${high}`);
  }
  const { port, streamPort } = configuration;
  if (port === streamPort) throw new RangeError(`stream: port and streamPort (${port}) must differ`);
  return Object.freeze(configuration);
}
