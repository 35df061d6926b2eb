/**
 * The board's own answer to a relayed request ([0019]; RFC 9110): what the status is, which bytes of the object
 * follow, and the head before them. A reply is a pure function of the command and the object's version (decision
 * 8), so a head is not kept: it is composed again, in the one place for it, when bytes of it are to be sent.
 */
import { ObjectKind } from '../wire/atcp/ack-up.js';
import {
  OBJECT_VERSION_BYTES,
  RelayArgument,
  RelayExpect,
  RelayFlag,
  RelayIfRange,
  RelayMethod,
  RelayRange,
} from '../wire/atcp/command.js';
import { copy, equal } from '../wire/byte-loops.js';
import { get64, UNKNOWN_U64 } from '../wire/bytes.js';
import type { Delegation } from './delegation.js';
import { DEFAULT_MEDIA_TYPE, HTTP_TEXTS, HttpText, MEDIA_TYPES, STATUS_CODE_AT } from './http-texts.js';

/** Longer than any head, with its page: the longest is 301 with a name of 255 bytes, all of them escaped. */
export const HEAD_BYTES = 1280;

const DAY_MS = 86_400_000;
const DOT = 0x2e;
const SLASH = 0x2f;

export class HttpResponder {
  /** The head that was composed last, with the page of 301 and of errors behind it, and its length. */
  readonly head = new Uint8Array(HEAD_BYTES);
  headBytes = 0;
  #of: Delegation | null = null;
  #counter = 0;
  readonly #texts: Uint8Array;
  readonly #textAt: number[] = [];
  /** Extensions and types in turns, the default type last. */
  readonly #types: Uint8Array;
  readonly #typeAt: number[] = [];

  constructor() {
    this.#texts = bytesOf(HTTP_TEXTS, this.#textAt);
    this.#types = bytesOf([...MEDIA_TYPES, DEFAULT_MEDIA_TYPE], this.#typeAt);
  }

