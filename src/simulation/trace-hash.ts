/**
 * A number that two runs share if and only if, for all practical purposes, the same frames left at the same times.
 * Of TCP's text only the length counts: Node puts the real time into some heads.
 */
const HEADERS = 54;
const HEADERS_IPV6 = 74;
/** Position within these. */
const TCP_CHECKSUM_BEFORE_END = 4;

export class TraceHash {
  #low = 0x811c_9dc5;
  #high = 0x1234_5678;

  get value(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0');
  }

  add(atUs: number, bytes: Uint8Array, fate: string): void {
    this.#mix(atUs);
    this.#mix(bytes.length);
    this.#mix(fate.length);
    const headers = bytes[12] === 0x08 ? HEADERS : bytes[12] === 0x86 ? HEADERS_IPV6 : 0;
    const end = headers === 0 ? bytes.length : Math.min(bytes.length, headers);
    const checksum = headers - TCP_CHECKSUM_BEFORE_END;
    for (let i = 0; i < end; i++) if (i !== checksum && i !== checksum + 1) this.#mix(bytes[i]!);
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x0100_0193);
    this.#high = Math.imul(this.#high ^ this.#low, 0x85eb_ca6b) ^ (this.#low >>> 15);
  }
}
