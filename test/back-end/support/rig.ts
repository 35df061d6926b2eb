/** One board on a bench: a card, a NIC, a front-end, and a clock that the test turns. */
import assert from 'node:assert/strict';
import { Board } from '../../../src/back-end/board.js';
import { boardLimits, type Limits } from '../../../src/back-end/limits.js';
import type { Provisioning, PseudoSource } from '../../../src/back-end/ports.js';
import { AtcpType } from '../../../src/wire/atcp/header.js';
import { FakeNic } from './fake-nic.js';
import { type Message, type Report, TestFrontEnd } from './front-end.js';
import { MemoryDisk } from './memory-disk.js';
import { isPseudoPacket, readSegment, type Segment } from './segments.js';

export const VIP: PseudoSource = { address: Uint8Array.of(10, 77, 0, 10), port: 80 };
export const VIP6: PseudoSource = {
  address: Uint8Array.of(0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10),
  port: 0,
};

export interface RigOptions {
  readonly limits?: Partial<Limits>;
  readonly sources?: readonly PseudoSource[];
  /** Step at least this often; keeps virtual time moving while the board wants to run at once. */
  readonly stepUs?: number;
  readonly segmentationBytes?: number;
}

export class Rig {
  nowUs = 1_000_000;
  readonly nic = new FakeNic();
  readonly disk: MemoryDisk;
  readonly board: Board;
  readonly frontEnd: TestFrontEnd;
  readonly lines: string[] = [];
  readonly provisioning: Provisioning;
  /** Everything that came since the last {@link clear}, in order. */
  readonly messages: Message[] = [];
  readonly segments: Segment[] = [];
  steps = 0;
  readonly #stepUs: number;
  #entropy = 1;

  constructor(image: Uint8Array, options: RigOptions = {}) {
    this.#stepUs = options.stepUs ?? 5;
    this.disk = new MemoryDisk(image);
    this.nic.segmentationBytes = options.segmentationBytes ?? 0;
    this.provisioning = {
      boardId: 7,
      boardKey: Uint8Array.from({ length: 16 }, (_, i) => i * 3 + 1),
      pseudoSources: options.sources ?? [VIP, VIP6],
      etherType: 0x88b5,
    };
    const ports = {
      nic: this.nic,
      disk: this.disk,
      entropy: {
        fill: (b: Uint8Array, at: number, length: number) => {
          for (let i = 0; i < length; i++)
            b[at + i] = (this.#entropy = (this.#entropy * 48271) % 0x7fff_ffff) & 255;
        },
      },
      console: { write: (line: string) => void this.lines.push(line) },
    };
    this.board = new Board(ports, this.provisioning, { ...boardLimits, ...options.limits });
    this.frontEnd = new TestFrontEnd(7, this.provisioning.boardKey, this.nic.macAddress);
  }

  /** One step; then sorts what was sent. Returns when the board wants the next. */
  step(): number {
    const nextUs = this.board.step(this.nowUs);
    this.steps++;
    for (const frame of this.nic.sent.splice(0)) {
      if (isPseudoPacket(frame)) this.segments.push(readSegment(frame));
      else this.messages.push(this.frontEnd.read(frame));
    }
    return nextUs;
  }

  /** Lets the board run as it asks to, for `us`. */
  run(us: number): void {
    const endUs = this.nowUs + us;
    while (this.nowUs <= endUs) this.nowUs = Math.max(this.step(), this.nowUs + this.#stepUs);
    this.nowUs = endUs;
  }

  /** Puts frames in and lets the board run. */
  send(frame: Uint8Array, us = 1000): void {
    this.nic.arrived.push(frame);
    this.run(us);
  }

  /** Statements in one frame of the session. */
  state(...statements: Uint8Array[]): void {
    this.send(this.frontEnd.statements(...statements));
  }

  clear(): void {
    this.messages.length = 0;
    this.segments.length = 0;
  }

  /** Boots the board and opens a session. */
  connect(heartbeatMs = 0): void {
    this.run(200_000);
    const announce = this.messages.find((message) => message.type === AtcpType.announce);
    assert.ok(announce, 'the board announces itself after boot');
    this.frontEnd.heard(announce);
    this.clear();
    this.send(this.frontEnd.open(heartbeatMs));
    assert.ok(
      this.messages.some((message) => message.type === AtcpType.sessionAccept),
      'the board accepts the session',
    );
    this.clear();
  }

  get reports(): Report[] {
    return this.messages.flatMap((message) => [...message.reports]);
  }

  /** The latest report about a command. */
  report(counter = 1): Report {
    const report = this.reports.findLast((each) => each.counter === counter);
    assert.ok(report, `a report about command ${counter}`);
    return report;
  }

  /** Payload bytes sent so far, placed by sequence number from `startSequence`; holes stay 0. */
  stream(startSequence = 1000): Uint8Array {
    let length = 0;
    for (const each of this.segments) {
      length = Math.max(length, ((each.sequence - startSequence) >>> 0) + each.payload.length);
    }
    const b = new Uint8Array(length);
    for (const each of this.segments) b.set(each.payload, (each.sequence - startSequence) >>> 0);
    return b;
  }
}