  /**
   * Decides the reply to the request of a delegation whose object was looked up: status, first byte and number of
   * bytes of the object, bytes of the head. False when it is not what the request expects.
   */
  decide(d: Delegation): boolean {
    const request = d.request;
    const expect = request[RelayArgument.expect]!;
    if (expect === RelayExpect.absent && d.found) return false;
    if (expect === RelayExpect.version && !(d.found && this.#isVersion(d, RelayArgument.version)))
      return false;
    d.from = 0;
    d.bodyBytes = 0;
    if (!d.found) d.status = HttpText.notFound;
    else if (d.handle.kind === ObjectKind.file) d.status = this.#evaluate(d);
    else d.status = HttpText.moved;
    if (request[RelayArgument.method] === RelayMethod.head) d.bodyBytes = 0;
    this.compose(d);
    d.headBytes = this.headBytes;
    return true;
  }

  /** RFC 9110 13.2.2. */
  #evaluate(d: Delegation): HttpText {
    const request = d.request;
    const flags = request[RelayArgument.flags]!;
    const modifiedMs = lastModifiedMs(d);
    const matchTags = request[RelayArgument.matchTags]!;
    if ((flags & RelayFlag.ifMatch) !== 0) {
      if ((flags & RelayFlag.ifMatchAny) === 0 && !this.#matches(d, 0, matchTags))
        return HttpText.preconditionFailed;
    } else {
      const unmodifiedSince = get64(request, RelayArgument.ifUnmodifiedSince);
      if (unmodifiedSince !== UNKNOWN_U64 && modifiedMs > unmodifiedSince) return HttpText.preconditionFailed;
    }
    if ((flags & RelayFlag.ifNoneMatch) !== 0) {
      const any = (flags & RelayFlag.ifNoneMatchAny) !== 0;
      if (any || this.#matches(d, matchTags, request[RelayArgument.noneMatchTags]!))
        return HttpText.notModified;
    } else {
      const modifiedSince = get64(request, RelayArgument.ifModifiedSince);
      if (modifiedSince !== UNKNOWN_U64 && modifiedMs <= modifiedSince) return HttpText.notModified;
    }
    return this.#select(d, modifiedMs);
  }

  /** RFC 9110 14.2 and 13.1.5. */
  #select(d: Delegation, modifiedMs: number): HttpText {
    const request = d.request;
    const size = d.handle.sizeBytes;
    const range = request[RelayArgument.range]!;
    const isGet = request[RelayArgument.method] === RelayMethod.get;
    d.bodyBytes = size;
    if (range === RelayRange.none || !isGet || !this.#isCurrent(d, modifiedMs)) return HttpText.ok;
    let first = get64(request, RelayArgument.rangeFirst);
    let last = get64(request, RelayArgument.rangeLast);
    if (range === RelayRange.suffix) {
      // A suffix of nothing is satisfiable (14.1.2), but no Content-Range can say so.
      if (size === 0 && first > 0) return HttpText.ok;
      first = first > size ? 0 : size - first;
      last = UNKNOWN_U64;
    }
    if (last < 0 || last >= size) last = size - 1;
    if (first > last) {
      d.bodyBytes = 0;
      return HttpText.unsatisfiable;
    }
    d.from = first;
    d.bodyBytes = last - first + 1;
    return HttpText.partial;
  }

  /** If-Range. A date counts if it is a strong validator: a second before now (8.8.2.2). */
  #isCurrent(d: Delegation, modifiedMs: number): boolean {
    const request = d.request;
    switch (request[RelayArgument.ifRange]) {
      case RelayIfRange.none:
        return true;
      case RelayIfRange.version:
        return this.#isVersion(d, RelayArgument.ifRangeValue);
      case RelayIfRange.date:
        return modifiedMs <= d.dateMs - 1000 && get64(request, RelayArgument.ifRangeValue) === modifiedMs;
      default:
        return false;
    }
  }

  #matches(d: Delegation, firstTag: number, count: number): boolean {
    let at = RelayArgument.tags + firstTag * OBJECT_VERSION_BYTES;
    for (let left = count; left > 0; left--) {
      if (this.#isVersion(d, at)) return true;
      at += OBJECT_VERSION_BYTES;
    }
    return false;
  }

  #isVersion(d: Delegation, at: number): boolean {
    return equal(d.handle.version, 0, d.request, at, OBJECT_VERSION_BYTES);
  }

  /** Puts the head of a decided reply into {@link head}, unless it is there. */
  compose(d: Delegation): void {
    if (this.#of === d && this.#counter === d.counter && this.headBytes === d.headBytes) return;
    this.#of = d;
    this.#counter = d.counter;
    this.headBytes = 0;
    const status = d.status;
    this.#text(status as HttpText);
    this.#text(HttpText.date);
    this.#date(d.dateMs);
    const closes = (d.request[RelayArgument.flags]! & RelayFlag.close) !== 0;
    this.#text(closes ? HttpText.close : HttpText.keepAlive);
    if (status === HttpText.ok || status === HttpText.partial) this.#describe(d);
    else if (status === HttpText.notModified) this.#tag(d);
    else {
      this.#explain(d);
      return;
    }
    this.#text(HttpText.end);
  }

  #describe(d: Delegation): void {
    const size = d.handle.sizeBytes;
    this.#tag(d);
    this.#text(HttpText.lastModified);
    this.#date(lastModifiedMs(d));
    this.#text(HttpText.content);
    this.#text(HttpText.contentType);
    this.#mediaType(d);
    if (d.status === HttpText.partial) {
      this.#text(HttpText.contentRange);
      this.#number(d.from);
      this.#byte(0x2d);
      this.#number(d.from + d.bodyBytes - 1);
      this.#byte(SLASH);
      this.#number(size);
      this.#text(HttpText.contentLength);
      this.#number(d.bodyBytes);
      return;
    }
    this.#text(HttpText.contentLength);
    this.#number(size);
  }

  /** The rest of a head without an object, and its page: a constant of the status, without which HEAD is answered. */
  #explain(d: Delegation): void {
    const status = d.status as HttpText;
    this.#text(status === HttpText.moved ? HttpText.noCache : HttpText.noStore);
    this.#text(HttpText.page);
    if (status === HttpText.moved) this.#locate(d);
    if (status === HttpText.unsatisfiable) {
      this.#text(HttpText.contentRange);
      this.#text(HttpText.anyRange);
      this.#byte(SLASH);
      this.#number(d.handle.sizeBytes);
    }
    this.#text(HttpText.contentLength);
    this.#number(
      this.#length(HttpText.pageTitle) +
        this.#length(HttpText.pageHeading) +
        this.#length(HttpText.pageEnd) +
        2 * (this.#length(status) - STATUS_CODE_AT),
    );
    this.#text(HttpText.end);
    if (d.request[RelayArgument.method] === RelayMethod.head) return;
    this.#text(HttpText.pageTitle);
    this.#title(status);
    this.#text(HttpText.pageHeading);
    this.#title(status);
    this.#text(HttpText.pageEnd);
  }

