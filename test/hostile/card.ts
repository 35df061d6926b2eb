/** A card slot: a card in memory that can be pulled, damaged, and made to fail. */
import { PARTITION_START } from '../../src/volume/limits.js';
import { homeBucket } from '../../src/volume/name-index.js';
import { recordPathBytes, RECORD_PATH } from '../../src/volume/record.js';
import { parseSuperblock, Superblock } from '../../src/volume/superblock.js';
import { sipHash } from '../../src/wire/byte-loops.js';
import { type DiskPort, PortStatus } from '../../src/back-end/ports.js';

const SECTOR_BYTES = 512;

export class CardSlot implements DiskPort {
  /** Undefined while the slot is empty. */
  card: Uint8Array | undefined;
  /** What a read of these sectors answers; `ok` lets it through. */
  fault: (sector: number, count: number) => PortStatus = () => PortStatus.ok;
  reads = 0;

  constructor(card: Uint8Array | undefined) {
    this.card = card;
  }

  get sectorCount(): number {
    return Math.floor((this.card?.length ?? 0) / SECTOR_BYTES);
  }

  open(): PortStatus {
    return this.card === undefined ? PortStatus.noMedium : PortStatus.ok;
  }

  read(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const { card } = this;
    if (card === undefined) return PortStatus.noMedium;
    if (sector + count > this.sectorCount) return PortStatus.outOfRange;
    this.reads++;
    const status = this.fault(sector, count);
    // A transfer that fails has delivered something.
    if (status === PortStatus.ok)
      b.set(card.subarray(sector * SECTOR_BYTES, (sector + count) * SECTOR_BYTES), at);
    else if (status !== PortStatus.pending) b.fill(0xee, at, at + count * SECTOR_BYTES);
    return status;
  }

  write(): PortStatus {
    return PortStatus.writeError;
  }
}

/** Sector in which `bytes` begin; they begin at the start of one. */
export function sectorOf(card: Uint8Array, bytes: Uint8Array): number {
  const at = Buffer.from(card.buffer, card.byteOffset, card.length).indexOf(bytes.subarray(0, 64));
  if (at < 0 || at % SECTOR_BYTES !== 0)
    throw new Error('the card does not hold these bytes in sectors of their own');
  return at / SECTOR_BYTES;
}

/** Inverts bits all over a sector. */
export function damageSector(card: Uint8Array, sector: number): void {
  for (let i = 0; i < SECTOR_BYTES; i += 37) card[sector * SECTOR_BYTES + i]! ^= 0x5a;
}

/** Where the volume's parts lie, in sectors of the card. */
export interface CardLayout {
  readonly superblockA: number;
  readonly superblockB: number;
  readonly record: (path: string) => number;
  readonly bucket: (path: string) => number;
}

export function layoutOf(card: Uint8Array): CardLayout {
  const superblock = new Superblock();
  const problem = parseSuperblock(card, PARTITION_START * SECTOR_BYTES, 0, superblock);
  if (problem !== 'ok') throw new Error(`the card's superblock: ${problem}`);
  const { recordStart, recordCount, indexStart, bucketCount, hashKey } = superblock;
  return {
    superblockA: PARTITION_START,
    superblockB: PARTITION_START + superblock.volumeSectors - 1,
    record(path) {
      const bytes = Buffer.from(path);
      for (let i = 1; i < recordCount; i++) {
        const at = (PARTITION_START + recordStart + i) * SECTOR_BYTES;
        const found = Buffer.from(card.subarray(at + RECORD_PATH, at + RECORD_PATH + bytes.length));
        if (recordPathBytes(card, at) === bytes.length && found.equals(bytes)) return at / SECTOR_BYTES;
      }
      throw new Error(`the card holds no record of ${path}`);
    },
    bucket(path) {
      const hash = new Uint8Array(8);
      const name = Buffer.from(path);
      sipHash(hashKey, 0, name, 0, name.length, hash, 0);
      return PARTITION_START + indexStart + homeBucket(hash, 0, bucketCount);
    },
  };
}
