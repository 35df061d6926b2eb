/** What can be set on the web service, with its defaults. A plain object, so that it may come from a file. */

/** Who makes a reply out of a request ([0019]): the front-end, by commands, or a board's own responder. */
export const WEB_MODES = Object.freeze(['decoded', 'relayed'] as const);
export type WebMode = (typeof WEB_MODES)[number];

export interface WebConfiguration {
  readonly mode: WebMode;
  /** The object that stands for a directory. */
  readonly indexName: string;
  /** Directories without an index are answered with a page of their entries. */
  readonly listing: boolean;
  /** Entries that such a page names at most. */
  readonly maxListingEntries: number;
  /** NAME.br, NAME.zst and NAME.gz are sent for NAME to clients that accept the coding. */
  readonly precompressed: boolean;
  /** How long a variant that was not there is not asked for again, unless NAME itself changes. */
  readonly absentVariantMs: number;
  /** `Cache-Control` of objects and listings. The default has caches ask each time, which costs them a 304. */
  readonly cacheControl: string;
  /** What clients are told while no board is there. */
  readonly retryAfterSeconds: number;
  /** Ranges in one request; each is a command to a board. With more the request is denied (416). */
  readonly maxRanges: number;
  /** … and how many of them may be smaller than 512 bytes: a board works as much for those as for large ones. */
  readonly maxTinyRanges: number;
  /** Longer targets are answered with 414. */
  readonly maxTargetBytes: number;
  /** The whole head of a request; larger ones are answered with 431. */
  readonly maxHeaderBytes: number;
  /** No method here has a use for content: so much is read and ignored, more ends the connection. */
  readonly maxRequestBodyBytes: number;
  /** Requests of one connection that may wait for those before them; the rest is answered with 503. */
  readonly maxPipelinedRequests: number;
  /** The last one of these is told `Connection: close`; 0 is no limit. */
  readonly maxRequestsPerConnection: number;
  /** Connections beyond are reset. */
  readonly maxConnections: number;
  /** From the first byte (or the connection's start) to the end of the head. */
  readonly headersTimeoutMs: number;
  /** … to the end of the request's content. */
  readonly requestTimeoutMs: number;
  /** How long a connection may rest between requests. */
  readonly keepAliveTimeoutMs: number;
  /**
   * While an answer is out: how long the client may acknowledge nothing new before it is reset. Of an answer that
   * has been granted to boards but for its end, keepAliveTimeoutMs if that is longer.
   */
  readonly progressTimeoutMs: number;
  /** After the last answer: how long to wait for the client's end of the connection while nothing moves. */
  readonly closeTimeoutMs: number;
  /** How often headersTimeoutMs and requestTimeoutMs are looked at. */
  readonly checkIntervalMs: number;
}

export const DEFAULT_WEB_CONFIGURATION: WebConfiguration = Object.freeze({
  mode: 'decoded',
  indexName: 'index.html',
  listing: false,
  maxListingEntries: 10_000,
  precompressed: true,
  absentVariantMs: 5_000,
  cacheControl: 'no-cache',
  retryAfterSeconds: 1,
  maxRanges: 64,
  maxTinyRanges: 16,
  maxTargetBytes: 0x2000,
  maxHeaderBytes: 0x8000,
  maxRequestBodyBytes: 0x1_0000,
  maxPipelinedRequests: 256,
  maxRequestsPerConnection: 0,
  maxConnections: 100_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 15_000,
  progressTimeoutMs: 30_000,
  closeTimeoutMs: 2_000,
  checkIntervalMs: 1_000,
});

const MAX_TIMEOUT_MS = 0x7fff_ffff;

type NumberKey = {
  [Key in keyof WebConfiguration]: WebConfiguration[Key] extends number ? Key : never;
}[keyof WebConfiguration];

/** Lowest and highest value of each number. */
const BOUNDS: Readonly<Record<NumberKey, readonly [number, number]>> = Object.freeze({
  maxListingEntries: [1, 1_000_000],
  absentVariantMs: [0, 3_600_000],
  retryAfterSeconds: [0, 86_400],
  maxRanges: [1, 1024],
  maxTinyRanges: [1, 1024],
  maxTargetBytes: [256, 0x10_0000],
  maxHeaderBytes: [1024, 0x10_0000],
  maxRequestBodyBytes: [0, Number.MAX_SAFE_INTEGER],
  maxPipelinedRequests: [0, 0x1_0000],
  maxRequestsPerConnection: [0, Number.MAX_SAFE_INTEGER],
  maxConnections: [1, Number.MAX_SAFE_INTEGER],
  headersTimeoutMs: [1, MAX_TIMEOUT_MS],
  requestTimeoutMs: [1, MAX_TIMEOUT_MS],
  keepAliveTimeoutMs: [1, MAX_TIMEOUT_MS],
  progressTimeoutMs: [1, MAX_TIMEOUT_MS],
  closeTimeoutMs: [1, MAX_TIMEOUT_MS],
  checkIntervalMs: [1, MAX_TIMEOUT_MS],
});

/** Fills in the defaults. Throws a RangeError or TypeError that names the setting and what it may be. */
export function webConfiguration(settings: Partial<WebConfiguration> = {}): WebConfiguration {
  for (const key of Object.keys(settings))
    if (!Object.hasOwn(DEFAULT_WEB_CONFIGURATION, key))
      throw new TypeError(`web: there is no setting "${key}"; look at WebConfiguration for their names`);
  const configuration = { ...DEFAULT_WEB_CONFIGURATION, ...settings };
  checkNumbers(configuration);
  checkTexts(configuration);
  for (const key of ['listing', 'precompressed'] as const)
    if (typeof configuration[key] !== 'boolean') throw new TypeError(`web: ${key} must be true or false`);
  return Object.freeze(configuration);
}

function checkNumbers(configuration: WebConfiguration): void {
  for (const [key, [low, high]] of Object.entries(BOUNDS)) {
    const value = configuration[key as NumberKey];
    if (!Number.isInteger(value) || value < low || value > high)
      throw new RangeError(`web: ${key} is ${value}; it must be a whole number from ${low} to ${high}`);
  }
  const { maxTargetBytes, maxHeaderBytes, headersTimeoutMs, requestTimeoutMs } = configuration;
  if (maxTargetBytes >= maxHeaderBytes)
    throw new RangeError(
      `web: maxTargetBytes (${maxTargetBytes}) must be below maxHeaderBytes (${maxHeaderBytes})`,
    );
  if (headersTimeoutMs > requestTimeoutMs)
    throw new RangeError(
      `web: headersTimeoutMs (${headersTimeoutMs}) must not exceed requestTimeoutMs (${requestTimeoutMs})`,
    );
}

function checkTexts({ mode, indexName, cacheControl }: WebConfiguration): void {
  if (!WEB_MODES.includes(mode)) throw new RangeError(`web: mode must be one of ${WEB_MODES.join(', ')}`);
  if (typeof indexName !== 'string' || !/^[^/\0]+$/.test(indexName) || /^\.\.?$/.test(indexName))
    throw new RangeError('web: indexName must be the name of a file, without "/"');
  if (typeof cacheControl !== 'string' || !/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(cacheControl))
    throw new RangeError('web: cacheControl must be a value for the header field Cache-Control');
}
