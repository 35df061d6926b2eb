/** What can be set on the TFTP service, with its defaults. A plain object, so that it may come from a file. */

export interface TftpConfiguration {
  /** Where requests are sent to. */
  readonly port: number;
  /** The ports of transfers (TIDs, RFC 1350 4): boards must be provisioned to speak from all of them. */
  readonly firstTransferPort: number;
  readonly lastTransferPort: number;
  /** The directory whose objects are served; '' for all. */
  readonly directory: string;
  /** Transfers at one time; further requests are denied. */
  readonly maxTransfers: number;
  /** … of them for one client address. */
  readonly maxTransfersPerClient: number;
  /** A larger `blksize` is answered with this one (RFC 2348). What fits the MTU is the limit in any case. */
  readonly maxBlockBytes: number;
  /** A larger `windowsize` is answered with this one (RFC 7440). */
  readonly maxWindowBlocks: number;
  /** The longest wait for an acknowledgment, if the client does not name one (RFC 2349); at first and when in doubt. */
  readonly timeoutMs: number;
  /** … and the shortest: what is lost is sent again as soon as the client usually would have answered. */
  readonly minTimeoutMs: number;
  /** How often the same is sent again before the transfer is given up. */
  readonly retries: number;
  /**
   * … before the client has acknowledged anything: a request with a false address has its answer sent to somebody else.
   */
  readonly firstRetries: number;
  /** How long the port of a transfer rests afterwards: until nothing of it is on its way any more. */
  readonly restMs: number;
}

export const DEFAULT_TFTP_CONFIGURATION: TftpConfiguration = Object.freeze({
  port: 69,
  firstTransferPort: 49_152,
  lastTransferPort: 50_175,
  directory: '',
  maxTransfers: 512,
  maxTransfersPerClient: 32,
  maxBlockBytes: 1468,
  maxWindowBlocks: 64,
  timeoutMs: 1_000,
  minTimeoutMs: 100,
  retries: 6,
  firstRetries: 2,
  restMs: 3_000,
});

/** Lowest and highest value of each number. */
const BOUNDS: Readonly<Record<Exclude<keyof TftpConfiguration, 'directory'>, readonly [number, number]>> =
  Object.freeze({
    port: [1, 0xffff],
    firstTransferPort: [1, 0xffff],
    lastTransferPort: [1, 0xffff],
    maxTransfers: [1, 0xffff],
    maxTransfersPerClient: [1, 0xffff],
    maxBlockBytes: [8, 65_464],
    maxWindowBlocks: [1, 1024],
    timeoutMs: [10, 255_000],
    minTimeoutMs: [10, 255_000],
    retries: [0, 100],
    firstRetries: [0, 100],
    restMs: [0, 60_000],
  });

/** Fills in the defaults. Throws a RangeError or TypeError that names the setting and what it may be. */
export function tftpConfiguration(settings: Partial<TftpConfiguration> = {}): TftpConfiguration {
  for (const key of Object.keys(settings))
    if (!Object.hasOwn(DEFAULT_TFTP_CONFIGURATION, key))
      throw new TypeError(`tftp: there is no setting "${key}"; look at TftpConfiguration for their names`);
  const configuration = { ...DEFAULT_TFTP_CONFIGURATION, ...settings };
  for (const [key, [low, high]] of Object.entries(BOUNDS)) {
    const value = configuration[key as keyof typeof BOUNDS];
    if (!Number.isInteger(value) || value < low || value > high)
      throw new RangeError(`tftp: ${key} is ${value}; it must be a whole number from ${low} to ${high}`);
  }
  const { firstTransferPort, lastTransferPort, port, directory, minTimeoutMs, timeoutMs } = configuration;
  if (firstTransferPort > lastTransferPort || (port >= firstTransferPort && port <= lastTransferPort))
    throw new RangeError(
      `tftp: transfers need ports of their own, firstTransferPort (${firstTransferPort}) to lastTransferPort (${lastTransferPort}), without port ${port}`,
    );
  if (minTimeoutMs > timeoutMs)
    throw new RangeError(`tftp: minTimeoutMs (${minTimeoutMs}) must not exceed timeoutMs (${timeoutMs})`);
  if (typeof directory !== 'string' || /^\/|\/$/.test(directory))
    throw new RangeError('tftp: directory must be a path without "/" at either end, or empty');
  return Object.freeze(configuration);
}
