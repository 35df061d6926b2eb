/** Command `relay`: a request that a board answers by itself, in canonical form (decision 12). */
import {
  MAX_RELAY_TAGS,
  OBJECT_VERSION_BYTES,
  RelayArgument,
  RelayExpect,
  RelayFlag,
  RelayIfRange,
  RelayMethod,
  RelayRange,
} from '../../wire/atcp/command.js';
import { copy, fill } from '../../wire/byte-loops.js';
import { put64, UNKNOWN_U64 } from '../../wire/bytes.js';
import { SpanCommand } from './read-command.js';

export { MAX_RELAY_TAGS } from '../../wire/atcp/command.js';

/** A list of object versions, which entity tags are here; tags of other forms match nothing and are left out. */
export type VersionList = '*' | readonly Uint8Array[];

/** What a board has to know of a request. Dates are ms since the Unix epoch. */
export interface RelayedRequest {
  readonly method: 'GET' | 'HEAD';
  /** Name on the volume. */
  readonly name: string;
  /** One range: from `first` to `last`, which is the end when left out, or the last `suffix` bytes. */
  readonly range?:
    { readonly first: number; readonly last?: number } | { readonly suffix: number } | undefined;
  /** At most {@link MAX_RELAY_TAGS} with those of {@link ifNoneMatch}. */
  readonly ifMatch?: VersionList | undefined;
  readonly ifNoneMatch?: VersionList | undefined;
  readonly ifModifiedSinceMs?: number | undefined;
  readonly ifUnmodifiedSinceMs?: number | undefined;
  /** A version, a date, or what matches nothing. */
  readonly ifRange?: Uint8Array | number | 'never' | undefined;
}

export class RelayCommand extends SpanCommand {
  readonly opcode = 'relay';
  readonly from = 0;
  length: number | undefined = undefined;
  readonly #arguments: Uint8Array;

  /** Throws a RangeError for what does not fit a command. */
  constructor(request: RelayedRequest, close: boolean) {
    super(request.name);
    const match = versionsOf(request.ifMatch);
    const noneMatch = versionsOf(request.ifNoneMatch);
    const tags = [...match, ...noneMatch];
    if (tags.length > MAX_RELAY_TAGS)
      throw new RangeError(`a relayed request has at most ${MAX_RELAY_TAGS} entity tags, not ${tags.length}`);
    const nameAt = RelayArgument.tags + tags.length * OBJECT_VERSION_BYTES;
    const b = new Uint8Array(nameAt + this.nameBytes.length);
    b[RelayArgument.method] = request.method === 'HEAD' ? RelayMethod.head : RelayMethod.get;
    b[RelayArgument.flags] =
      (close ? RelayFlag.close : 0) |
      (request.ifMatch === undefined ? 0 : RelayFlag.ifMatch) |
      (request.ifMatch === '*' ? RelayFlag.ifMatchAny : 0) |
      (request.ifNoneMatch === undefined ? 0 : RelayFlag.ifNoneMatch) |
      (request.ifNoneMatch === '*' ? RelayFlag.ifNoneMatchAny : 0);
    putRange(b, request.range);
    put64(b, RelayArgument.ifModifiedSince, request.ifModifiedSinceMs ?? UNKNOWN_U64);
    put64(b, RelayArgument.ifUnmodifiedSince, request.ifUnmodifiedSinceMs ?? UNKNOWN_U64);
    putIfRange(b, request.ifRange);
    b[RelayArgument.matchTags] = match.length;
    b[RelayArgument.noneMatchTags] = noneMatch.length;
    b[RelayArgument.nameLength] = this.nameBytes.length;
    for (const [i, tag] of tags.entries()) b.set(tag, RelayArgument.tags + i * OBJECT_VERSION_BYTES);
    b.set(this.nameBytes, nameAt);
    this.#arguments = b;
  }

  protected get argumentBytes(): number {
    return this.#arguments.length;
  }

  protected writeArguments(b: Uint8Array, at: number): void {
    copy(this.#arguments, 0, b, at, this.#arguments.length);
  }

  /** From now on a board that has another version, or an object where none was, fails instead of answering. */
  settle(length: number, version: Uint8Array): void {
    const isObject = version.some((byte) => byte !== 0);
    this.length = length;
    this.#arguments[RelayArgument.expect] = isObject ? RelayExpect.version : RelayExpect.absent;
    this.#arguments.set(version, RelayArgument.version);
  }
}

function versionsOf(list: VersionList | undefined): readonly Uint8Array[] {
  return list === undefined || list === '*' ? [] : list;
}

function putRange(b: Uint8Array, range: RelayedRequest['range']): void {
  put64(b, RelayArgument.rangeFirst, 0);
  put64(b, RelayArgument.rangeLast, UNKNOWN_U64);
  if (range === undefined) return;
  const numbers = 'suffix' in range ? [range.suffix] : [range.first, range.last ?? range.first];
  if (numbers.some((each) => !Number.isSafeInteger(each) || each < 0 || each >= 2 ** 52))
    throw new RangeError('the bounds of a range must be whole numbers from 0, below 2^52');
  b[RelayArgument.range] = 'suffix' in range ? RelayRange.suffix : RelayRange.bytes;
  put64(b, RelayArgument.rangeFirst, numbers[0]!);
  if (!('suffix' in range)) put64(b, RelayArgument.rangeLast, range.last ?? UNKNOWN_U64);
}

function putIfRange(b: Uint8Array, value: RelayedRequest['ifRange']): void {
  fill(b, RelayArgument.ifRangeValue, OBJECT_VERSION_BYTES, 0);
  if (value === undefined) return;
  if (value === 'never') b[RelayArgument.ifRange] = RelayIfRange.never;
  else if (typeof value === 'number') {
    b[RelayArgument.ifRange] = RelayIfRange.date;
    put64(b, RelayArgument.ifRangeValue, value);
  } else {
    b[RelayArgument.ifRange] = RelayIfRange.version;
    b.set(value, RelayArgument.ifRangeValue);
  }
}
