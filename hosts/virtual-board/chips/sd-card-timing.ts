/** How long the emulated SD card takes for what it does, in bytes on the wire. References as in sd-card-model.ts. */
export class SdCardTiming {
  /** N_CR, 1 … 8: before a response. */
  response = 1;
  /** N_AC, at least 1: before each block that is read. */
  read = 1;
  /** After each block that was written. */
  writeBusy = 4;
  /** After CMD12 and Stop Tran. */
  stopBusy = 2;
}
