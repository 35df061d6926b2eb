export { createWebService, type WebBackEnds, type WebServiceOptions } from './web-service.js';
