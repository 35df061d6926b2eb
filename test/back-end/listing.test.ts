/** Command `list`: pages of directories, entry by entry from the card. */
import assert from 'node:assert/strict';
import { DelegationState, LIST_RESULT_MAX_BYTES, ObjectKind, Reason } from '../../src/wire/atcp/ack-up.js';
import { get16, get32, get64 } from '../../src/wire/bytes.js';
import type { Report } from './support/front-end.js';
import { Rig } from './support/rig.js';
import type { RigOptions } from './support/rig.js';
import { ackDown, bareCommand, listCommand, readCommand } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(90_000, 5);
const MANY = Array.from({ length: 200 }, (_, i) => `entry-${'x'.repeat(i % 60)}-${i}`);

interface Entry {
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly kind: number;
}

/** The page in a report, read by offsets of the specification. */
function page({ result }: Report): { cursor: number; entries: Entry[] } {
  const entries: Entry[] = [];
  let at = 8;
  for (let left = get16(result, 4); left > 0; left--) {
    const nameBytes = result[at + 17]!;
    entries.push({
      size: get64(result, at),
      modifiedMs: get64(result, at + 8),
      kind: result[at + 16]!,
      name: new TextDecoder().decode(result.subarray(at + 18, at + 18 + nameBytes)),
    });
    at += 18 + nameBytes;
  }
  assert.equal(at, result.length, 'the entries fill the result');
  return { cursor: get32(result, 0), entries };
}

describe('listing', () => {
  let image: Uint8Array;

  before(async () => {
    const files = new Map<string, Uint8Array>([
      ['file', FILE],
      ['small/ünï', pattern(7, 1)],
      ['small/deep/leaf', pattern(9, 1)],
    ]);
    for (const [i, name] of MANY.entries()) files.set(`many/${name}`, pattern(i, i));
    image = await volumeImage(files);
  });

  function connected(options: RigOptions = {}): Rig {
    const rig = new Rig(image, options);
    rig.connect(60_000);
    return rig;
  }

  function asked(rig: Rig, name: string, cursor: number, counter: number): ReturnType<typeof page> {
    rig.state(listCommand(name, { cursor, counter }));
    rig.run(20_000);
    const report = rig.report(counter);
    assert.deepEqual([report.state, report.reason], [DelegationState.done, Reason.none]);
    assert.ok(report.result.length <= LIST_RESULT_MAX_BYTES);
    return page(report);
  }

  it('names what is in a directory, in one page if it fits', () => {
    const rig = connected();
    const { cursor, entries } = asked(rig, 'small', 0, 1);
    assert.equal(cursor, 0);
    const byName = new Map(entries.map((each) => [each.name, each]));
    assert.deepEqual([...byName.keys()].sort(), ['deep', 'ünï']);
    assert.deepEqual([byName.get('ünï')!.kind, byName.get('ünï')!.size], [ObjectKind.file, 7]);
    assert.equal(byName.get('deep')!.kind, ObjectKind.directory);
    assert.ok(Math.abs(byName.get('ünï')!.modifiedMs - Date.now()) < 3_600_000);
    assert.notDeepEqual(rig.report().objectVersion, new Uint8Array(16));
    assert.equal(rig.segments.length, 0);
  });

  it('names the root’s entries without a slash', () => {
    const names = asked(connected(), '', 0, 1).entries.map(({ name }) => name);
    assert.deepEqual(names.sort(), ['file', 'many', 'small']);
  });

  it('goes through a large directory page by page, every entry once', () => {
    const rig = connected();
    const names: string[] = [];
    let pages = 0;
    for (let cursor = 0; pages === 0 || cursor !== 0;) {
      const each = asked(rig, 'many', cursor, ++pages);
      names.push(...each.entries.map(({ name }) => name));
      cursor = each.cursor;
      if (cursor !== 0) assert.ok(rig.report(pages).result.length > LIST_RESULT_MAX_BYTES - 18 - 70, 'full');
      rig.state(bareCommand(3, pages));
    }
    assert.deepEqual([...names].sort(), [...MANY].sort());
    assert.ok(pages > 5);
    assert.equal(rig.board.memory.lent, 0, 'buffers go with the slots');
  });

  it('answers a repeated command with the same page, without reading the card', () => {
    const rig = connected();
    asked(rig, 'many', 0, 1);
    const first = rig.report();
    const { sectorsRead } = rig.board.disk.counters;
    rig.clear();
    rig.state(listCommand('many'));
    assert.deepEqual(rig.report().result, first.result);
    assert.equal(rig.board.disk.counters.sectorsRead, sectorsRead);
  });

  it('insists on the version, on a directory, and on a cursor within it', () => {
    const rig = connected();
    rig.state(listCommand('small', { version: new Uint8Array(16).fill(9) }));
    assert.equal(rig.report(1).reason, Reason.versionMismatch);
    rig.state(listCommand('file', { counter: 2 }));
    assert.equal(rig.report(2).reason, Reason.notADirectory);
    rig.state(listCommand('none', { counter: 3 }));
    assert.equal(rig.report(3).reason, Reason.notFound);
    for (const [i, cursor] of [0xffff_ffff, 1, 1000].entries()) {
      rig.state(listCommand('small', { counter: 4 + i, cursor }));
      rig.run(20_000);
      assert.equal(rig.report(4 + i).reason, Reason.range, `cursor ${cursor}`);
    }
    assert.equal(rig.board.memory.lent, 0);
  });

  it('keeps its page although every buffer is wanted, and lets reads go on', () => {
    const rig = connected({ limits: { buffers: 4, buffersPerSlot: 4, readAheadUnits: 2 } });
    asked(rig, 'many', 0, 1);
    const first = rig.report(1).result;
    for (let counter = 2; counter <= 4; counter++) {
      const startSequence = counter * 1_000_000;
      rig.state(
        readCommand({ name: 'file', counter, startSequence }),
        ackDown({ counter, granted: FILE.length, leaseMs: 60_000 }),
      );
    }
    rig.run(2_000_000);
    for (let counter = 2; counter <= 4; counter++) {
      const start = counter * 1_000_000;
      const own = rig.segments.filter(({ sequence }) => sequence >= start && sequence < start + 1_000_000);
      const stream = new Uint8Array(FILE.length);
      for (const { sequence, payload } of own) stream.set(payload, sequence - start);
      assert.deepEqual(stream, FILE);
    }
    rig.clear();
    rig.state(listCommand('many'));
    assert.deepEqual(rig.report(1).result, first);
  });

  it('turns a listing away when no buffer is left for it', () => {
    const rig = connected({ limits: { buffers: 2, buffersPerSlot: 2, readAheadUnits: 2 } });
    asked(rig, 'small', 0, 1);
    asked(rig, 'small', 0, 2);
    rig.state(listCommand('small', { counter: 3 }));
    assert.deepEqual([rig.report(3).state, rig.report(3).reason], [DelegationState.failed, Reason.noSlot]);
    rig.state(bareCommand(3, 1), bareCommand(3, 2), bareCommand(3, 3));
    asked(rig, 'small', 0, 4);
  });
});
