/** Checks the journal region of a volume that needs no replay: whole entries, and nothing where none was written. */
import { crc32c } from '../../wire/byte-loops.js';
import { JournalEntry, parseJournalEntry } from '../journal.js';
import { SECTOR_BYTES } from '../sector.js';
import type { CheckContext } from './check-context.js';

export async function checkJournal(context: CheckContext): Promise<void> {
  const { superblock, report, start, seed } = context;
  const { journalStart, journalSectors } = superblock;
  const entry = new JournalEntry();
  const inEntry = new Uint8Array(journalSectors);
  const ring = Buffer.alloc(journalSectors * SECTOR_BYTES);
  context.medium.read(start + journalStart, journalSectors, ring);
  let head = context.state?.journalPosition ?? 0;
  for (let place = 0; place < journalSectors; place++) {
    if (parseJournalEntry(ring, place * SECTOR_BYTES, seed, place, journalSectors, entry) !== 'ok') continue;
    head = Math.max(head, entry.position + 1 + entry.imageCount);
    inEntry[place] = 1;
    // The ring is overwritten in its own order, so behind a header that is still there its images are too.
    for (let i = 0; i < entry.imageCount; i++) {
      const image = (place + 1 + i) % journalSectors;
      inEntry[image] = 1;
      if (crc32c(ring, image * SECTOR_BYTES, SECTOR_BYTES, seed) !== entry.imageCrc[i]) {
        report.add(start + journalStart + image, `journal: image ${i} of entry ${entry.position} is damaged`);
      }
    }
    await context.pause.breathe();
  }
  // Once the ring went round, remains of overwritten entries lie between the others.
  if (head > journalSectors) return;
  for (let place = 0; place < journalSectors; place++) {
    const sector = ring.subarray(place * SECTOR_BYTES, (place + 1) * SECTOR_BYTES);
    if (place < head ? inEntry[place] === 1 : sector.every((byte) => byte === 0)) continue;
    const what = place < head ? 'a damaged entry' : 'something where nothing was written yet';
    report.add(start + journalStart + place, `journal: ${what}`);
  }
}
