/**
 * What a place that runs the firmware must supply (design idea 4). The firmware polls these from `step(nowUs)`;
 * nothing here blocks for longer than one bounded transfer, nothing allocates after construction, nothing throws.
 */

/** What a port answers. Everything above `pending` is a failure that names its cause. */
export const PortStatus = Object.freeze({
  ok: 0,
  /** Not finished: make the same call again in a later step. */
  pending: 1,
  noMedium: 2,
  timeout: 3,
  crcError: 4,
  outOfRange: 5,
  writeError: 6,
  /** The device answered in a way that its specification does not allow. */
  protocolError: 7,
  unsupported: 8,
} as const);
export type PortStatus = (typeof PortStatus)[keyof typeof PortStatus];

/** A raw Ethernet interface: whole frames without the FCS. */
export interface NicPort {
  /** Six bytes, valid once {@link open} answered `ok`. */
  readonly macAddress: Uint8Array;
  /** Resets and configures the chip; call again while it answers `pending`. Reopens after an error. */
  open(nowUs: number): PortStatus;
  linkUp(): boolean;
  /** Copies the next received frame to `b` from `at`; returns its length, or 0 when there is none. A frame longer than `capacity` is dropped and counted. */
  receive(b: Uint8Array, at: number, capacity: number): number;
  /** Queues one frame for sending; false when there is no room now (try again in a later step). */
  transmit(b: Uint8Array, at: number, length: number): boolean;
  /** The largest frame that the NIC segments itself into MTU-sized ones (design 5.6), or 0 when it can't. */
  readonly segmentationBytes: number;
  /**
   * Queues one TCP frame of up to {@link segmentationBytes}, which the NIC cuts into segments of `segmentBytes`
   * payload: the last may be shorter and alone keeps FIN and PSH, lengths and sequence numbers are counted on,
   * checksums completed. The TCP header begins at `l4Offset`, the payload at `payloadOffset`; the checksum field
   * holds the sum of the pseudo header (PACKET_VNET_HDR: VIRTIO_NET_HDR_F_NEEDS_CSUM). Only where
   * {@link segmentationBytes} is not 0.
   */
  transmitSegments?(
    b: Uint8Array,
    at: number,
    length: number,
    l4Offset: number,
    payloadOffset: number,
    segmentBytes: number,
  ): boolean;
}

/** A disk of 512-byte sectors. */
export interface DiskPort {
  /** Finds and initialises the medium; call again while it answers `pending`. Reopens after removal or error. */
  open(nowUs: number): PortStatus;
  /** Size in sectors, valid once {@link open} answered `ok`. */
  readonly sectorCount: number;
  /**
   * Reads `count` sectors to `b` from `at`. While it answers `pending`, make the same call again. A read that
   * starts where the last one ended continues the same multi-block command, so sequential reads cost no seek.
   * Another call instead abandons a pending one; the port touches `b` only inside the calls that name it.
   */
  read(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus;
  /** Writes `count` sectors; `ok` means that the medium has them. */
  write(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus;
}

/** One chip on an SPI bus, mode 0, most significant bit first. The host moves the chip select. */
export interface SpiPort {
  /** Asserts the chip select. */
  select(): void;
  /** Releases the chip select. */
  deselect(): void;
  /** Clocks out `length` bytes; what comes in is dropped. */
  write(b: Uint8Array, at: number, length: number): void;
  /** Clocks in `length` bytes while MOSI is high (0xFF). */
  read(b: Uint8Array, at: number, length: number): void;
  /**
   * Where a place has it in C: takes up to `count` data blocks of 512 bytes from an SD card's running read to `b` from
   * `at`. Before each it clocks in up to `pollBytes` bytes in search of one that is not 0xFF, the token; a start token
   * (0xFE) is followed by the block and its CRC16 ([SD] 7.3.3). Ends with the first block whose CRC is wrong and the
   * first other token. Returns the number of intact blocks times 256, plus the last token, 0xFF when none came.
   */
  readBlocks?(b: Uint8Array, at: number, count: number, pollBytes: number): number;
  /** Sets the bus clock for this chip; the host takes the nearest lower one that it has. */
  setClock(hz: number): void;
}

export interface EntropyPort {
  /** Fills with bytes that nobody can predict. */
  fill(b: Uint8Array, at: number, length: number): void;
}

/** Where the firmware's own lines go: a UART on a board, standard output elsewhere. */
export interface ConsolePort {
  write(line: string): void;
}

export interface BoardPorts {
  readonly nic: NicPort;
  readonly disk: DiskPort;
  readonly entropy: EntropyPort;
  readonly console: ConsolePort;
}

/** An address that the board may write into pseudo packets as their source (design 5.1). */
export interface PseudoSource {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 0 allows every port. */
  readonly port: number;
  /** With it, every port from {@link port} to this one is allowed. */
  readonly lastPort?: number;
}

/** What `atcp provision` puts on a board: who it is, its key, and for whom it may speak. */
export interface Provisioning {
  /** 1 … 2^32 - 1, unique on the data link. */
  readonly boardId: number;
  /** 16 bytes, {@link deriveBoardKey} of the site's provisioning secret. */
  readonly boardKey: Uint8Array;
  readonly pseudoSources: readonly PseudoSource[];
  /** EtherType of the data link; 0x88B5 unless the site needs another. */
  readonly etherType: number;
}
