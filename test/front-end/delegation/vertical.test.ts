import assert from 'node:assert/strict';
import { World, Download } from './world.js';

describe('front-end/delegation: one board', () => {
  it('finds a board, asks for an object and has it read to the end', async () => {
    const world = new World(1).start();
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
    const asked = world.backEnds.stat('file');
    world.run(5);
    const facts = await asked;
    assert.deepEqual(
      { kind: facts.kind, size: facts.size, modifiedMs: facts.modifiedMs, version: [...facts.version] },
      { kind: 'file', size: 1_000_000, modifiedMs: 1_700_000_000_000, version: new Array(16).fill(1) },
    );
    const download = new Download(world, { name: 'file', version: facts.version, length: facts.size });
    world.run(500);
    assert.equal(download.error, undefined);
    assert.equal(download.done, true);
    world.run(100);
    assert.equal(world.boards[0]!.slots.size, 0, 'the board holds nothing any more');
    assert.equal(world.backEnds.outstanding, 0);
  });
});
