import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IpAddress } from '../../../src/front-end/link/ip-address.js';
import { ConnectionTable, HASH_KEYS, type TableEntry } from '../../../src/front-end/tcp/connection-table.js';

const LOCAL = [IpAddress.ipv4('10.0.0.1'), IpAddress.ipv6('fd77::10'), IpAddress.ipv6('fe80::1')];

function ipv4(address: number): IpAddress {
  const made = new IpAddress();
  made.setIpv4(address);
  return made;
}

function ipv6(w0: number, w1: number, w2: number, w3: number): IpAddress {
  const made = new IpAddress();
  made.readIpv6(new Uint8Array(new Uint32Array([w0, w1, w2, w3]).buffer).reverse(), 0);
  return made;
}

function entry(
  remoteAddress: IpAddress,
  remotePort: number,
  localPort: number,
  localAddress = LOCAL[0]!,
): TableEntry {
  return {
    localAddress,
    remoteAddress,
    remotePort,
    localPort,
    nextInBucket: undefined,
    onSegment: () => {},
  };
}

/** Keys that repeat with their seed. */
function keys(seed: number): Int32Array {
  return Int32Array.from(
    { length: HASH_KEYS },
    (_, i) => Math.imul((seed + i) | 1, 0x9e3779b1) ^ (seed << 7),
  );
}

function longestChain(entries: readonly TableEntry[]): number {
  let longest = 0;
  for (const each of entries) {
    let length = 0;
    for (let next: TableEntry | undefined = each; next !== undefined; next = next.nextInBucket) length++;
    longest = Math.max(longest, length);
  }
  return longest;
}

describe('ConnectionTable', () => {
  it('finds what a Map would find, whatever the family', () => {
    const word = fc.constantFrom(0, 0xffff, 0xffff_ffff);
    const address = fc.oneof(
      fc.nat(3).map((low) => ipv4(0xffff_fff0 + low)),
      fc.tuple(word, word, word, word).map((words) => ipv6(...words)),
    );
    const key = fc.record({
      address,
      local: fc.nat(2),
      remotePort: fc.nat(3),
      localPort: fc.nat(2),
      add: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), fc.nat(), (steps, seed) => {
        const table = new ConnectionTable(keys(seed));
        const model = new Map<string, TableEntry>();
        for (const { address: remoteAddress, local, remotePort, localPort, add } of steps) {
          const { w0, w1, w2, w3 } = remoteAddress;
          const name = [w0, w1, w2, w3, local, remotePort, localPort].join();
          const known = model.get(name);
          const again = new IpAddress();
          again.set(remoteAddress);
          assert.equal(table.find(LOCAL[local]!, localPort, again, remotePort), known);
          if (add && known === undefined) {
            const made = entry(remoteAddress, remotePort, localPort, LOCAL[local]);
            table.add(made);
            model.set(name, made);
          } else if (!add && known !== undefined) {
            table.remove(known);
            table.remove(known);
            model.delete(name);
          }
          assert.equal(table.size, model.size);
        }
      }),
    );
  });

  it('grows, and spreads 100,000 neighbouring 4-tuples over its buckets', () => {
    const table = new ConnectionTable(keys(12345));
    const entries: TableEntry[] = [];
    for (let i = 0; i < 100_000; i++)
      entries.push(entry(ipv4(0x0a000000 + (i >> 14)), 1024 + (i & 0x3fff), 80));
    for (const each of entries) table.add(each);
    for (const each of entries)
      assert.equal(table.find(LOCAL[0]!, 80, each.remoteAddress, each.remotePort), each);
    assert.ok(longestChain(entries) < 16, `a chain of ${longestChain(entries)}`);
  });

  it('spreads what one client can choose: each half-word of its addresses, high bits alone among them', () => {
    for (let shift = 0; shift < 128; shift += 8) {
      const table = new ConnectionTable(keys(99));
      const entries = Array.from({ length: 256 }, (_, i) => {
        const words: [number, number, number, number] = [0xfd77_0000, 0, 0, 1];
        words[shift >> 5]! ^= i << (shift & 31);
        return entry(ipv6(...words), 40_000, 80, LOCAL[1]);
      });
      for (const each of entries) table.add(each);
      assert.ok(longestChain(entries) <= 6, `bits from ${shift}: a chain of ${longestChain(entries)}`);
    }
  });

  it('places keys by its secret ones', () => {
    const chains = (seed: number): number => {
      const table = new ConnectionTable(keys(seed));
      const entries = Array.from({ length: 500 }, (_, i) => entry(ipv4(i * 65_536), i, 80));
      for (const each of entries) table.add(each);
      return entries.reduce((sum, each, i) => sum + (each.nextInBucket === undefined ? i : 0), 0);
    };
    assert.notEqual(chains(1), chains(2));
  });
});
