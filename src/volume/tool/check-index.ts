/** Checks the name index against the records, in both directions. */
import { sipHash } from '../../wire/byte-loops.js';
import {
  bucketCount,
  bucketOverflowed,
  checkBucket,
  entryHashAt,
  entryKind,
  entryRecord,
  HASH_BYTES,
  homeBucket,
} from '../name-index.js';
import { ObjectKind } from '../record.js';
import { nameOf, recordSector, type CheckContext, type CheckedRecords } from './check-context.js';

export async function checkIndex(context: CheckContext, records: CheckedRecords): Promise<void> {
  const { superblock, report } = context;
  const overflowed = new Uint8Array(superblock.bucketCount);
  /** Bucket in which each record was found. */
  const foundIn = new Map<number, number>();
  for (let bucket = 0; bucket < superblock.bucketCount; bucket++) {
    const sector = context.start + superblock.indexStart + bucket;
    const b = context.medium.sector(sector);
    const problem = checkBucket(b, 0, context.seed, bucket);
    report.addProblem(sector, `index bucket ${bucket}`, problem);
    if (problem !== 'ok') {
      // What is in it can't be known; what is behind it need not be blamed for that.
      overflowed[bucket] = 1;
      continue;
    }
    overflowed[bucket] = bucketOverflowed(b, 0) ? 1 : 0;
    for (let entry = 0; entry < bucketCount(b, 0); entry++) {
      checkEntry(context, records, b, sector, entry, foundIn, bucket);
    }
    await context.pause.breathe();
  }
  checkReach(context, records, overflowed, foundIn);
}

/** Entry → record. */
function checkEntry(
  context: CheckContext,
  records: CheckedRecords,
  b: Buffer,
  sector: number,
  entry: number,
  foundIn: Map<number, number>,
  bucket: number,
): void {
  const { report, superblock } = context;
  const number = entryRecord(b, 0, entry);
  const record = records.get(number);
  const what = `index entry ${entry} for record ${number}`;
  if (record === undefined) {
    report.add(sector, `${what}: there is no such sound record`);
    return;
  }
  const hash = new Uint8Array(HASH_BYTES);
  sipHash(superblock.hashKey, 0, record.pathBytes, 0, record.pathBytes.length, hash, 0);
  if (Buffer.compare(b.subarray(entryHashAt(0, entry), entryHashAt(0, entry) + HASH_BYTES), hash) !== 0) {
    report.add(sector, `${what}: its hash is not that of ${nameOf(record)}`);
  } else if (entryKind(b, 0, entry) !== record.kind) {
    report.add(sector, `${what}: its kind is not that of the record`);
  } else if (foundIn.has(number)) {
    report.add(sector, `${what}: the record is in the index twice`);
  } else {
    foundIn.set(number, bucket);
  }
}

/** Record → entry: each object has one, where a look-up comes by. */
function checkReach(
  context: CheckContext,
  records: CheckedRecords,
  overflowed: Uint8Array,
  foundIn: ReadonlyMap<number, number>,
): void {
  const { superblock, report } = context;
  const hash = new Uint8Array(HASH_BYTES);
  for (const record of records.values()) {
    if (record.kind !== ObjectKind.file && record.kind !== ObjectKind.directory) continue;
    const sector = recordSector(context, record.number);
    const bucket = foundIn.get(record.number);
    if (bucket === undefined) {
      report.add(sector, `${nameOf(record)} is not in the name index`);
      continue;
    }
    sipHash(superblock.hashKey, 0, record.pathBytes, 0, record.pathBytes.length, hash, 0);
    const home = homeBucket(hash, 0, superblock.bucketCount);
    const distance = (bucket - home + superblock.bucketCount) % superblock.bucketCount;
    let reachable = distance < superblock.probeLimit;
    for (let i = 0; reachable && i < distance; i++) {
      reachable = overflowed[(home + i) % superblock.bucketCount] === 1;
    }
    if (!reachable)
      report.add(sector, `${nameOf(record)} is in index bucket ${bucket}, where no look-up comes by`);
  }
}
