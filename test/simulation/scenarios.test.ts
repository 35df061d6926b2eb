/** Plans by hand, for what costs speed and not correctness: what may be repeated, and how long it may take. */
import assert from 'node:assert/strict';
import { planFromSeed, simulate, type Plan } from '../../src/simulation/index.js';

const CALM = Object.freeze({
  loss: 0,
  duplicate: 0,
  reorder: 0,
  corrupt: 0,
  delayUs: 20,
  jitterUs: 0,
  burstEveryUs: 0,
  burstUs: 0,
});
const CALM_CABLE = Object.freeze({ up: CALM, down: CALM });
const LARGE_FILE = 22;
/** 30,000 bytes. */
const MEDIUM_FILE = 17;

/** One client far away fetches one large file from boards that are near. */
function download(change: (plan: Plan) => Plan): Plan {
  const drawn = planFromSeed(1);
  const far = { up: { ...CALM, delayUs: 20_000 }, down: { ...CALM, delayUs: 20_000 } };
  const board = {
    ...drawn.boards[0]!,
    ...{ cable: CALM_CABLE, rateMbit: 100, sendFrames: 32, receiveFrames: 64, driftPpm: 0, stepUs: 20 },
    ...{ seekUs: 100, sectorUs: 5, wrongBit: 0, slots: 16, buffers: 16, rememberedIds: 256 },
  };
  const client = {
    ...drawn.clients[0]!,
    ...{ cable: far, startUs: 0, ipv6: false, mss: 1460, bufferBytes: 1_000_000, windowShift: 5, sack: true },
    ...{ timestamps: false, ackEvery: 2, ackDelayUs: 40_000, readBytesPerMs: 0, pauseAfterBytes: 0 },
    ...{ pipeline: 1, ending: 'close' as const },
    requests: [{ method: 'GET' as const, file: LARGE_FILE }],
  };
  return change({
    seed: 1,
    boards: [board],
    frontEnd: { cable: CALM_CABLE, drainUs: 200, receiveFrames: 1024, mode: 'decoded', timestamps: false },
    clients: [client],
    events: [],
  });
}

describe('simulation: scenarios', function () {
  this.timeout(120_000);

  it('a clean network: nothing is repeated', async () => {
    const { failure, counters, bytes } = await simulate(download((plan) => plan));
    assert.equal(failure, undefined);
    assert.equal(bytes, 1_500_000);
    assert.equal(counters['retransmittedBytes'], 0);
    assert.equal(counters['timeouts'], 0);
  });

  it('reordering well within a round trip: RACK waits for it, and next to nothing is repeated', async () => {
    const { failure, counters, faults } = await simulate(
      download((plan) => {
        // The receiver's end of the board's cable has no part in it: 26 leaves by the other one.
        const up = { ...CALM, reorder: 0.05, delayUs: 20 };
        return { ...plan, boards: plan.boards.map((board) => ({ ...board, cable: { up, down: CALM } })) };
      }),
    );
    assert.equal(failure, undefined);
    assert.ok(faults['reordered']! > 40, `${faults['reordered']} reordered`);
    assert.ok(counters['retransmittedBytes']! < 30_000, `${counters['retransmittedBytes']} bytes repeated`);
    assert.equal(counters['timeouts'], 0);
  });

  it('a board whose front-end falls silent stops when its lease ends, in the middle of its credit', async () => {
    const forUs = 6_000_000;
    const plan = download((calm) => ({
      ...calm,
      // Ten segments take longer than the lease of two seconds.
      boards: calm.boards.map((board) => ({ ...board, rateMbit: 0.04, sendFrames: 2 })),
      clients: calm.clients.map((client) => ({
        ...client,
        requests: [{ method: 'GET' as const, file: MEDIUM_FILE }],
      })),
      events: [{ atUs: 150_000, kind: 'frontEndUnplugged', forUs }],
    }));
    const textUs: number[] = [];
    const { failure } = await simulate(plan, {
      tap: (atUs, from, _to, bytes) => {
        if (from === 'board-1' && bytes[12] === 0x08 && bytes.length > 1_000) textUs.push(atUs);
      },
    });
    assert.equal(failure, undefined);
    // While the front-end was away: bytes for two seconds, then none.
    const begun = textUs[0]!;
    const during = textUs.filter((atUs) => atUs < begun + forUs - 200_000);
    assert.ok(during.length >= 4 && during.length < 10, `${during.length} segments`);
    assert.ok(during.at(-1)! - begun < 3_000_000, 'it is silent before the fourth second');
  });
});
