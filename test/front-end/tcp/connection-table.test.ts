import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConnectionTable, type TableEntry } from '../../../src/front-end/tcp/connection-table.js';

function entry(remoteAddress: number, remotePort: number, localPort: number): TableEntry {
  return { remoteAddress, remotePort, localPort, nextInBucket: undefined, onSegment: () => {} };
}

describe('ConnectionTable', () => {
  it('finds what a Map would find', () => {
    const key = fc.record({
      address: fc.nat(3),
      remotePort: fc.nat(3),
      localPort: fc.nat(2),
      add: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), fc.nat(), (steps, seed) => {
        const table = new ConnectionTable(seed);
        const model = new Map<string, TableEntry>();
        for (const { address, remotePort, localPort, add } of steps) {
          const remoteAddress = 0xffff_fff0 + address;
          const name = `${remoteAddress} ${remotePort} ${localPort}`;
          const known = model.get(name);
          assert.equal(table.find(remoteAddress, remotePort, localPort), known);
          if (add && known === undefined) {
            const made = entry(remoteAddress, remotePort, localPort);
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
    const table = new ConnectionTable(12345);
    const entries: TableEntry[] = [];
    for (let i = 0; i < 100_000; i++) entries.push(entry(0x0a000000 + (i >> 14), 1024 + (i & 0x3fff), 80));
    for (const each of entries) table.add(each);
    for (const each of entries) {
      assert.equal(table.find(each.remoteAddress, each.remotePort, 80), each);
    }
    let longest = 0;
    for (const each of entries) {
      let length = 0;
      for (let next: TableEntry | undefined = each; next !== undefined; next = next.nextInBucket) length++;
      longest = Math.max(longest, length);
    }
    assert.ok(longest < 12, `a chain of ${longest}`);
  });

  it('places keys by its seed', () => {
    const chains = (seed: number): number => {
      const table = new ConnectionTable(seed);
      const entries = Array.from({ length: 500 }, (_, i) => entry(i * 65_536, i, 80));
      for (const each of entries) table.add(each);
      return entries.reduce((sum, each, i) => sum + (each.nextInBucket === undefined ? i : 0), 0);
    };
    assert.notEqual(chains(1), chains(2));
  });
});
