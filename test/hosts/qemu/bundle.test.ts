import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../../../hosts/qemu/launch.js';
import { decodeHex, decodeIdentity, encodeIdentity } from '../../../hosts/qemu/device/identity.js';

const { inlineConstants } = (await import(join(projectRoot(), 'hosts/qemu/constants.mjs'))) as {
  inlineConstants: (text: string) => string;
};

/** Without blank lines. */
function inlined(text: string): string {
  return inlineConstants(text)
    .replaceAll(/\n\s*\n/g, '\n')
    .trim();
}

describe('constants of the firmware', () => {
  it('become literals, with what is counted from them', () => {
    assert.equal(inlined('var A = 4;\nvar B = A * 8 + 1;\nuse(B, A);'), 'use(33, 4);');
  });

  it('of frozen tables too; a table that is used as a whole stays', () => {
    const table = 'var T = Object.freeze({ a: 0, b: 1 << 4 });\n';
    assert.equal(inlined(`${table}use(T.b);`), 'use(16);');
    assert.equal(inlined(`${table}use(T.b, T);`), `${table}use(16, T);`);
  });

  it('stay where the name means something else somewhere, or is assigned', () => {
    for (const text of ['var A = 4;\nfunction f(A) { return A; }\nuse(A);', 'var A = 4;\nA = 5;\nuse(A);'])
      assert.equal(inlined(text), text);
  });

  it('are no properties of the same name', () => {
    assert.equal(inlined('var A = 4;\nuse(x.A, { A: A });'), 'use(x.A, { A: 4 });');
  });
});

describe('the identity of an emulated board', () => {
  const identity = {
    provisioning: {
      boardId: 0xfedc_ba98,
      boardKey: Uint8Array.from({ length: 16 }, (_, i) => i),
      etherType: 0x88b5,
      pseudoSources: [
        { address: Uint8Array.of(10, 77, 0, 10), port: 80 },
        { address: Uint8Array.of(10, 77, 0, 10), port: 49_152, lastPort: 50_175 },
        { address: Uint8Array.from({ length: 16 }, (_, i) => 255 - i), port: 0 },
      ],
    },
    macAddress: Uint8Array.of(2, 3, 4, 5, 6, 7),
    seed: new Uint8Array(16).fill(0xee),
  };

  it('comes back from its digits', () => {
    const digits = Buffer.from(Buffer.from(encodeIdentity(identity)).toString('hex'), 'latin1');
    const b = new Uint8Array(digits);
    assert.deepEqual(decodeIdentity(b, decodeHex(b, digits.length)), identity);
  });

  it('is refused when it is cut', () => {
    const b = encodeIdentity(identity);
    for (const length of [0, 45, 46, b.length - 1])
      assert.throws(() => decodeIdentity(b, length), /told who it is/);
  });
});
