/** A NIC without a network: the test puts frames in and takes frames out. */
import { type NicPort, PortStatus } from '../../../src/back-end/ports.js';

export class FakeNic implements NicPort {
  readonly macAddress = Uint8Array.of(0x02, 0xa7, 0xc0, 0, 0, 0x21);
  segmentationBytes = 0;
  status: PortStatus = PortStatus.ok;
  up = true;
  /** Frames that fit before {@link sent} is emptied. */
  room = Infinity;
  opens = 0;
  readonly arrived: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];

  open(): PortStatus {
    this.opens++;
    return this.status;
  }

  linkUp(): boolean {
    return this.up;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.arrived.shift();
    if (frame === undefined || frame.length > capacity) return 0;
    b.set(frame, at);
    return frame.length;
  }

  transmit(b: Uint8Array, at: number, length: number): boolean {
    if (this.sent.length >= this.room) return false;
    this.sent.push(b.slice(at, at + length));
    return true;
  }
}
