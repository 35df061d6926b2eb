/** Whole transfers over a faulty network, byte for byte. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { AutoClient, Network, seededRandom, type AutoClientOptions, type Faults } from './auto-client.js';
import { Rig } from './rig.js';

function randomBytes(seed: number, length: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  return bytes;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function download(
  bytes: Buffer,
  seed: number,
  faults: Faults,
  options: AutoClientOptions,
): Promise<{ rig: Rig; client: AutoClient; us: number }> {
  const rig = new Rig();
  const net = new Network(rig, seed, faults);
  rig.serve((socket) => socket.end(bytes));
  const client = new AutoClient(net, options).connect();
  const startUs = rig.nowUs;
  client.on('end', () => client.end());
  assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
  assert.equal(digest(Buffer.concat(client.received)), digest(bytes));
  return { rig, client, us: rig.nowUs - startUs };
}

describe('bulk', function () {
  this.timeout(60_000);
  it('clean', async () => {
    const bytes = randomBytes(1, 10_000_000);
    for (const sack of [false, true]) {
      const t = Date.now();
      const { rig, us } = await download(bytes, 3, {}, { sack, scale: 7 });
      console.log(sack, us, rig.counters.retransmittedRanges, rig.counters.segmentsSent, rig.counters.segmentsReceived, Date.now() - t);
    }
  });
  it('faulty', async () => {
    const bytes = randomBytes(1, 10_000_000);
    for (const sack of [false, true]) for (const seed of [1,2,3]) {
      const t = Date.now();
      const { rig, us } = await download(bytes, seed, { loss: 0.02, duplicate: 0.01, reorder: 0.02 }, { sack, scale: 7 });
      const c = rig.counters;
      console.log(sack, us, c.retransmittedRanges, c.retransmittedBytes, c.segmentsSent, c.fastRecoveries, c.retransmissionTimeouts, Date.now() - t);
    }
  });
});
