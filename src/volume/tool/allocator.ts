import { blocksForBytes } from '../extent.js';

export interface Extent {
  readonly startBlock: number;
  readonly blocks: number;
}

/** Gives out the blocks of an empty volume. */
export interface Allocator {
  /** Extents for an object of `sizeBytes` > 0 bytes, in the order of its data. */
  allocate(sizeBytes: number): readonly Extent[];
  /** Blocks behind all extents given so far. */
  readonly end: number;
}

/** One extent an object, one object after the other. */
export class ContiguousAllocator implements Allocator {
  end = 0;

  allocate(sizeBytes: number): readonly Extent[] {
    const extent = { startBlock: this.end, blocks: blocksForBytes(sizeBytes) };
    this.end += extent.blocks;
    return [extent];
  }
}
