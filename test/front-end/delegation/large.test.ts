/** An object of 5 GB in one reply: offsets beyond 2^32, and sequence numbers that wrap on the way. */
import assert from 'node:assert/strict';
import { Download, World } from './world.js';

const OBJECT_BYTES = 5_000_000_000;
const WINDOW_BYTES = 8_000_000;

describe('front-end/delegation: 5 GB in one reply', function () {
  this.timeout(30_000);

  function large(boards: number): World {
    const world = new World(boards);
    for (const board of world.boards) board.put('large', OBJECT_BYTES);
    return world.start();
  }

  /** Runs until the client has everything below `offset`. */
  function runTo(world: World, download: Download, offset: number): void {
    for (let rounds = 0; download.acknowledged < offset; rounds++) {
      assert.ok(rounds < 20_000, `${download.acknowledged} bytes after ${rounds} ms`);
      world.run(1);
    }
  }

  it('arrives whole, each byte granted once', () => {
    const world = large(1);
    const download = new Download(world, { name: 'large', length: OBJECT_BYTES }, WINDOW_BYTES, 0xffff_0000);
    runTo(world, download, OBJECT_BYTES);
    assert.equal(download.done, true);
    let edge = 0;
    for (const { from, to, again } of world.sent) {
      if (again) continue;
      assert.equal(from, edge);
      edge = to;
    }
    assert.equal(edge, OBJECT_BYTES);
    assert.equal(download.resent.length, 0);
  });

  it('is repaired by resend ranges on both sides of 4 GiB, with the value of their first sending', () => {
    const world = large(1);
    const download = new Download(world, { name: 'large', length: OBJECT_BYTES }, WINDOW_BYTES, 0xffff_0000);
    const lost = [1_000_000, 2 ** 32 - 1000, 2 ** 32 + 20_000_000];
    download.lose = ({ from, to, again }) => !again && lost.some((offset) => from <= offset && offset < to);
    download.tsVal = 1;
    const clock = setClock(download, world);
    runTo(world, download, OBJECT_BYTES);
    clock.stop();
    assert.equal(download.done, true);
    const first = new Map<number, number>();
    for (const { from, to, again, tsVal } of world.sent) {
      if (!again) first.set(from, tsVal!);
      else if (first.has(from)) assert.equal(tsVal, first.get(from));
      assert.ok(to > from);
    }
    const again = world.sent.filter((range) => range.again);
    for (const offset of lost)
      assert.ok(
        again.some(({ from, to }) => from <= offset && offset < to),
        `${offset} was sent again`,
      );
  });

  it('goes on from another board at the same byte, when one dies beyond 4 GiB', () => {
    const world = large(2);
    const download = new Download(world, { name: 'large', length: OBJECT_BYTES }, WINDOW_BYTES, 0xffff_0000);
    runTo(world, download, 4_500_000_000);
    const first = world.sent[0]!.board;
    first.powered = false;
    const before = world.sent.length;
    runTo(world, download, OBJECT_BYTES);
    assert.equal(download.done, true);
    const next = world.sent.slice(before).find(({ board }) => board !== first)!;
    assert.ok(next.from >= 4_500_000_000 && next.from % 1 === 0);
    assert.equal(next.startSequence, 0xffff_0000);
    assert.equal(world.counters.spansMoved, 1);
  });
});

/** TSval follows the world's clock, as the connection's does. */
function setClock(download: Download, world: World): { stop: () => void } {
  let running = true;
  const tick = (): void => {
    download.tsVal++;
    if (running) world.at(world.nowUs() + 1_000, tick);
  };
  tick();
  return { stop: () => (running = false) };
}
