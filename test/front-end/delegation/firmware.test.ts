/** The delegation layer against the real firmware on memory disks: two boards, one clock, exact bytes. */
import assert from 'node:assert/strict';
import { Board } from '../../../src/back-end/board.js';
import { BackEnds } from '../../../src/front-end/delegation/back-ends.js';
import type { DelegatedSpan } from '../../../src/front-end/delegation/delegated-span.js';
import type { SpanCarrier, SpanTemplate } from '../../../src/front-end/tcp/span.js';
import { emitEthernet, EtherType } from '../../../src/wire/ethernet.js';
import { emitIpv4, IpProtocol } from '../../../src/wire/ipv4.js';
import { emitTcp, TcpFlag } from '../../../src/wire/tcp.js';
import { FakeNic } from '../../back-end/support/fake-nic.js';
import { MemoryDisk } from '../../back-end/support/memory-disk.js';
import { isPseudoPacket, readSegment, type Segment } from '../../back-end/support/segments.js';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';

const VIP = 0x0a4d_000a;
const CLIENT = 0x0a4d_0064;
const FILE = pattern(300_000, 3);
const STEP_US = 20;
const START = 0xffff_8000;

class Node {
  readonly nic: FakeNic;
  readonly disk: MemoryDisk;
  readonly board: Board;
  powered = true;

  constructor(id: number, key: Uint8Array, image: Uint8Array) {
    this.nic = new FakeNic();
    this.nic.macAddress[5] = id;
    this.disk = new MemoryDisk(image);
    let state = id;
    const ports = {
      nic: this.nic,
      disk: this.disk,
      entropy: {
        fill: (b: Uint8Array, at: number, length: number) => {
          for (let i = 0; i < length; i++) b[at + i] = (state = (state * 48271) % 0x7fff_ffff) & 255;
        },
      },
      console: { write: () => {} },
    };
    const pseudoSources = [{ address: Uint8Array.of(10, 77, 0, 10), port: 80 }];
    this.board = new Board(ports, { boardId: id, boardKey: key, pseudoSources, etherType: EtherType.atcp });
  }
}

class Bench implements SpanCarrier {
  readonly nodes: Node[];
  readonly backEnds: BackEnds;
  nowUs = 1_000_000;
  /** Payloads as the client puts them together. */
  readonly stream = new Uint8Array(FILE.length);
  received = 0;
  segments: Segment[] = [];
  done = false;
  failed: Error | undefined;
  span: DelegatedSpan | undefined;
  readonly segmentBytes = 1460;
  acknowledgment = 4711;
  windowField = 501;
  tsVal = 0;
  tsEcr = 0;
  #nonce = 0;

  constructor(count: number, image: Uint8Array) {
    const keys = Array.from({ length: count }, (_, i) => new Uint8Array(16).fill(i + 0x30));
    this.nodes = keys.map((key, i) => new Node(i + 1, key, image));
    this.backEnds = new BackEnds({
      provisioning: keys.map((key, i) => ({ id: i + 1, key })),
      macAddress: Uint8Array.of(2, 0xfe, 0, 0, 0, 1),
      epoch: 5,
      entropy: { fill: (b, at, length) => b.fill(++this.#nonce, at, at + length) },
      transmit: (b, at, length) => {
        const frame = b.slice(at, at + length);
        for (const { nic } of this.nodes) {
          const isMine = frame[0] === 0xff || Buffer.compare(frame.subarray(0, 6), nic.macAddress) === 0;
          if (isMine) nic.arrived.push(frame.slice());
        }
        return true;
      },
      unixTimeMs: () => 1_800_000_000_000,
    });
  }

  run(ms: number, until: () => boolean = () => false): void {
    const endUs = this.nowUs + ms * 1000;
    for (; this.nowUs < endUs && !until(); this.nowUs += STEP_US) {
      for (const node of this.nodes) {
        if (!node.powered) {
          node.nic.arrived.length = 0;
          continue;
        }
        node.board.step(this.nowUs);
        for (const frame of node.nic.sent.splice(0)) {
          if (isPseudoPacket(frame)) this.#onSegment(readSegment(frame));
          else this.backEnds.onFrame(frame, 0, frame.length, this.nowUs);
        }
      }
      if (this.span !== undefined && !this.done && this.failed === undefined) this.#acknowledge();
      if (this.backEnds.nextDeadlineUs <= this.nowUs) this.backEnds.onTimer(this.nowUs);
      this.backEnds.flush(this.nowUs);
    }
  }

  #onSegment(segment: Segment): void {
    this.segments.push(segment);
    const offset = (segment.sequence - START) >>> 0;
    this.stream.set(segment.payload, offset);
    if (offset <= this.received) this.received = Math.max(this.received, offset + segment.payload.length);
  }

  #acknowledge(): void {
    const { span } = this;
    span!.acknowledge(this.received);
    if (!this.done) span!.send(Math.min(FILE.length, this.received + 29_200));
  }

