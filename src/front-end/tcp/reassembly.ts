/**
 * Received bytes that are ahead of RCV.NXT, as disjoint pieces in rising order, each a copy of its own. What is
 * held stays; a later segment only fills the gaps. Positions are unwrapped sequence numbers.
 */
import { MAX_SACK_BLOCKS } from '../../wire/tcp.js';

/** Bounds what a client can make us hold by sending single bytes. */
const MAX_PIECES = 512;

interface Piece {
  readonly start: number;
  readonly bytes: Buffer;
}

export class Reassembly {
  private readonly pieces: Piece[] = [];
  private held = 0;
  /** Start of the segment that came last: its range goes first into SACK (RFC 2018 4). */
  private latest = 0;

  get empty(): boolean {
    return this.pieces.length === 0;
  }

  get bytes(): number {
    return this.held;
  }

  /** Keeps what is new of `length` bytes at `start`; false when there was no room for a piece of it. */
  insert(start: number, frame: Uint8Array, at: number, length: number): boolean {
    this.latest = start;
    const end = start + length;
    let from = start;
    let index = 0;
    while (from < end) {
      const piece = this.pieces[index];
      if (piece !== undefined && piece.start + piece.bytes.length <= from) {
        index++;
        continue;
      }
      const gapEnd = piece === undefined ? end : Math.min(end, piece.start);
      if (gapEnd > from) {
        if (this.pieces.length >= MAX_PIECES) return false;
        const bytes = Buffer.from(frame.subarray(at + from - start, at + gapEnd - start));
        this.pieces.splice(index, 0, { start: from, bytes });
        this.held += bytes.length;
        index++;
      }
      if (piece === undefined) return true;
      from = Math.max(from, piece.start + piece.bytes.length);
    }
    return true;
  }

  /** The bytes that continue the stream at `position`, taken out; undefined when there are none. */
  take(position: number): Buffer | undefined {
    for (;;) {
      const piece = this.pieces[0];
      if (piece === undefined || piece.start > position) return undefined;
      this.pieces.shift();
      this.held -= piece.bytes.length;
      const known = position - piece.start;
      if (known < piece.bytes.length) return known === 0 ? piece.bytes : piece.bytes.subarray(known);
    }
  }

  /**
   * Writes the edges of up to {@link MAX_SACK_BLOCKS} ranges to `edges`, the latest first; returns their number.
   */
  sackBlocks(edges: Uint32Array): number {
    let count = 1;
    let found = false;
    for (let i = 0; i < this.pieces.length;) {
      const start = this.pieces[i]!.start;
      let end = start;
      for (; i < this.pieces.length && this.pieces[i]!.start === end; i++)
        end += this.pieces[i]!.bytes.length;
      const isLatest = start <= this.latest && this.latest < end;
      const slot = isLatest ? 0 : count;
      if (isLatest) found = true;
      else if (count < MAX_SACK_BLOCKS) count++;
      else continue;
      edges[2 * slot] = start;
      edges[2 * slot + 1] = end;
    }
    if (found) return count;
    // The latest segment brought nothing that is still held: the others move up.
    edges.copyWithin(0, 2);
    return count - 1;
  }
}
