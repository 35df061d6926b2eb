/** A Cadence GEM as its manual describes it, as far as one end of a cable goes: rings in memory, registers, a PHY. */
import type { GemPort } from '../../../drivers/gem/port.js';

const NET_CTRL = 0x00;
const NET_STATUS = 0x08;
const RX_QBAR = 0x18;
const TX_QBAR = 0x1c;
const PHY_MAINT = 0x34;
const MODULE_ID = 0xfc;

export class GemModel implements GemPort {
  readonly dmaAddress = 0x4000_0000;
  readonly dmaBytes: number;
  readonly memory: DataView;
  readonly registers = new Map<number, number>([[MODULE_ID, 0x1007_0109]]);
  readonly sent: Uint8Array[] = [];
  phyAddress = 7;
  linkUp = true;
  /** Frames leave only while this is set. */
  sends = true;
  #rxAt = 0;
  #txAt = 0;

  constructor(dmaBytes: number) {
    this.dmaBytes = dmaBytes;
    this.memory = new DataView(new Uint8Array(dmaBytes).fill(0xa5).buffer);
  }

  read(register: number): number {
    if (register === NET_STATUS) return 0x4;
    if (register === PHY_MAINT) return this.#phy();
    return (this.registers.get(register) ?? 0) | 0;
  }

  write(register: number, value: number): void {
    this.registers.set(register, value);
    if (register === RX_QBAR) this.#rxAt = value - this.dmaAddress;
    if (register === TX_QBAR) this.#txAt = value - this.dmaAddress;
    if (register === NET_CTRL && (value & 0x200) !== 0) this.transmitAll();
  }

  #phy(): number {
    const command = this.registers.get(PHY_MAINT) ?? 0;
    if (((command >>> 23) & 31) !== this.phyAddress) return 0xffff;
    const register = (command >>> 18) & 31;
    if (register === 2) return 0x0141;
    return register === 1 && this.linkUp ? 0x0004 : 0;
  }

  readWord(at: number): number {
    return this.memory.getInt32(at, true);
  }

  writeWord(at: number, value: number): void {
    this.memory.setInt32(at, value, true);
  }

  load(from: number, b: Uint8Array, at: number, length: number): void {
    b.set(new Uint8Array(this.memory.buffer, from, length), at);
  }

  post(b: Uint8Array, at: number, length: number, to: number, descriptor: number, value: number): boolean {
    if (this.readWord(descriptor) >= 0) return false;
    this.store(b, at, to, length);
    this.writeWord(descriptor, value);
    return true;
  }

  private store(b: Uint8Array, at: number, to: number, length: number): void {
    new Uint8Array(this.memory.buffer, to, length).set(b.subarray(at, at + length));
  }

  /** What the controller does when it is told to transmit. */
  transmitAll(): void {
    if (!this.sends) return;
    for (;;) {
      const status = this.readWord(this.#txAt + 4);
      if (status < 0) return;
      const from = this.readWord(this.#txAt) - this.dmaAddress;
      const frame = new Uint8Array(status & 0x3fff);
      this.load(from, frame, 0, frame.length);
      this.sent.push(frame);
      this.writeWord(this.#txAt + 4, status | 0x8000_0000);
      const first = (this.registers.get(TX_QBAR) ?? 0) - this.dmaAddress;
      this.#txAt = (status & 0x4000_0000) !== 0 ? first : this.#txAt + 8;
    }
  }

  /** A frame from the cable; false when there is no buffer. `flags` are start and end of frame unless given. */
  arrive(frame: Uint8Array, flags = 0xc000): boolean {
    const address = this.readWord(this.#rxAt);
    if ((address & 1) !== 0) {
      this.registers.set(0x20, 1);
      return false;
    }
    this.store(frame, 0, (address & ~3) - this.dmaAddress, frame.length);
    this.writeWord(this.#rxAt + 4, frame.length | flags);
    this.writeWord(this.#rxAt, address | 1);
    const first = (this.registers.get(RX_QBAR) ?? 0) - this.dmaAddress;
    this.#rxAt = (address & 2) !== 0 ? first : this.#rxAt + 8;
    return true;
  }
}
