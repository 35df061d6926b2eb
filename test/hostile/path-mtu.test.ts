/** A router between the site and its clients takes less than a frame, so that what boards send does not pass. */
import assert from 'node:assert/strict';
import { EtherType, etherType } from '../../src/wire/ethernet.js';
import { parseSent } from '../front-end/rig.js';
import { tooBig } from '../front-end/too-big.js';
import { siteCard, LARGE } from './site-files.js';
import { World } from './world.js';

const HEADERS_BYTES = 40;

describe('hostile: a path with a smaller MTU', function () {
  this.timeout(60_000);

  for (const mtuBytes of [1400, 576])
    it(`of ${mtuBytes} bytes is found: boards repeat, and go on, in smaller segments`, async () => {
      const world = new World({ cards: [await siteCard(), await siteCard()] });
      await world.start();
      let passed = 0;
      let largest = 0;
      world.fault = (from, to, frame) => {
        if (to !== 'client' || etherType(frame, 0) !== EtherType.ipv4) return 0;
        if (frame.length - 14 > mtuBytes) {
          world.inject('front-end', tooBig(frame, mtuBytes), 300);
          return 'drop';
        }
        if (from !== 'front-end') {
          passed++;
          largest = Math.max(largest, parseSent(frame, 0).payload.length);
        }
        return 0;
      };
      const client = world.download('/large.bin');
      await client.expectBody(LARGE, 20_000);
      assert.equal(largest, mtuBytes - HEADERS_BYTES);
      assert.ok(passed >= LARGE.length / largest);
      const { counters } = world.host;
      assert.equal(counters.pathMtuReduced, 1);
      assert.equal(counters.retransmissionTimeouts, 0);
      await world.assertEmpty();
      world.close();
    });

  it('that appears in the middle of a download costs a timeout', async () => {
    const world = new World({ cards: [await siteCard()] });
    await world.start();
    const client = world.download('/large.bin');
    await world.until(() => client.receivedBytes > 100_000, 2_000);
    world.fault = (_, to, frame) => {
      if (to !== 'client' || frame.length <= 1294) return 0;
      world.inject('front-end', tooBig(frame, 1280), 300);
      return 'drop';
    };
    await client.expectBody(LARGE, 20_000);
    assert.equal(world.host.counters.pathMtuReduced, 1);
    assert.ok(world.host.counters.retransmissionTimeouts >= 1);
    await world.assertEmpty();
    world.close();
  });
});
