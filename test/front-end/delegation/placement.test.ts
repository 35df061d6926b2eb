import assert from 'node:assert/strict';
import { Board } from '../../../src/front-end/delegation/board.js';
import { Placement } from '../../../src/front-end/delegation/placement.js';
import { CardState } from '../../../src/wire/atcp/session.js';

const NOBODY: ReadonlySet<Board> = new Set();

function boards(count: number): Board[] {
  return Array.from({ length: count }, (_, i) => {
    const board = new Board(i + 1, new Uint8Array(16));
    board.state = 'alive';
    board.cardState = CardState.ready;
    board.slots = 4;
    return board;
  });
}

describe('front-end/delegation: placement', () => {
  it('goes round among boards that have equally much to do', () => {
    const placement = new Placement(boards(3));
    const ids = [1, 2, 3, 4, 5, 6].map(() => placement.choose(NOBODY, 0)!.id);
    assert.deepEqual(ids, [1, 2, 3, 1, 2, 3]);
  });

  it('prefers who has least to do', () => {
    const all = boards(3);
    all[0]!.outstanding = 2;
    all[1]!.outstanding = 1;
    all[2]!.outstanding = 2;
    const placement = new Placement(all);
    assert.equal(placement.choose(NOBODY, 0)!.id, 2);
    assert.equal(placement.choose(NOBODY, 0)!.id, 2);
    all[1]!.outstanding = 3;
    assert.equal(placement.choose(NOBODY, 0)!.id, 3);
  });

  it('leaves out who is not alive, has no card, is full, avoided or tried', () => {
    const all = boards(6);
    all[0]!.state = 'lost';
    all[1]!.cardState = CardState.noVolume;
    all[2]!.outstanding = 4;
    all[3]!.avoidUntilUs = 1_000;
    const placement = new Placement(all);
    const tried = new Set([all[4]!]);
    assert.equal(placement.choose(tried, 0)!.id, 6);
    assert.equal(placement.choose(tried, 999)!.id, 6);
    assert.equal(placement.choose(tried, 1_000)!.id, 4, 'no longer avoided');
    tried.add(all[5]!);
    all[3]!.avoidUntilUs = 5_000;
    assert.equal(placement.choose(tried, 0), undefined);
    assert.equal(placement.nextTryUs(0), 5_000);
    assert.equal(placement.allTried(tried), false, 'boards 3 and 4 may still do it');
    tried.add(all[2]!).add(all[3]!);
    assert.equal(placement.allTried(tried), true);
    assert.equal(placement.someAvailable, true);
  });
});
