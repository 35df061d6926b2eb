import assert from 'node:assert/strict';
import { FactsCache } from '../../../src/front-end/delegation/facts-cache.js';
import { Board } from '../../../src/front-end/delegation/board.js';
import type { ObjectFacts } from '../../../src/front-end/delegation/stat-question.js';
import { CardState } from '../../../src/wire/atcp/session.js';
import { Download, isCommand, World } from './world.js';

function facts(name: string): ObjectFacts {
  return { name, kind: 'file', size: 1, modifiedMs: 2, version: new Uint8Array(16) };
}

function board(): Board {
  const made = new Board(1, new Uint8Array(16));
  made.state = 'alive';
  made.cardState = CardState.ready;
  made.epoch = 5;
  made.volumeGeneration = 3;
  return made;
}

describe('front-end/delegation: facts that are remembered', () => {
  const changes: readonly [string, (made: Board) => void][] = [
    ['its generation has changed', (made) => made.volumeGeneration++],
    ['the card was changed for another', (made) => made.volumeId.fill(9)],
    ['its board has rebooted', (made) => (made.epoch = 6)],
    ['its board is lost', (made) => (made.state = 'lost')],
    ['its card is gone', (made) => (made.cardState = CardState.absent)],
  ];
  for (const [what, change] of changes)
    it(`hold until ${what}`, () => {
      const cache = new FactsCache(10);
      const made = board();
      cache.put(facts('a'), made);
      assert.equal(cache.get('a')?.size, 1);
      change(made);
      assert.equal(cache.get('a'), undefined);
    });

  it('are those of the latest names', () => {
    const cache = new FactsCache(2);
    const made = board();
    for (const name of ['a', 'b', 'a', 'c']) cache.put(facts(name), made);
    assert.equal(cache.get('b'), undefined);
    assert.ok(cache.get('a') !== undefined && cache.get('c') !== undefined);
    const none = new FactsCache(0);
    none.put(facts('a'), made);
    assert.equal(none.get('a'), undefined);
  });

  it('spare the boards a question, until a heartbeat tells of a change or a read fails', async () => {
    const world = new World(1).start();
    world.run(300);
    const ask = async (): Promise<ObjectFacts> => {
      const asked = world.backEnds.stat('file');
      world.run(5);
      return asked;
    };
    const first = await ask();
    assert.equal(await ask(), first);
    const node = world.boards[0]!;
    assert.equal(node.statsSeen, 1);
    assert.equal(world.counters.inquiriesFromCache, 1);
    node.put('file', 500_000, 2);
    node.volumeGeneration++;
    world.run(300);
    const second = await ask();
    assert.equal(second.size, 500_000);
    node.put('file', 400_000, 3);
    const download = new Download(world, { name: 'file', version: second.version, length: second.size });
    world.run(20);
    assert.equal((download.failed as { code?: string }).code, 'ESTALE');
    assert.equal((await ask()).size, 400_000, 'the failed read has made it ask again');
    assert.equal(node.statsSeen, 3);
    assert.ok(world.notes.some(isCommand));
  });
});
