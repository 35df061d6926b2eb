import assert from 'node:assert/strict';
import { emitJournalEntry, JournalEntry, JournalType, parseJournalEntry } from '../../src/volume/journal.js';
import { volumeSeed } from '../../src/volume/sector.js';
import { emitted, sectorOf, VOLUME_ID } from './fixtures.js';

const SEED = volumeSeed(VOLUME_ID, 0);
/** Position 0x1_0000_0105 in a ring of 128 sectors. */
const PLACE = 5;
const RING = 128;

function sample(): JournalEntry {
  const entry = new JournalEntry();
  entry.type = JournalType.replace;
  entry.imageCount = 2;
  entry.position = 0x1_0000_0105 - 0x80;
  entry.commandEpoch = 0x0a0a0a0a;
  entry.commandCounter = 0x0b0b0b0b;
  entry.watermarkEpoch = 0x0c0c0c0c;
  entry.watermarkCounter = 0x0d0d0d0d;
  entry.flags = 1;
  entry.result = 0xeeeeeeee;
  entry.recordNumber = 0x77;
  entry.answerBytes = 3;
  entry.versionBefore.fill(0x11);
  entry.versionAfter.fill(0x22);
  entry.sizeBefore = 0x3333;
  entry.sizeAfter = 0x4444;
  entry.answer.set(Buffer.from('42\n'));
  entry.appliedPosition = 0x55;
  entry.imageSector.set([0x66, 0x67]);
  entry.imageCrc.set([0x88888888, 0x99999999]);
  return entry;
}

const PARTS = {
  0: '41544a4e 0002 0002 0000000100000085',
  16: '0a0a0a0a 0b0b0b0b 0c0c0c0c 0d0d0d0d 00000001 eeeeeeee 00000077 0003 0000',
  48: `${'11'.repeat(16)} ${'22'.repeat(16)} 0000000000003333 0000000000004444`,
  96: '34320a',
  160: '0000000000000055',
  168: '00000066 88888888 00000067 99999999',
};

describe('journal entry', () => {
  it('has the bytes of the specification', () => {
    assert.deepEqual(
      emitted((b, at) => emitJournalEntry(b, at, SEED, sample())),
      sectorOf(SEED, PARTS),
    );
  });

  it('is read back from where its position says', () => {
    const read = new JournalEntry();
    assert.equal(parseJournalEntry(sectorOf(SEED, PARTS), 0, SEED, PLACE, RING, read), 'ok');
    assert.deepEqual(read, sample());
  });

  it('says what is wrong', () => {
    const parse = (parts: Record<number, string>, place = PLACE, seed = SEED): string =>
      parseJournalEntry(sectorOf(SEED, { ...PARTS, ...parts }), 0, seed, place, RING, new JournalEntry());
    assert.equal(parse({}), 'ok');
    assert.equal(parse({ 0: '00' }), 'magic');
    assert.equal(parse({}, PLACE, SEED ^ 1), 'crc', 'an entry of another volume');
    assert.equal(parse({}, PLACE + 1), 'number', 'an entry elsewhere in the ring');
    assert.equal(parse({ 4: '0000' }), 'kind');
    assert.equal(parse({ 4: '0007' }), 'kind');
    assert.equal(parse({ 6: '002a' }), 'ok');
    assert.equal(parse({ 6: '002b' }), 'count');
    assert.equal(parse({ 44: '0040' }), 'ok');
    assert.equal(parse({ 44: '0041' }), 'count');
  });
});
