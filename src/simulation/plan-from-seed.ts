/** Draws a {@link Plan} from a seed. */
import { Random } from '../lab/switch/random.js';
import type {
  BoardPlan,
  CablePlan,
  ClientPlan,
  Ending,
  EventPlan,
  FrontEndPlan,
  LinkFaults,
  Plan,
  RequestPlan,
} from './plan.js';
import { FILE_SIZES, SMALL_FILES } from './site.js';

const STREAM = 0x9_1a4;

/** Draws from a generator. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number, stream: number) {
    this.#random = new Random(seed, stream);
  }

  chance(p: number): boolean {
    return this.#random.chance(p);
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }

  /** A whole number whose logarithm is evenly spread. */
  spread(low: number, high: number): number {
    return Math.round(low * Math.exp((this.#random.below(1 << 24) / (1 << 24)) * Math.log(high / low)));
  }

  pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }
}

/** How bad a network is; most are good. */
type Weather = 'clear' | 'fair' | 'foul';

export function planFromSeed(seed: number): Plan {
  const dice = new Dice(seed, STREAM);
  const boards = Array.from({ length: dice.pick([1, 1, 2, 2, 3, 4]) }, () => board(dice));
  const clients: ClientPlan[] = [];
  for (let count = dice.pick([1, 1, 2, 2, 3, 4, 5]); count > 0; count--)
    clients.push(client(dice, clients.length));
  return { seed, boards, frontEnd: frontEnd(dice), clients, events: events(dice, boards.length, clients) };
}

function weather(dice: Dice): Weather {
  return dice.pick(['clear', 'clear', 'fair', 'fair', 'foul']);
}

function probability(dice: Dice, sky: Weather, worst: number): number {
  if (sky === 'clear' || dice.chance(0.4)) return 0;
  return dice.spread(1, sky === 'fair' ? 20 : 100) * (worst / 100);
}

function faults(dice: Dice, sky: Weather, delayUs: number): LinkFaults {
  const bursts = sky === 'foul' && dice.chance(0.2);
  return {
    loss: probability(dice, sky, 0.06),
    duplicate: probability(dice, sky, 0.05),
    reorder: probability(dice, sky, 0.1),
    corrupt: probability(dice, sky, 0.02),
    delayUs,
    jitterUs: dice.chance(0.3) ? dice.whole(0, delayUs) : 0,
    burstEveryUs: bursts ? dice.spread(300_000, 5_000_000) : 0,
    burstUs: bursts ? dice.spread(1_000, 200_000) : 0,
  };
}

function cable(dice: Dice, slowestUs: number): CablePlan {
  const sky = weather(dice);
  const delayUs = dice.spread(10, slowestUs);
  return { up: faults(dice, sky, delayUs), down: faults(dice, sky, delayUs) };
}

function board(dice: Dice): BoardPlan {
  return {
    cable: cable(dice, 2_000),
    rateMbit: dice.pick([0.2, 1, 10, 10, 100, 100, 100, 1000, 1000, 1000]),
    sendFrames: dice.pick([4, 10, 32]),
    receiveFrames: dice.pick([8, 16, 64]),
    clockUs: dice.spread(1, 2 ** 40),
    driftPpm: dice.chance(0.7) ? dice.whole(-100, 100) : dice.whole(-20_000, 20_000),
    stepUs: dice.spread(5, 200),
    seekUs: dice.spread(20, 3_000),
    sectorUs: dice.spread(4, 100),
    wrongBit: dice.chance(0.06) ? dice.spread(1, 100) / 1000 : 0,
    slots: dice.pick([2, 8, 16, 16]),
    buffers: dice.pick([8, 16, 16, 32]),
    rememberedIds: dice.pick([16, 256]),
  };
}

function frontEnd(dice: Dice): FrontEndPlan {
  return {
    cable: cable(dice, 1_000),
    drainUs: dice.pick([0, 50, 200, 1_000]),
    receiveFrames: dice.pick([128, 1024]),
    mode: dice.chance(0.3) ? 'relayed' : 'decoded',
    timestamps: dice.chance(0.5),
  };
}

const ENDINGS: readonly Ending[] = [
  ...(['close', 'close', 'close', 'serverCloses', 'serverCloses', 'halfClose'] as const),
  ...(['reset', 'vanish', 'idle'] as const),
];

function client(dice: Dice, index: number): ClientPlan {
  const slow = dice.chance(0.12);
  const windowShift = dice.chance(0.7) ? dice.whole(0, 9) : -1;
  const largest = windowShift < 0 ? 0xffff : 0xffff << Math.min(windowShift, 4);
  const requests = workload(dice);
  const follows = index > 0 && dice.chance(0.2);
  return {
    cable: cable(dice, dice.pick([500, 10_000, 80_000])),
    startUs: follows ? dice.spread(1, 1_000_000) : dice.whole(0, 400_000),
    ...(follows ? { after: dice.whole(0, index - 1) } : {}),
    ipv6: dice.chance(0.3),
    mss: dice.pick([1460, 1460, 1448, 1400, 1220, 536]),
    bufferBytes: Math.min(largest, dice.spread(4_000, 1_000_000)),
    windowShift,
    sack: dice.chance(0.75),
    timestamps: dice.chance(0.5),
    ackEvery: dice.pick([1, 2, 2, 2, 4, 16]),
    ackDelayUs: dice.pick([1_000, 40_000, 40_000, 200_000]),
    readBytesPerMs: slow ? dice.spread(20, 2_000) : 0,
    pauseAfterBytes: dice.chance(0.1) ? dice.spread(1_000, 300_000) : 0,
    pauseUs: dice.spread(10_000, 8_000_000),
    pipeline: dice.pick([1, 1, 1, 2, 8]),
    requests,
    ending: dice.pick(ENDINGS),
    endsAfterBytes: dice.spread(1, 200_000),
  };
}

function workload(dice: Dice): RequestPlan[] {
  const count = dice.pick([1, 1, 2, 3, 5, 8, 20]);
  const large = dice.chance(0.06);
  return Array.from({ length: count }, (_, i) => {
    const file = large && i === 0 ? FILE_SIZES.length - 1 : fileNumber(dice, count);
    return request(dice, file);
  });
}

function fileNumber(dice: Dice, count: number): number {
  if (dice.chance(0.06)) return FILE_SIZES.length;
  return dice.chance(count > 3 ? 0.85 : 0.5)
    ? dice.whole(0, SMALL_FILES - 1)
    : dice.whole(SMALL_FILES, FILE_SIZES.length - 2);
}

function request(dice: Dice, file: number): RequestPlan {
  const method = dice.chance(0.07) ? 'HEAD' : 'GET';
  const size = FILE_SIZES[file] ?? 0;
  if (size > 1 && dice.chance(0.15)) {
    const first = dice.whole(0, size - 1);
    return { method: 'GET', file, range: [first, dice.whole(first, size - 1)] };
  }
  return dice.chance(0.1) ? { method, file, conditional: true } : { method, file };
}

function events(dice: Dice, boards: number, clients: readonly ClientPlan[]): EventPlan[] {
  if (dice.chance(0.45)) return [];
  return Array.from({ length: dice.pick([1, 1, 2, 4]) }, () => event(dice, boards, clients.length)).sort(
    (a, b) => a.atUs - b.atUs,
  );
}

function event(dice: Dice, boards: number, clients: number): EventPlan {
  const atUs = dice.spread(1_000, 3_000_000);
  const board = dice.whole(0, boards - 1);
  switch (dice.whole(0, 15)) {
    case 0:
    case 1:
    case 2:
      return { atUs, kind: 'reboot', board, forUs: dice.spread(1_000, 6_000_000) };
    case 3:
    case 4:
      return { atUs, kind: 'freeze', board, forUs: dice.spread(1_000, 5_000_000) };
    case 5:
      return { atUs, kind: 'cardErrors', board, forUs: dice.spread(1_000, 2_000_000) };
    case 6:
      return { atUs, kind: 'cardPulled', board, forUs: dice.spread(10_000, 4_000_000) };
    case 7:
    case 8:
      return { atUs, kind: 'boardUnplugged', board, forUs: dice.spread(1_000, 5_000_000) };
    case 9:
    case 10:
      return {
        atUs,
        kind: 'clientUnplugged',
        client: dice.whole(0, clients - 1),
        forUs: dice.spread(1_000, 3_000_000),
      };
    case 11:
      return { atUs, kind: 'frontEndUnplugged', forUs: dice.spread(1_000, 800_000) };
    case 12:
    case 13:
      return { atUs, kind: 'frontEndPaused', forUs: dice.spread(1_000, 3_000_000) };
    case 14:
      return dice.chance(0.3)
        ? { atUs, kind: 'frontEndRestarted' }
        : { atUs, kind: 'frontEndPaused', forUs: dice.spread(1_000, 100_000) };
    default:
      return { atUs, kind: 'attack', frames: dice.spread(1, 200) };
  }
}
