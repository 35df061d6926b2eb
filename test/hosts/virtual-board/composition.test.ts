import assert from 'node:assert/strict';
import type { VirtualHost } from '../../../hosts/virtual-board/device/host.js';
import { parseBoardOptions } from '../../../hosts/virtual-board/device/options.js';
import { VirtualBoard } from '../../../hosts/virtual-board/device/virtual-board.js';

const OPTIONS = parseBoardOptions(
  '--id 1 --key 000102030405060708090a0b0c0d0e0f --mac 02:00:00:00:00:01 --image - --local-port 1 --remote-port 2'.split(
    ' ',
  ),
);

/** A place in memory; `waits` are the times that the board wanted to sleep until. */
class MemoryHost implements VirtualHost {
  time = 0;
  readonly waits: number[] = [];
  readonly lines: string[] = [];
  readonly incoming: Uint8Array[] = [];
  readonly imageBytes: number;

  constructor(imageBytes: number) {
    this.imageBytes = imageBytes;
  }

  nowUs(): number {
    return (this.time += 5);
  }
  waitUntil(us: number): void {
    this.waits.push(us);
    this.time = us;
  }
  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.incoming.shift();
    if (frame === undefined) return 0;
    assert.ok(frame.length <= capacity);
    b.set(frame, at);
    return frame.length;
  }
  send(): void {}
  readImage(offset: number, b: Uint8Array, at: number, length: number): boolean {
    b.fill(0, at, at + length);
    return offset + length <= this.imageBytes;
  }
  writeImage(): boolean {
    return true;
  }
  fillEntropy(b: Uint8Array, at: number, length: number): void {
    b.fill(7, at, at + length);
  }
  print(line: string): void {
    this.lines.push(line);
  }
}

/** Turns until the board has waited `count` times. */
function turnUntilWaited(board: VirtualBoard, host: MemoryHost, count: number): void {
  for (let i = 0; host.waits.length < count; i++) {
    assert.ok(i < 10_000, 'the board never waits');
    board.turn(64);
  }
}

describe('the composition of a virtual board', () => {
  it('brings up NIC and card over the drivers, then waits for times in the future', () => {
    const host = new MemoryHost(16 * 2 ** 20);
    const board = new VirtualBoard(host, OPTIONS);
    turnUntilWaited(board, host, 20);
    assert.ok(board.nicModel.transactions > 0);
    assert.ok(board.cardModel.commands[0]! > 0, 'CMD0');
    assert.ok(host.lines.length > 0);
    for (let i = 1; i < host.waits.length; i++) assert.ok(host.waits[i]! > host.waits[i - 1]!);
  });

  it('stops after so many steps, so that its host gets its turn', () => {
    const host = new MemoryHost(16 * 2 ** 20);
    const board = new VirtualBoard(host, OPTIONS);
    assert.equal(board.turn(0), false);
    turnUntilWaited(board, host, 1);
    assert.equal(board.turn(1000), true);
  });

  it('takes images of standard and of high capacity whole, and says when no card has that size', () => {
    const sectorCounts = [
      [4 * 2 ** 20, 8192], // a multiple of 512 KB
      [4 * 2 ** 20 + 2048, 8196],
      [64 * 2 ** 30, 2 ** 27],
    ] as const;
    for (const [bytes, sectors] of sectorCounts) {
      assert.equal(new VirtualBoard(new MemoryHost(bytes), OPTIONS).cardModel.sectorCount, sectors);
    }
    for (const bytes of [4 * 2 ** 20 + 512, 64 * 2 ** 30 + 512]) {
      assert.throws(() => new VirtualBoard(new MemoryHost(bytes), OPTIONS), /multiple of 512 KB/);
    }
  });

  it('does not hide the fault of a chip model', () => {
    const host = new MemoryHost(16 * 2 ** 20);
    const board = new VirtualBoard(host, OPTIONS);
    turnUntilWaited(board, host, 5);
    board.nicModel.select(); // Somebody left the chip selected.
    assert.throws(() => {
      for (let i = 0; i < 10_000; i++) board.turn(64);
    }, /W5500: selected twice/);
  });

  it('says what was lost, and nothing when nothing was', () => {
    const host = new MemoryHost(16 * 2 ** 20);
    const board = new VirtualBoard(host, OPTIONS);
    assert.equal(board.losses(0, 0), '');
    assert.equal(
      board.losses(3, 4),
      "frames lost: 3 in the host's receive buffer, 0 in the NIC's, 4 not sent",
    );
  });
});
