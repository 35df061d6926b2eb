import assert from 'node:assert/strict';
import { ResendList, ResendMemory } from '../../src/back-end/resend-list.js';
import { ackDown } from './support/statements.js';

type Range = readonly [generation: number, from: number, to: number];

/** The second of three, so that a step beyond its entries would show. */
function newList(): ResendList {
  const memory = new ResendMemory(3);
  memory.generations.fill(1);
  memory.to.fill(999);
  return new ResendList(memory, 1);
}

function listOf(ranges: readonly Range[], acknowledged = 0, list = newList()): ResendList {
  list.load(ackDown({ resend: ranges, acknowledged, granted: 1_000_000 }), 0, 0);
  return list;
}

/** Sends everything that is to be sent again, `step` bytes at a time. */
function drain(list: ResendList, acknowledged: number, sent: number, step = 100): Range[] {
  const sentAgain: Range[] = [];
  list.select(acknowledged, sent);
  for (let i = 0; i < 10_000 && list.at < list.end; i++) {
    const to = Math.min(list.at + step, list.end);
    sentAgain.push([list.executed, list.at, to]);
    list.advance(to);
    if (list.at >= list.end) list.select(acknowledged, sent);
  }
  return sentAgain;
}

describe('resend list', () => {
  it('sends generations in ascending order, whatever the order of the list', () => {
    const list = listOf([
      [7, 500, 600],
      [3, 100, 200],
    ]);
    assert.deepEqual(drain(list, 0, 1000), [
      [0, 100, 200],
      [3, 500, 600],
    ]);
    assert.equal(list.executed, 7);
    assert.deepEqual(drain(list, 0, 1000), [], 'each once');
  });

  it('sends several ranges of one generation before it counts as executed', () => {
    const list = listOf([
      [2, 500, 600],
      [2, 100, 200],
    ]);
    assert.deepEqual(drain(list, 0, 1000), [
      [0, 100, 200],
      [0, 500, 600],
    ]);
    assert.equal(list.executed, 2);
  });

  it('leaves out what is acknowledged or was never sent', () => {
    const list = listOf([
      [1, 0, 300],
      [2, 900, 5000],
      [3, 2000, 3000],
      [4, 10, 20],
    ]);
    assert.deepEqual(drain(list, 250, 1000), [
      [0, 250, 300],
      [1, 900, 1000],
    ]);
    assert.equal(list.executed, 4);
  });

  it('goes on where it was when a later statement repeats the generation', () => {
    const list = listOf([[1, 100, 400]]);
    list.select(0, 1000);
    list.advance(200);
    listOf(
      [
        [1, 100, 400],
        [2, 0, 50],
      ],
      0,
      list,
    );
    assert.deepEqual(drain(list, 0, 1000, 1000), [
      [0, 200, 400],
      [1, 0, 50],
    ]);
  });

  it('drops a generation that the later statement no longer has', () => {
    const list = listOf([[1, 100, 400]]);
    list.select(0, 1000);
    list.advance(200);
    listOf([], 0, list);
    assert.deepEqual(drain(list, 0, 1000), []);
    assert.equal(list.executed, 0);
    listOf([[2, 100, 200]], 0, list);
    assert.deepEqual(drain(list, 0, 1000), [[0, 100, 200]]);
    assert.equal(list.executed, 2);
  });
});
