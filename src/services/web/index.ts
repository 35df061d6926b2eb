/** The public API of the web service. */
export { createWebServer } from './web-server.js';
export { createWebService, type WebServiceOptions } from './web-service.js';
export {
  DEFAULT_WEB_CONFIGURATION,
  WEB_MODES,
  webConfiguration,
  type WebConfiguration,
  type WebMode,
} from './configuration.js';
export type { DirectoryEntry, WebBackEnds } from './back-ends.js';
export type { Later, RequestHandler, WebRequest } from './request-handler.js';
export type { RequestTarget } from './request-target.js';
