import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  Direction,
  FrameAuthenticator,
  KeyDeriver,
  REPLAY_WINDOW_FRAMES,
  ReplayWindow,
} from '../../../src/wire/atcp/authentication.js';
import {
  ATCP_HEADER_BYTES,
  AtcpKey,
  atcpLength,
  ATCP_TAG,
  AtcpType,
  emitAtcp,
} from '../../../src/wire/atcp/header.js';
import { BOARD_ID, BOARD_NONCE, boardKey, downKey, FRONT_END_NONCE, SECRET, upKey } from './example-site.js';

const MASK = (1n << 64n) - 1n;

/** SipHash-2-4 again, from the paper's figure 2.1, on 64-bit integers. */
function sipHash64(key: Uint8Array, message: Uint8Array): Uint8Array {
  const word = (b: Uint8Array, at: number): bigint => Buffer.from(b).readBigUInt64LE(at);
  const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK;
  const k0 = word(key, 0);
  const k1 = word(key, 8);
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v2 = (v2 + v3) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v1) & MASK;
    v0 = (v0 + v3) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = rotate(v2, 32n);
  };
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const m = padded.readBigUInt64LE(at);
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  return new Uint8Array(out);
}

function prf(key: Uint8Array, label: string, fill: (message: Buffer) => void): Uint8Array {
  const out = new Uint8Array(16);
  for (const run of [1, 2]) {
    const message = Buffer.alloc(48);
    message.write(label, 0, 'latin1');
    message.writeUInt32BE(run, 4);
    fill(message);
    out.set(sipHash64(key, message), (run - 1) * 8);
  }
  return out;
}

describe('wire/atcp: keys', () => {
  it('the second SipHash gives the result of the paper (appendix A)', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const message = Uint8Array.from({ length: 15 }, (_, i) => i);
    assert.equal(Buffer.from(sipHash64(key, message)).toString('hex'), 'e545be4961ca29a1');
  });

  it('derives the board key of the specification', () => {
    assert.deepEqual(
      boardKey,
      prf(SECRET, 'ATCB', (message) => message.writeUInt32BE(BOARD_ID, 8)),
    );
  });

  it('derives a session key for each direction', () => {
    for (const [direction, key] of [
      [0, downKey],
      [1, upKey],
    ] as const)
      assert.deepEqual(
        key,
        prf(boardKey, 'ATCS', (message) => {
          message[8] = direction;
          message.set(FRONT_END_NONCE, 16);
          message.set(BOARD_NONCE, 32);
        }),
      );
    assert.notDeepEqual(downKey, upKey);
  });

  it('takes nonces from where they lie, and remembers nothing of the last derivation', () => {
    const deriver = new KeyDeriver();
    const out = new Uint8Array(16).fill(0xa5);
    const frame = new Uint8Array(80).fill(0xa5);
    frame.set(FRONT_END_NONCE, 11);
    frame.set(BOARD_NONCE, 40);
    deriver.sessionKey(boardKey, Direction.up, frame, 11, frame, 40, out);
    assert.deepEqual(out, upKey);
    deriver.boardKey(SECRET, BOARD_ID, out);
    assert.deepEqual(out, boardKey);
  });
});

describe('wire/atcp: tags', () => {
  const AT = 14;
  function sealed(bodyBytes: number, padding = 0): Uint8Array {
    const b = new Uint8Array(AT + ATCP_HEADER_BYTES + bodyBytes + padding).fill(0xa5);
    emitAtcp(b, AT, AtcpType.statements, AtcpKey.session, ATCP_HEADER_BYTES + bodyBytes, 7, 1, 2);
    new FrameAuthenticator().seal(b, AT, downKey);
    return b;
  }

  it('accepts what was sealed, and leaves it as it was', () => {
    for (const bodyBytes of [0, 1, 7, 8, 61, 1468]) {
      const b = sealed(bodyBytes);
      const before = b.slice();
      assert.equal(new FrameAuthenticator().verify(b, AT, downKey), true);
      assert.deepEqual(b, before);
    }
  });

  it('notices every changed bit of header, tag and body', () => {
    const b = sealed(12);
    const authenticator = new FrameAuthenticator();
    for (let bit = 0; bit < (ATCP_HEADER_BYTES + 12) * 8; bit++) {
      const at = AT + (bit >> 3);
      b[at]! ^= 1 << (bit & 7);
      // A length that leads out of the frame does not pass checkAtcp, which comes first.
      if (atcpLength(b, AT) <= b.length - AT)
        assert.equal(authenticator.verify(b, AT, downKey), false, `bit ${bit}`);
      b[at]! ^= 1 << (bit & 7);
    }
    assert.equal(authenticator.verify(b, AT, downKey), true);
  });

  it('covers neither the Ethernet header nor its padding', () => {
    const b = sealed(4, 10);
    b.fill(0, 0, AT);
    b.fill(0xff, AT + ATCP_HEADER_BYTES + 4);
    assert.equal(new FrameAuthenticator().verify(b, AT, downKey), true);
  });

  it('is the plain SipHash of the message with an empty tag', () => {
    const b = sealed(20);
    const message = b.slice(AT);
    message.fill(0, ATCP_TAG, ATCP_TAG + 8);
    assert.deepEqual(b.slice(AT + ATCP_TAG, AT + ATCP_TAG + 8), sipHash64(downKey, message));
  });

  it('fails under any other key: of the other direction, of the board, of another board', () => {
    const authenticator = new FrameAuthenticator();
    const other = new Uint8Array(16);
    new KeyDeriver().boardKey(SECRET, BOARD_ID + 1, other);
    for (const key of [upKey, boardKey, other]) assert.equal(authenticator.verify(sealed(8), AT, key), false);
  });
});

describe('wire/atcp: replay window', () => {
  /** What RFC 4303 3.4.3 asks for, with a set. */
  class Model {
    newest = -1;
    readonly seen = new Set<number>();

    accept(sequence: number): boolean {
      if (this.seen.has(sequence) || this.newest - sequence >= REPLAY_WINDOW_FRAMES) return false;
      this.seen.add(sequence);
      this.newest = Math.max(this.newest, sequence);
      return true;
    }
  }

  it('agrees with a set of everything seen', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -70, max: 3 }) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 70 }) },
      { weight: 1, arbitrary: fc.constantFrom(31, 32, 33, 63, 64, 65, 2 ** 31, 2 ** 32 + 1, 2 ** 40) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new ReplayWindow();
        const model = new Model();
        let base = 1;
        for (const each of steps) {
          const sequence = Math.max(0, base + each);
          assert.equal(window.accept(sequence), model.accept(sequence), `sequence ${sequence}`);
          base = Math.max(base, sequence);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('accepts the numbers of a new session after a reset', () => {
    const window = new ReplayWindow();
    assert.equal(window.accept(1_000), true);
    assert.equal(window.accept(1), false);
    window.reset();
    assert.equal(window.accept(1), true);
    assert.equal(window.accept(1), false);
  });
});
