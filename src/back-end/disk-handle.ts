/** What the board knows about one object while it delegates, lists or serves it; filled by the disk controller. */
import { copy } from '../wire/byte-loops.js';
import { MAX_PATH_BYTES, UNIT_BYTES } from '../volume/limits.js';
import { unitsForBytes } from '../volume/extent.js';
import {
  recordContinuation,
  recordExtentCount,
  recordFirstChild,
  recordIsInline,
  recordKind,
  recordModifiedMs,
  recordNextSibling,
  recordParent,
  recordPathBytes,
  recordSize,
  RECORD_AREA,
  RECORD_AREA_BYTES,
  RECORD_PATH,
  RECORD_VERSION,
  VERSION_BYTES,
} from '../volume/record.js';

export class ObjectHandle {
  /** Serial of the mount that the fields come from; 0 when the handle holds no object. */
  mountSerial = 0;
  recordNumber = 0;
  /** {@link ObjectKind} file or directory. */
  kind = 0;
  sizeBytes = 0;
  /** Data units, the shorter last one included. */
  units = 0;
  /** Milliseconds since 1970-01-01T00:00Z. */
  modifiedMs = 0;
  readonly version = new Uint8Array(VERSION_BYTES);
  parent = 0;
  firstChild = 0;
  nextSibling = 0;
  /** The content is in {@link area}. */
  inline = false;
  extentCount = 0;
  continuation = 0;
  /** Inline extents (`volume/extent.ts`) or content. */
  readonly area = new Uint8Array(RECORD_AREA_BYTES);

  // The extent of the last read, so that a sequential reader finds the next unit at once.
  /** Continuation that the extent is listed in, 0 for the record itself; its ordinal; and the place in that list. */
  extentList = 0;
  extentListOrdinal = 0;
  extentIndex = -1;
  extentFirstUnit = 0;
  extentUnits = 0;
  extentSector = 0;
  extentTag = 0;
  /** Where in the cache the checksum sector was, the first unit that it is for, or -1, and its seed. */
  checksumSlot = 0;
  groupUnit = -1;
  groupSeed = 0;

  /** Bytes of unit `unit`: 4,096 but for the last one. */
  unitBytes(unit: number): number {
    const rest = this.sizeBytes - unit * UNIT_BYTES;
    return rest < UNIT_BYTES ? rest : UNIT_BYTES;
  }

  /** Forgets the extent of the last read. */
  rewind(): void {
    this.extentList = 0;
    this.extentListOrdinal = 0;
    this.extentIndex = -1;
    this.extentFirstUnit = 0;
    this.extentUnits = 0;
    this.groupUnit = -1;
  }

  /** Fills the handle from a checked record. */
  take(b: Uint8Array, at: number, recordNumber: number, mountSerial: number): void {
    this.mountSerial = mountSerial;
    this.recordNumber = recordNumber;
    this.kind = recordKind(b, at);
    this.sizeBytes = recordSize(b, at);
    this.units = unitsForBytes(this.sizeBytes);
    this.modifiedMs = recordModifiedMs(b, at);
    copy(b, at + RECORD_VERSION, this.version, 0, VERSION_BYTES);
    this.parent = recordParent(b, at);
    this.firstChild = recordFirstChild(b, at);
    this.nextSibling = recordNextSibling(b, at);
    this.inline = recordIsInline(b, at);
    this.extentCount = recordExtentCount(b, at);
    this.continuation = recordContinuation(b, at);
    copy(b, at + RECORD_AREA, this.area, 0, RECORD_AREA_BYTES);
    this.rewind();
  }
}

/** A handle that walks through a directory and so also knows the path that it is at. */
export class DirectoryCursor extends ObjectHandle {
  readonly path = new Uint8Array(MAX_PATH_BYTES);
  pathBytes = 0;
  /** Siblings passed, to notice a ring of them. */
  steps = 0;

  override take(b: Uint8Array, at: number, recordNumber: number, mountSerial: number): void {
    super.take(b, at, recordNumber, mountSerial);
    this.pathBytes = recordPathBytes(b, at);
    copy(b, at + RECORD_PATH, this.path, 0, this.pathBytes);
  }
}
