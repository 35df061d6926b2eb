/** Frames and a recorder for the tests of the switch. */
import { Switch, type SwitchOptions } from '../../../src/lab/switch/switch.js';

export const BROADCAST = 0xffff_ffff_ffff;

/** A frame of `bytes` bytes between stations given as 48-bit numbers, its payload counting up from `mark`. */
export function frame(destination: number, source: number, mark = 0, bytes = 60): Uint8Array {
  const b = Buffer.alloc(bytes);
  b.writeUIntBE(destination, 0, 6);
  b.writeUIntBE(source, 6, 6);
  b.writeUInt16BE(0x88b5, 12);
  for (let i = 14; i < bytes; i++) b[i] = mark + i;
  b.writeUInt32BE(mark, 14);
  return new Uint8Array(b);
}

export function markOf(b: Uint8Array): number {
  return Buffer.from(b.buffer, b.byteOffset).readUInt32BE(14);
}

export interface Sent {
  readonly port: number;
  readonly bytes: Uint8Array;
  /** When the test had advanced to. */
  readonly atUs: number;
}

/** A switch whose output is kept, with a clock that the test moves. */
export class Bench {
  readonly switch: Switch;
  readonly sent: Sent[] = [];
  readonly captured: { port: number; bytes: Uint8Array; atUs: number }[] = [];
  nowUs = 0;
  /** What the ports answer. */
  accepts = true;

  constructor(options: SwitchOptions) {
    this.switch = new Switch(options, {
      transmit: (port, b, at, length) => {
        if (this.accepts) this.sent.push({ port, bytes: b.slice(at, at + length), atUs: this.nowUs });
        return this.accepts;
      },
      capture: (atUs, port, b, at, length) =>
        this.captured.push({ port, bytes: b.slice(at, at + length), atUs }),
    });
  }

  /** A frame arrives now, from the middle of a larger array that is dirty, and that is overwritten afterwards. */
  receive(port: number, bytes: Uint8Array): void {
    const b = new Uint8Array(bytes.length + 32).fill(0xa5);
    b.set(bytes, 17);
    this.switch.receive(this.nowUs, port, b, 17, bytes.length);
    b.fill(0x5a);
  }

  /** Lets time pass, from event to event. */
  runUntil(endUs: number): void {
    while (this.switch.nextEventUs <= endUs) {
      this.nowUs = this.switch.nextEventUs;
      this.switch.advance(this.nowUs);
    }
    this.nowUs = endUs;
  }

  /** Which ports have sent, since the last call. */
  takePorts(): number[] {
    return this.sent.splice(0).map((sent) => sent.port);
  }
}