  /** A directory's page needs the '/' behind its name, for relative links in it. */
  #locate(d: Delegation): void {
    this.#text(HttpText.location);
    const end = d.nameAt + d.nameBytes;
    for (let i = d.nameAt; i < end; i++) {
      const byte = d.text[i]!;
      if (byte === SLASH || isUnreserved(byte)) this.#byte(byte);
      else {
        this.#byte(0x25);
        this.#byte(hexDigit(byte >>> 4));
        this.#byte(hexDigit(byte & 15));
      }
    }
    this.#byte(SLASH);
  }

  #title(status: HttpText): void {
    this.#bytes(this.#texts, this.#textAt[status]! + STATUS_CODE_AT, this.#textAt[status + 1]!);
  }

  #length(text: HttpText): number {
    return this.#textAt[text + 1]! - this.#textAt[text]!;
  }

  #tag(d: Delegation): void {
    this.#text(HttpText.noCache);
    this.#text(HttpText.etag);
    const digits = this.#textAt[HttpText.digits]!;
    const version = d.handle.version;
    for (let i = 0; i < OBJECT_VERSION_BYTES; i++) {
      this.#byte(this.#texts[digits + (version[i]! >>> 4)]!);
      this.#byte(this.#texts[digits + (version[i]! & 15)]!);
    }
    this.#text(HttpText.quote);
  }

  #mediaType(d: Delegation): void {
    const types = this.#types;
    const typeAt = this.#typeAt;
    const last = typeAt.length - 2;
    let chosen = last;
    const nameEnd = d.nameAt + d.nameBytes;
    const dot = extensionAt(d.text, d.nameAt, nameEnd);
    for (let i = 0; i < last && dot >= 0; i += 2) {
      const at = typeAt[i]!;
      if (isSameWord(d.text, dot + 1, nameEnd, types, at, typeAt[i + 1]!)) {
        chosen = i + 1;
        break;
      }
    }
    this.#bytes(types, typeAt[chosen]!, typeAt[chosen + 1]!);
  }

  /** IMF-fixdate (RFC 9110 5.6.7). Years from 1970, by the proleptic Gregorian calendar counted from March 1st. */
  #date(ms: number): void {
    const day = Math.floor(ms / DAY_MS);
    const second = Math.floor((ms - day * DAY_MS) / 1000);
    const sinceMarch0000 = day + 719_468;
    const era = Math.floor(sinceMarch0000 / 146_097);
    const dayOfEra = sinceMarch0000 - era * 146_097;
    const leaps =
      Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
    const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
    const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
    const month = fromMarch < 10 ? fromMarch + 2 : fromMarch - 10;
    const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
    const days = this.#textAt[HttpText.days]! + (day % 7) * 5;
    const months = this.#textAt[HttpText.months]! + month * 5;
    this.#bytes(this.#texts, days, days + 5);
    this.#two(dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1);
    this.#bytes(this.#texts, months, months + 5);
    this.#two(Math.floor(year / 100));
    this.#two(year % 100);
    this.#byte(0x20);
    this.#two(Math.floor(second / 3600));
    this.#byte(0x3a);
    this.#two(Math.floor(second / 60) % 60);
    this.#byte(0x3a);
    this.#two(second % 60);
    this.#text(HttpText.gmt);
  }

  #text(text: HttpText): void {
    this.#bytes(this.#texts, this.#textAt[text]!, this.#textAt[text + 1]!);
  }

  #bytes(from: Uint8Array, at: number, end: number): void {
    copy(from, at, this.head, this.headBytes, end - at);
    this.headBytes += end - at;
  }

  #byte(value: number): void {
    this.head[this.headBytes++] = value;
  }

  #two(value: number): void {
    this.#byte(0x30 + Math.floor(value / 10));
    this.#byte(0x30 + (value % 10));
  }

  #number(value: number): void {
    let scale = 1;
    while (value / scale >= 10) scale *= 10;
    for (; scale >= 1; scale /= 10) this.#byte(0x30 + (Math.floor(value / scale) % 10));
  }
}

/** Never later than Date (RFC 9110 8.8.2.1); whole seconds. */
function lastModifiedMs(d: Delegation): number {
  const ms = d.handle.modifiedMs < d.dateMs ? d.handle.modifiedMs : d.dateMs;
  return Math.floor(ms / 1000) * 1000;
}

/** Position of the last dot of the last component, if something stands before it there; else -1. */
function extensionAt(name: Uint8Array, at: number, end: number): number {
  for (let i = end - 1; i > at && name[i] !== SLASH; i--) {
    if (name[i] === DOT) return name[i - 1] === SLASH ? -1 : i;
  }
  return -1;
}

/** What stands for itself in a path, as ECMA-262's encodeURIComponent has it. */
function isUnreserved(byte: number): boolean {
  const letter = byte | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39)) return true;
  if (byte >= 0x27 && byte <= 0x2a) return true;
  return byte === 0x21 || byte === 0x2d || byte === DOT || byte === 0x5f || byte === 0x7e;
}

function hexDigit(nibble: number): number {
  return nibble < 10 ? 0x30 + nibble : 0x37 + nibble;
}

/** ASCII letters of `a` count as small ones. */
function isSameWord(
  a: Uint8Array,
  aAt: number,
  aEnd: number,
  b: Uint8Array,
  bAt: number,
  bEnd: number,
): boolean {
  if (aEnd - aAt !== bEnd - bAt) return false;
  for (let i = 0; i < aEnd - aAt; i++) {
    const letter = a[aAt + i]!;
    if ((letter >= 0x41 && letter <= 0x5a ? letter | 0x20 : letter) !== b[bAt + i]) return false;
  }
  return true;
}

/** At boot: the texts, one behind the other, and where each begins; last, where they end. */
function bytesOf(texts: readonly string[], begins: number[]): Uint8Array {
  let length = 0;
  for (const text of texts) length += text.length;
  const b = new Uint8Array(length);
  let at = 0;
  for (const text of texts) {
    begins.push(at);
    for (let i = 0; i < text.length; i++) b[at++] = text.charCodeAt(i);
  }
  begins.push(at);
  return b;
}
