/** Reads the record table: each record for itself. */
import { EXTENT_BYTES, extentBlocks, extentStart, extentTag } from '../extent.js';
import { checkPath } from '../path.js';
import {
  checkRecord,
  CONTINUATION_AREA,
  continuationNext,
  continuationOrdinal,
  continuationOwner,
  INLINE_BYTES,
  ObjectKind,
  RECORD_AREA,
  RECORD_PATH,
  recordContinuation,
  recordExtentCount,
  recordFirstChild,
  recordIsInline,
  recordKind,
  recordNextSibling,
  recordParent,
  recordPathBytes,
  recordPreviousSibling,
  recordSize,
} from '../record.js';
import { recordSector, type CheckContext, type CheckedExtent, type CheckedRecord } from './check-context.js';

const DECODER = new TextDecoder('utf-8', { fatal: true });

export async function checkRecords(context: CheckContext): Promise<Map<number, CheckedRecord>> {
  const records = new Map<number, CheckedRecord>();
  const { superblock, state } = context;
  const used = state?.recordsUsed ?? superblock.recordCount;
  for (let number = 1; number < Math.min(used, superblock.recordCount); number++) {
    const sector = recordSector(context, number);
    const b = context.medium.sector(sector);
    const problem = checkRecord(b, 0, context.seed, number);
    // Without the state nobody knows how many records were ever written: what is none, is none.
    if (problem === 'magic' && state === undefined) continue;
    context.report.addProblem(sector, `record ${number}`, problem);
    if (problem !== 'ok') continue;
    const record = parse(b, number);
    records.set(number, record);
    checkPathOf(context, record);
    checkInline(context, record, b);
    await context.pause.breathe();
  }
  return records;
}

function parse(b: Buffer, number: number): CheckedRecord {
  const isContinuation = recordKind(b, 0) === ObjectKind.continuation;
  const pathBytes = isContinuation
    ? new Uint8Array(0)
    : new Uint8Array(b.subarray(RECORD_PATH, RECORD_PATH + recordPathBytes(b, 0)));
  return {
    number,
    kind: recordKind(b, 0),
    path: Buffer.from(pathBytes).toString('utf8'),
    pathBytes,
    sizeBytes: isContinuation ? 0 : recordSize(b, 0),
    inline: !isContinuation && recordIsInline(b, 0),
    parent: isContinuation ? 0 : recordParent(b, 0),
    firstChild: isContinuation ? 0 : recordFirstChild(b, 0),
    nextSibling: isContinuation ? 0 : recordNextSibling(b, 0),
    previousSibling: isContinuation ? 0 : recordPreviousSibling(b, 0),
    continuation: isContinuation ? continuationNext(b, 0) : recordContinuation(b, 0),
    owner: isContinuation ? continuationOwner(b, 0) : 0,
    ordinal: isContinuation ? continuationOrdinal(b, 0) : 0,
    extents: extentsOf(b, isContinuation ? CONTINUATION_AREA : RECORD_AREA),
  };
}

function extentsOf(b: Buffer, at: number): CheckedExtent[] {
  return Array.from({ length: recordExtentCount(b, 0) }, (_, i) => ({
    startBlock: extentStart(b, at + i * EXTENT_BYTES),
    blocks: extentBlocks(b, at + i * EXTENT_BYTES),
    tag: extentTag(b, at + i * EXTENT_BYTES),
  }));
}

function checkPathOf(context: CheckContext, record: CheckedRecord): void {
  const sector = recordSector(context, record.number);
  const what = `record ${record.number}`;
  context.report.addProblem(sector, what, checkPath(record.pathBytes, 0, record.pathBytes.length));
  try {
    const text = DECODER.decode(record.pathBytes);
    if (text !== text.normalize('NFC')) context.report.add(sector, `${what}: its path is not in form NFC`);
  } catch {
    context.report.add(sector, `${what}: its path is not UTF-8`);
  }
}

function checkInline(context: CheckContext, record: CheckedRecord, b: Buffer): void {
  if (!record.inline) return;
  const sector = recordSector(context, record.number);
  if (record.kind !== ObjectKind.file || record.extents.length > 0 || record.continuation !== 0) {
    context.report.add(sector, `record ${record.number}: content in the record, and extents or no file`);
  } else if (
    b.subarray(RECORD_AREA + record.sizeBytes, RECORD_AREA + INLINE_BYTES).some((byte) => byte !== 0)
  ) {
    context.report.add(sector, `record ${record.number}: something behind the content in the record`);
  }
}
