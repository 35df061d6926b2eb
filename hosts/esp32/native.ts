/** What native/esp32-host.c offers. Nothing here allocates. */

/** Microseconds since power-on; never goes back. */
export function nowUs(this: unknown): number {
  return native('xs_esp32_now_us').call(this) as number;
}

/** Fills with the hardware's random numbers. */
export function fillEntropy(this: unknown, b: Uint8Array, at: number, length: number): void {
  native('xs_esp32_fill_entropy').call(this, b, at, length);
}

/** Puts the chip's own MAC address for Ethernet, six bytes, at `at`. */
export function macAddress(this: unknown, b: Uint8Array, at: number): void {
  native('xs_esp32_mac_address').call(this, b, at);
}

/** Prints a line on the serial console; in a debug build it goes to xsbug. */
export function print(this: unknown, line: string): void {
  native('xs_esp32_print').call(this, line);
}
