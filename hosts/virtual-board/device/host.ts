/**
 * What a place must supply so that a virtual board runs there: a clock, a wire for Ethernet frames, an image
 * file that plays the card, entropy and a line printer. XS and Node each implement it.
 */
export interface VirtualHost {
  /** Microseconds since some moment before the start; never goes back. */
  nowUs(): number;
  /**
   * The board has nothing to do until `us` unless a frame arrives. A place that can sleep sleeps; one with an
   * event loop sets its timer and returns.
   */
  waitUntil(us: number): void;
  /** Copies the next frame from the wire to `b` from `at`; returns its length, or 0 when there is none. */
  receive(b: Uint8Array, at: number, capacity: number): number;
  /** Puts a frame on the wire; like a wire, it may lose it. */
  send(b: Uint8Array, at: number, length: number): void;
  /** Size of the card image. */
  readonly imageBytes: number;
  /** Reads at a byte offset of the image; false when that fails. */
  readImage(offset: number, b: Uint8Array, at: number, length: number): boolean;
  writeImage(offset: number, b: Uint8Array, at: number, length: number): boolean;
  /** Fills with bytes that nobody can predict. */
  fillEntropy(b: Uint8Array, at: number, length: number): void;
  /** Prints a line of the firmware. */
  print(line: string): void;
}
