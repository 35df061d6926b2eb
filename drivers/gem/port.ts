/**
 * What a place with a Cadence GEM supplies: its registers, and memory that the controller reaches by DMA. Words are
 * signed 32-bit integers, which on XS cost less than numbers of 2^31 and more.
 */
export interface GemPort {
  /** A register, by its offset in bytes. */
  read(register: number): number;
  write(register: number, value: number): void;
  /** Where the controller sees the DMA memory: its bus address, a multiple of 64. */
  readonly dmaAddress: number;
  readonly dmaBytes: number;
  /** A word of DMA memory at byte offset `at`, a multiple of 4; seen as the controller left it. */
  readWord(at: number): number;
  writeWord(at: number, value: number): void;
  /** Copies `length` bytes of DMA memory from `from` to `b` from `at`. */
  load(from: number, b: Uint8Array, at: number, length: number): void;
  /**
   * Queues a frame: when the word at `descriptor` is negative, copies `length` bytes of `b` from `at` to DMA memory
   * from `to`, then sets that word to `value`; false, with nothing done, when it is not.
   */
  post(b: Uint8Array, at: number, length: number, to: number, descriptor: number, value: number): boolean;
}