  read(name: string, version?: Uint8Array): void {
    this.span = this.backEnds.createSpan({ name, version, length: FILE.length }) as DelegatedSpan;
    this.span.onDone = (error) => (error === undefined ? (this.done = true) : undefined);
    this.span.attach(this, START);
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    emitEthernet(
      b,
      0,
      Uint8Array.of(2, 0, 0, 0, 0, 0x64),
      Uint8Array.of(2, 0xfe, 0, 0, 0, 1),
      EtherType.ipv4,
    );
    emitIpv4(b, 14, 0, IpProtocol.tcp, VIP, CLIENT);
    emitTcp(b, 34, 80, 40_000, 0, 0, TcpFlag.ack, 0, 20);
    return { bytes: 54, l3Offset: 14, l4Offset: 34 };
  }

  sendSegment(): void {}
  onReady(): void {}
  onSent(): void {}
  onResent(): void {}
  onFailed(_span: unknown, error: Error): void {
    this.failed = error;
  }
}

describe('front-end/delegation: with the firmware', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(new Map([['dir/file.bin', FILE]]));
  });

  it('opens sessions, asks and reads a file to the last byte', async () => {
    const bench = new Bench(2, image);
    bench.run(400);
    assert.deepEqual(
      bench.backEnds.boards.map((board) => [board.state, board.available]),
      [
        ['alive', true],
        ['alive', true],
      ],
    );
    const asked = bench.backEnds.stat('dir/file.bin');
    const directory = bench.backEnds.stat('dir');
    const nothing = bench.backEnds.stat('dir/none');
    nothing.catch(() => {});
    bench.run(20);
    const facts = await asked;
    assert.equal(facts.kind, 'file');
    assert.equal(facts.size, FILE.length);
    assert.equal((await directory).kind, 'directory');
    await assert.rejects(nothing, { code: 'ENOENT' });

    bench.read('dir/file.bin', facts.version);
    bench.run(400, () => bench.done);
    assert.equal(bench.failed, undefined);
    assert.equal(bench.done, true);
    assert.deepEqual(bench.stream, FILE);
    assert.ok(bench.segments.every((segment) => segment.acknowledgment === 4711 && segment.window === 501));
    bench.run(20);
    assert.equal(bench.backEnds.outstanding, 0);
    assert.deepEqual(
      bench.nodes.map((node) => node.board.slotsUsed),
      [0, 0],
    );
    assert.equal(bench.backEnds.counters.statementsRepeated, 0, 'nothing had to be said twice');
    assert.equal(bench.backEnds.counters.framesBadTag, 0);
  });

  it('stays with boards that have nothing to do', () => {
    const bench = new Bench(1, image);
    bench.run(12_000);
    assert.equal(bench.backEnds.boards[0]!.state, 'alive');
    assert.equal(bench.backEnds.counters.sessionsOpened, 1);
    assert.equal(bench.backEnds.counters.announceHints <= 2, true);
  });

  it('completes a file although its board is switched off in the middle', () => {
    const bench = new Bench(2, image);
    bench.run(400);
    bench.read('dir/file.bin');
    bench.run(400, () => bench.received > 100_000);
    const speaking = bench.nodes.find((node) => node.board.slotsUsed > 0)!;
    speaking.powered = false;
    bench.run(5_000, () => bench.done);
    assert.equal(bench.failed, undefined);
    assert.equal(bench.done, true);
    assert.deepEqual(bench.stream, FILE);
    assert.equal(bench.backEnds.counters.spansMoved, 1);
  });
});
