/**
 * What the client has beyond SND.UNA, from its SACK blocks (RFC 2018), as disjoint ranges in rising order; loss
 * is inferred as in RFC 6675. Positions are unwrapped sequence numbers.
 */

/** RFC 6675 2: DupThresh. */
export const DUP_THRESH = 3;
const MAX_RANGES = 256;

export class Scoreboard {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private total = 0;

  get bytes(): number {
    return this.total;
  }

  clear(): void {
    this.starts.length = 0;
    this.ends.length = 0;
    this.total = 0;
  }

  /** Adds [start, end); true when it tells something new. */
  add(start: number, end: number): boolean {
    let first = 0;
    while (first < this.starts.length && this.ends[first]! < start) first++;
    let after = first;
    let from = start;
    let to = end;
    let merged = 0;
    for (; after < this.starts.length && this.starts[after]! <= end; after++) {
      from = Math.min(from, this.starts[after]!);
      to = Math.max(to, this.ends[after]!);
      merged += this.ends[after]! - this.starts[after]!;
    }
    if (to - from === merged) return false;
    if (after === first && this.starts.length === MAX_RANGES) return false;
    this.starts.splice(first, after - first, from);
    this.ends.splice(first, after - first, to);
    this.total += to - from - merged;
    return true;
  }

  /** Forgets what lies below SND.UNA. */
  advance(sndUna: number): void {
    while (this.starts.length > 0 && this.starts[0]! < sndUna) {
      const start = this.starts[0]!;
      const end = this.ends[0]!;
      if (end > sndUna) {
        this.starts[0] = sndUna;
        this.total -= sndUna - start;
        return;
      }
      this.starts.shift();
      this.ends.shift();
      this.total -= end - start;
    }
  }

  /** True when the client has the byte at `position`. */
  holds(position: number): boolean {
    return this.firstMissing(position) !== position;
  }

  /** The first position from `from` on that the client does not have. */
  firstMissing(from: number): number {
    for (let i = 0; i < this.starts.length; i++) {
      if (from < this.starts[i]!) return from;
      if (from < this.ends[i]!) return this.ends[i]!;
    }
    return from;
  }

  /** Where the next range that the client has begins, from `from` on; Infinity when there is none. */
  nextHeld(from: number): number {
    for (let i = 0; i < this.starts.length; i++) if (this.starts[i]! >= from) return this.starts[i]!;
    return Infinity;
  }

  /** How much of [from, to) the client has. */
  bytesWithin(from: number, to: number): number {
    let bytes = 0;
    for (let i = 0; i < this.starts.length; i++) {
      bytes += Math.max(0, Math.min(to, this.ends[i]!) - Math.max(from, this.starts[i]!));
    }
    return bytes;
  }

  /**
   * Below this position everything that the client does not have is lost (RFC 6675 4, IsLost): DupThresh ranges,
   * or more than DupThresh - 1 segments' worth of bytes, arrived above it. -Infinity when nothing is.
   */
  lostEdge(segmentBytes: number): number {
    let above = 0;
    for (let i = this.starts.length - 1; i >= 0; i--) {
      above += this.ends[i]! - this.starts[i]!;
      if (this.starts.length - i >= DUP_THRESH || above > (DUP_THRESH - 1) * segmentBytes) {
        return this.starts[i]!;
      }
    }
    return -Infinity;
  }
}
