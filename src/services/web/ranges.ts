/** Byte ranges (RFC 9110 14). */

export interface ByteRange {
  readonly from: number;
  /** Bytes, at least 1. */
  readonly length: number;
}

export interface RangeLimits {
  readonly maxRanges: number;
  readonly maxTinyRanges: number;
}

/** Below this many bytes a range is tiny. */
export const TINY_RANGE_BYTES = 512;
/** Ranges with no more than this between them are sent as one: a part's head is as large (15.3.7.2). */
export const COALESCED_GAP_BYTES = 128;

/** A range that can be satisfied; both ends belong to it. */
interface Interval {
  first: number;
  last: number;
  /** Where in the request it was named first. */
  place: number;
}

/**
 * What the Range field `value` asks of a representation of `size` bytes: `whole` when the field does not count
 * (another unit, or malformed), `unsatisfiable` when no range overlaps the representation, or when they are too
 * many or too small. Ranges that overlap, or nearly do, become one; the order is that of the request.
 */
export function selectRanges(
  value: string,
  size: number,
  limits: RangeLimits,
): readonly ByteRange[] | 'whole' | 'unsatisfiable' {
  const specs = rangeSpecs(value);
  if (specs === undefined) return 'whole';
  const intervals: Interval[] = [];
  for (const [place, spec] of specs.entries()) {
    const interval = intervalOf(spec, size, place);
    if (interval === undefined) return 'whole';
    if (interval.first <= interval.last) intervals.push(interval);
    // A suffix of nothing is satisfiable (14.1.2), but no Content-Range can say so.
    else if (size === 0 && /^-0*[1-9]/.test(spec)) return 'whole';
  }
  if (intervals.length === 0 || specs.length > limits.maxRanges) return 'unsatisfiable';
  const ranges = coalesce(intervals).map(({ first, last }) => ({ from: first, length: last - first + 1 }));
  const tiny = ranges.filter(({ length }) => length < TINY_RANGE_BYTES).length;
  return tiny > limits.maxTinyRanges ? 'unsatisfiable' : ranges;
}

/** The members of `bytes=…`, unchecked; undefined when it is not that, or has no member. */
function rangeSpecs(value: string): string[] | undefined {
  const set = /^bytes=(?<set>.*)$/i.exec(value)?.groups!['set'];
  if (set === undefined) return undefined;
  const specs = set
    .split(',')
    .map((spec) => spec.replace(/^[\t ]+|[\t ]+$/g, ''))
    .filter((spec) => spec !== '');
  return specs.length === 0 ? undefined : specs;
}

/** Undefined when `spec` is malformed; first beyond last when it can't be satisfied. */
function intervalOf(spec: string, size: number, place: number): Interval | undefined {
  const suffix = /^-(?<length>\d+)$/.exec(spec)?.groups;
  if (suffix !== undefined)
    return { first: Math.max(0, size - Number(suffix['length'])), last: size - 1, place };
  const bounds = /^(?<first>\d+)-(?<last>\d*)$/.exec(spec)?.groups;
  if (bounds === undefined) return undefined;
  const first = Number(bounds['first']);
  const last = bounds['last'] === '' ? Infinity : Number(bounds['last']);
  if (last < first) return undefined;
  return { first, last: Math.min(last, size - 1), place };
}

function coalesce(intervals: Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const interval of intervals.sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before === undefined || interval.first > before.last + 1 + COALESCED_GAP_BYTES) {
      merged.push(interval);
      continue;
    }
    before.last = Math.max(before.last, interval.last);
    before.place = Math.min(before.place, interval.place);
  }
  return merged.sort((a, b) => a.place - b.place);
}

/** The value of Content-Range (14.4). */
export function contentRange({ from, length }: ByteRange, size: number): string {
  return `bytes ${from}-${from + length - 1}/${size}`;
}
