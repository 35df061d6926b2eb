/** Whole transfers over faulty networks, byte for byte; a failing seed replays. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { AutoClient, Network, seededRandom, type AutoClientOptions, type Faults } from './auto-client.js';
import { IpAddress } from '../../src/front-end/link/ip-address.js';
import { PEER_ADDRESS, PORT, Rig, SECOND, VIP } from './rig.js';

const FAULTS: Faults = { loss: 0.02, duplicate: 0.01, reorder: 0.02 };

function randomBytes(seed: number, length: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  return bytes;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Result {
  rig: Rig;
  /** The server's. */
  iss: number;
  us: number;
}

/** Turns the clock to when the client from `port` is given this initial sequence number (RFC 6528). */
function setIss(rig: Rig, iss: number, port: number): void {
  const remote = new IpAddress();
  remote.setIpv4(PEER_ADDRESS);
  const atZero = rig.host.tcp.isn.next(IpAddress.ipv4(VIP), PORT, remote, port, 0);
  rig.nowUs = 4 * ((iss - atZero) >>> 0) + 1;
}

/** `write` puts the bytes into the socket. */
async function download(
  bytes: Buffer,
  seed: number,
  faults: Faults,
  options: AutoClientOptions,
  write: (socket: Duplex) => void = (socket) => void socket.end(bytes),
  iss?: number,
): Promise<Result> {
  const rig = new Rig({ timestamps: options.timestamps === true });
  if (iss !== undefined) setIss(rig, iss, options.port ?? 50_000);
  const net = new Network(rig, seed, faults);
  rig.serve(write);
  const client = new AutoClient(net, options).connect();
  const startUs = rig.nowUs;
  client.on('end', () => client.end());
  assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
  assert.equal(digest(Buffer.concat(client.received)), digest(bytes));
  return { rig, iss: client.irs, us: rig.nowUs - startUs };
}

describe('a download', function () {
  this.timeout(60_000);

  it('of 10 MB over a clean network repeats nothing and fills the window', async () => {
    const bytes = randomBytes(1, 10_000_000);
    for (const sack of [false, true]) {
      const { rig, us } = await download(bytes, 3, {}, { sack, scale: 7 });
      assert.equal(rig.counters.retransmittedBytes, 0);
      // One window of 1 MiB a round trip of 1 ms, and the start.
      assert.ok(us < 25_000, `${us} µs`);
    }
  });

  for (const sack of [false, true]) {
    for (const seed of [1, 2]) {
      it(`of 10 MB survives loss, duplication and reordering (SACK ${sack}, seed ${seed})`, async () => {
        const { rig, us } = await download(randomBytes(1, 10_000_000), seed, FAULTS, { sack, scale: 7 });
        assert.ok(rig.counters.fastRecoveries > 0);
        // About three times what was lost at most: reordering provokes some of it.
        assert.ok(
          rig.counters.retransmittedBytes < 600_000,
          `${rig.counters.retransmittedBytes} bytes repeated`,
        );
        assert.ok(us < 10 * SECOND, `${us} µs`);
      });
    }
  }

  for (const seed of [1, 2, 3]) {
    it(`of 10 MB is repeated little by reordering alone (seed ${seed})`, async () => {
      const faults = { reorder: 0.05 };
      const { rig, us } = await download(randomBytes(1, 10_000_000), seed, faults, { sack: true, scale: 7 });
      assert.equal(rig.counters.retransmissionTimeouts, 0);
      // Half of the 500,000 bytes that are held up are late by more than RFC 8985's longest reordering window, SRTT.
      assert.ok(
        rig.counters.retransmittedBytes < 360_000,
        `${rig.counters.retransmittedBytes} bytes repeated`,
      );
      assert.ok(rig.counters.recoveriesUndone > rig.counters.fastRecoveries / 4);
      assert.ok(us < 3 * SECOND, `${us} µs`);
    });

    it(`of 2 MB survives bad faults in both directions without idling (seed ${seed})`, async () => {
      const faults = { loss: 0.05, reorder: 0.1, duplicate: 0.05 };
      const { rig } = await download(randomBytes(1, 2_000_000), seed, faults, { sack: true, scale: 7 });
      assert.ok(rig.counters.retransmissionTimeouts <= 2, `${rig.counters.retransmissionTimeouts} timeouts`);
      assert.ok(
        rig.counters.retransmittedBytes < 400_000,
        `${rig.counters.retransmittedBytes} bytes repeated`,
      );
    });
  }

  for (const options of [{}, { sack: true }, { sack: true, timestamps: true }])
    it(`of 1 MB passes the wrap of the sequence numbers in its middle (${Object.keys(options).join(', ') || 'no options'})`, async () => {
      const bytes = randomBytes(5, 1_000_000);
      const iss = 2 ** 32 - 500_000;
      for (const seed of [1, 2, 3]) {
        const { rig, ...result } = await download(
          bytes,
          seed,
          FAULTS,
          { scale: 7, ...options },
          undefined,
          iss,
        );
        // Later, by as much as the SYN took.
        assert.ok(result.iss >= iss && result.iss < 2 ** 32 - 1000, `${result.iss}`);
        assert.ok(rig.counters.retransmittedRanges > 0);
        assert.equal(rig.counters.step126AckBeyondSent + rig.counters.step126AckTooOld, 0);
      }
    });

  it('in writes of every size arrives whole', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const bytes = randomBytes(seed, 300_000);
      const random = seededRandom(seed);
      await download(bytes, seed, FAULTS, { sack: seed % 2 === 0 }, (socket) => {
        let at = 0;
        const more = (): void => {
          while (at < bytes.length) {
            const size = Math.ceil(random() ** 4 * 30_000);
            const chunk = Buffer.from(bytes.subarray(at, at + size));
            at += size;
            // The writer takes its memory back as soon as it may.
            if (!socket.write(chunk, () => chunk.fill(0xee))) {
              socket.once('drain', more);
              return;
            }
          }
          socket.end();
        };
        more();
      });
    }
  });

  it('gets through a very bad network', async () => {
    await download(randomBytes(5, 30_000), 9, { loss: 0.3, duplicate: 0.1, reorder: 0.3 }, { sack: true });
  });
});

describe('an upload', function () {
  this.timeout(60_000);

  for (const sack of [false, true]) {
    it(`arrives whole (SACK ${sack})`, async () => {
      for (let seed = 1; seed <= 5; seed++) {
        const bytes = randomBytes(seed, 200_000);
        const rig = new Rig();
        const net = new Network(rig, seed, FAULTS);
        const received: Buffer[] = [];
        rig.serve((socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)));
        const client = new AutoClient(net, { sack }).connect();
        client.send(bytes).end();
        assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
        assert.equal(digest(Buffer.concat(received)), digest(bytes));
      }
    });
  }
});
