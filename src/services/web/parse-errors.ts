/** The status for what Node's parser, or its timers, refuse (RFC 9110 15.5, 15.6). */

/** The error of `clientError`. */
export interface ClientError extends Error {
  readonly code?: string;
  /** What was being parsed, and how much of it was in order. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~\\dA-Za-z]+";
const METHOD_AND_SPACE = new RegExp(`^${TOKEN} `);
const REQUEST_LINE = new RegExp(`^${TOKEN} [^\\s]*(?: HTTP/\\d\\.\\d)?\\r?$`);

/** Undefined when the connection itself has failed, and there is nobody to answer. */
export function statusOfClientError(error: ClientError): number | undefined {
  const { code } = error;
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    case 'HPE_HEADER_OVERFLOW':
      // Targets in bounds are judged by the service. One that alone is larger than a head may be is known by its
      // line, if that begins in the packet that was too much.
      return REQUEST_LINE.test(line(error)) ? 414 : 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'HPE_INVALID_METHOD':
      // The parser knows the methods of the registry; what else looks like one is not implemented here.
      return METHOD_AND_SPACE.test(line(error)) ? 501 : 400;
    case 'HPE_INVALID_VERSION':
      return / HTTP\/\d\.\d\r?$/.test(line(error)) && !/ HTTP\/1\.[01]\r?$/.test(line(error)) ? 505 : 400;
    case 'HPE_PAUSED_H2_UPGRADE':
      return 505;
    default:
      return code?.startsWith('HPE_') ? 400 : undefined;
  }
}

/** The line on which the parser stopped, as far as it had arrived. */
function line({ rawPacket, bytesParsed = 0 }: ClientError): string {
  if (rawPacket === undefined) return '';
  const from = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf(0x0a, bytesParsed - 1) + 1;
  const end = rawPacket.indexOf(0x0a, from);
  return rawPacket.toString('latin1', from, end === -1 ? rawPacket.length : end);
}
