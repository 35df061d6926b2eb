/** A siege of everything at once, again and again: what it costs in memory is given back. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { segmentFrame, PEER_MAC } from '../front-end/rig.js';
import { seededRandom } from '../front-end/auto-client.js';
import { readCommand, template } from '../back-end/support/statements.js';
import { Eavesdropper, readdressed } from './eavesdropper.js';
import { HonestTraffic } from './honest-traffic.js';
import { siteCard } from './site-files.js';
import { World } from './world.js';

const ROUNDS = 3;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that live objects take, V8's heap and array buffers alike, but for the cards, which are no machine's memory. */
async function liveBytes(cardBytes: number): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers - cardBytes;
}

describe('hostile: memory', function () {
  this.timeout(60_000);
  let world: World;
  let eavesdropper: Eavesdropper;
  const random = seededRandom(99);

  before(async () => {
    world = new World({ cards: [await siteCard(), await siteCard()], settings: { initialRtoUs: 200_000 } });
    eavesdropper = new Eavesdropper(world);
    await world.start();
  });
  after(() => world.close());

  async function besiege(): Promise<void> {
    const honest = new HonestTraffic(world, 2_000);
    const gone = Array.from({ length: 10 }, () => world.download('/large.bin', { bufferBytes: 20_000 }));
    const slow = Array.from({ length: 10 }, () => world.download('/large.bin', { bufferBytes: 20_000 }));
    const rude = Array.from({ length: 10 }, () => world.download('/large.bin', { bufferBytes: 20_000 }));
    const large = world.client();
    large.connect();
    large.write(`GET / HTTP/1.1\r\nX: ${'v'.repeat(1 << 20)}`);
    await world.run(10);
    for (const client of gone) client.gone = true;
    for (const client of slow) client.pause();
    for (const client of rude) client.reset();
    replayEverything();
    for (let i = 0; i < 1_000; i++) {
      sendNoise(i);
      if (i % 20 === 0) await world.run(0.5);
    }
    thieve();
    await world.run(100);
    world.boards[0]!.reboot(world.nowUs);
    await world.run(500);
    world.boards[1]!.slot.fault = () => 3;
    await world.run(500);
    world.boards[1]!.slot.fault = () => 0;
    await world.run(70_000);
    await honest.finish();
    for (const client of world.clients.values()) if (!client.gone && !client.wasReset) client.end();
    await world.assertEmpty();
    await world.until(() => world.backEnds.boards.every(({ available }) => available), 20_000);
    world.clients.clear();
    eavesdropper.overheard.length = 0;
  }

  /** Old frames to where they were going, and to others. */
  function replayEverything(): void {
    const [first, second] = world.boards;
    for (const { to, frame } of eavesdropper.overheard.slice(-500)) {
      if (to !== 'client') world.inject(to, frame);
      world.inject(2, readdressed(frame, second!.macAddress, 2));
      world.inject(1, readdressed(frame, first!.macAddress, 1));
    }
  }

  function sendNoise(i: number): void {
    const frame = new Uint8Array(60 + Math.floor(random() * 1400));
    for (let at = 0; at < frame.length; at++) frame[at] = random() * 256;
    frame.set(world.boards[i % 2]!.macAddress, 0);
    frame.set([0x88, 0xb5, 1, 1 + (i % 5)], 12);
    world.inject((i % 2) + 1, frame);
    const port = 1024 + Math.floor(random() * 60_000);
    const flags = ['S', 'A', 'R', 'FA', 'SA'][i % 5]!;
    const fields = { flags, seq: i, ack: 1, window: 100, payload: 'x', options: [] };
    const address = 0x0b00_0000 + Math.floor(random() * 1_000);
    world.inject('front-end', segmentFrame({ mac: PEER_MAC, address, port, localPort: 80 }, fields));
  }

  /** Commands under the right key of which the front-end knows nothing. */
  function thieve(): void {
    const { epoch } = world.backEnds;
    const headers = template({ source: [10, 0, 0, 1], destination: [10, 0, 0, 200] });
    for (let i = 0; i < 40; i++) {
      const counter = 0x4000_0000 + i;
      const command = readCommand({ epoch, counter, name: 'large.bin', template: headers });
      world.inject(2, eavesdropper.authentic(world.boards[1]!, command), i * 100);
    }
  }

  it(`after ${ROUNDS} sieges there is no more of it than after the first`, async () => {
    // The first one fills what is kept on purpose: rings of records, compiled code, buffers that grow once.
    await besiege();
    // Those in the slots, and the one that they are copies of.
    const cardBytes = world.boards.reduce(
      (sum, { slot }) => sum + slot.card!.length,
      (await siteCard()).length,
    );
    const start = await liveBytes(cardBytes);
    for (let i = 0; i < ROUNDS; i++) await besiege();
    const end = await liveBytes(cardBytes);
    const growth = (end - start) / start;
    assert.ok(growth < 0.05, `${start} bytes before, ${end} after: ${(100 * growth).toFixed(2)} % more`);
  });
});
