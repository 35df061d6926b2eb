/**
 * SYN cookies (RFC 4987 3.6): an initial sequence number that holds what the SYN said, under a tag that only we can
 * make, so that nothing need be kept until the client's ACK brings it back. From the highest bit:
 *
 *   24 tag   3 MSS   3 window scale   1 SACK   1 lowest bit of the period;   the last 8 XOR the first 8
 *
 * The tag is SipHash-2-4 over the hash of the 4-tuple that initial sequence numbers are made of, the client's
 * initial sequence number, those fields and the number of the period, which makes the tags of each period as
 * unrelated as a new secret would. A cookie is good in the period that it is made in and in the next; one that is
 * guessed is right once in 2^24 segments.
 */
import { copy, sipHash } from '../../wire/byte-loops.js';
import { get32, put32 } from '../../wire/bytes.js';
import { SMALLEST_MSS, type Agreement } from './agreement.js';
import { SIP_KEY_BYTES, TUPLE_HASH_BYTES, type Entropy } from './isn.js';

const PERIOD_US = 16_000_000;
/** How long after it was made a cookie may still be good. */
export const COOKIE_LIFETIME_US = 2 * PERIOD_US;

/**
 * What three bits can say. A client gets the largest entry that is not above what it said: IPv4 and IPv6 over
 * Ethernet, PPPoE and common tunnels are met exactly.
 */
const MSS_VALUES = Object.freeze([SMALLEST_MSS, 536, 1220, 1360, 1400, 1440, 1452, 1460]);
/** -1: no scaling. A scale below the client's makes its window look smaller than it is, and never larger. */
const SHIFT_VALUES = Object.freeze([-1, 0, 2, 5, 6, 7, 8, 10]);

const IRS = TUPLE_HASH_BYTES;
const PERIOD = IRS + 4;
const FIELDS = PERIOD + 4;
const MESSAGE_BYTES = FIELDS + 1;

/** Whether timestamps were agreed is told by the client's ACK, which has them or has not. */
export type CookieContents = Omit<Agreement, 'timestamps'>;

export class SynCookies {
  private readonly key = new Uint8Array(SIP_KEY_BYTES);
  private readonly message = new Uint8Array(MESSAGE_BYTES);
  private readonly hash = new Uint8Array(8);

  constructor(entropy: Entropy) {
    entropy.fill(this.key, 0, SIP_KEY_BYTES);
  }

  /** The initial sequence number that stands for `agreement` with the client whose SYN had sequence number `irs`. */
  make(tupleHash: Uint8Array, irs: number, agreement: CookieContents, nowUs: number): number {
    const period = Math.floor(nowUs / PERIOD_US);
    const fields =
      (largestIndex(MSS_VALUES, agreement.mss) << 5) |
      (largestIndex(SHIFT_VALUES, agreement.remoteShift) << 2) |
      (agreement.sack ? 2 : 0) |
      (period & 1);
    const tag = this.tag(tupleHash, irs, period, fields);
    return ((tag << 8) | (fields ^ (tag >>> 16))) >>> 0;
  }

  /** What was agreed, or undefined when `cookie` is none of ours, or too old. */
  open(tupleHash: Uint8Array, irs: number, cookie: number, nowUs: number): CookieContents | undefined {
    const tag = cookie >>> 8;
    const fields = (cookie ^ (tag >>> 16)) & 0xff;
    const now = Math.floor(nowUs / PERIOD_US);
    const period = (now & 1) === (fields & 1) ? now : now - 1;
    if (this.tag(tupleHash, irs, period, fields) !== tag) return undefined;
    return {
      mss: MSS_VALUES[fields >>> 5]!,
      remoteShift: SHIFT_VALUES[(fields >>> 2) & 7]!,
      sack: (fields & 2) !== 0,
    };
  }

  /** 24 bits. */
  private tag(tupleHash: Uint8Array, irs: number, period: number, fields: number): number {
    const { message } = this;
    copy(tupleHash, 0, message, 0, TUPLE_HASH_BYTES);
    put32(message, IRS, irs);
    put32(message, PERIOD, period);
    message[FIELDS] = fields;
    sipHash(this.key, 0, message, 0, MESSAGE_BYTES, this.hash, 0);
    return get32(this.hash, 0) >>> 8;
  }
}

/** Of the largest value that is not above `value`; 0 when all are. */
function largestIndex(values: readonly number[], value: number): number {
  let i = values.length - 1;
  while (i > 0 && values[i]! > value) i--;
  return i;
}
