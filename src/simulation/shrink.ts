/** Makes a failing plan smaller while it still fails: what is left is what matters. */
import type { BoardPlan, CablePlan, ClientPlan, EventPlan, LinkFaults, Plan } from './plan.js';

export interface ShrinkOptions {
  /** Whether a plan fails as the first one did. */
  readonly fails: (plan: Plan) => Promise<boolean>;
  /** Runs that may be spent. */
  readonly mostRuns?: number;
}

const MOST_RUNS = 400;
const KINDS = ['loss', 'duplicate', 'reorder', 'corrupt', 'jitterUs', 'burstEveryUs'] as const;

/** Returns the smallest plan that was found; the same one when nothing can go. */
export async function shrink(plan: Plan, options: ShrinkOptions): Promise<Plan> {
  let left = options.mostRuns ?? MOST_RUNS;
  let smallest = plan;
  for (let found = true; found && left > 0;) {
    found = false;
    for (const candidate of smallerPlans(smallest)) {
      if (left-- === 0) break;
      if (!(await options.fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Plans that have something less, the boldest steps first. */
function* smallerPlans(plan: Plan): Generator<Plan> {
  if (plan.events.length > 1) yield { ...plan, events: [] };
  for (let i = 0; i < plan.clients.length; i++) if (plan.clients.length > 1) yield withoutClient(plan, i);
  for (let i = plan.boards.length - 1; i >= 0; i--) if (plan.boards.length > 1) yield withoutBoard(plan, i);
  for (let i = 0; i < plan.events.length; i++)
    yield { ...plan, events: plan.events.filter((_, at) => at !== i) };
  yield* calmerPlans(plan);
  for (let i = 0; i < plan.clients.length; i++)
    for (const client of smallerClients(plan.clients[i]!))
      yield { ...plan, clients: plan.clients.with(i, client) };
  for (let i = 0; i < plan.boards.length; i++)
    for (const board of plainerBoards(plan.boards[i]!)) yield { ...plan, boards: plan.boards.with(i, board) };
  for (let i = 0; i < plan.events.length; i++)
    for (const event of shorterEvents(plan.events[i]!)) yield { ...plan, events: plan.events.with(i, event) };
}

function withoutClient(plan: Plan, gone: number): Plan {
  const clients = plan.clients
    .filter((_, i) => i !== gone)
    .map(({ after, ...client }): ClientPlan => {
      if (after === undefined || after === gone) return client;
      return { ...client, after: after > gone ? after - 1 : after };
    });
  const events = plan.events
    .filter((event) => !('client' in event) || event.client !== gone)
    .map((event) =>
      'client' in event && event.client > gone ? { ...event, client: event.client - 1 } : event,
    );
  return { ...plan, clients, events };
}

function withoutBoard(plan: Plan, gone: number): Plan {
  const events = plan.events
    .filter((event) => !('board' in event) || event.board !== gone)
    .map((event) => ('board' in event && event.board > gone ? { ...event, board: event.board - 1 } : event));
  return { ...plan, boards: plan.boards.filter((_, i) => i !== gone), events };
}

/** One cable, one direction, one kind of fault less. */
function* calmerPlans(plan: Plan): Generator<Plan> {
  for (const cable of calmerCables(plan.frontEnd.cable))
    yield { ...plan, frontEnd: { ...plan.frontEnd, cable } };
  for (let i = 0; i < plan.boards.length; i++)
    for (const cable of calmerCables(plan.boards[i]!.cable))
      yield { ...plan, boards: plan.boards.with(i, { ...plan.boards[i]!, cable }) };
  for (let i = 0; i < plan.clients.length; i++)
    for (const cable of calmerCables(plan.clients[i]!.cable))
      yield { ...plan, clients: plan.clients.with(i, { ...plan.clients[i]!, cable }) };
}

function* calmerCables({ up, down }: CablePlan): Generator<CablePlan> {
  const calmUp = calmed(up, KINDS);
  const calmDown = calmed(down, KINDS);
  if (calmUp !== up && calmDown !== down) yield { up: calmUp, down: calmDown };
  for (const kind of KINDS) {
    const lessUp = calmed(up, [kind]);
    if (lessUp !== up) yield { up: lessUp, down };
    const lessDown = calmed(down, [kind]);
    if (lessDown !== down) yield { up, down: lessDown };
  }
}

/** The same object when there is nothing to be calmed. */
function calmed(faults: LinkFaults, kinds: readonly (typeof KINDS)[number][]): LinkFaults {
  if (kinds.every((kind) => faults[kind] === 0)) return faults;
  return { ...faults, ...Object.fromEntries(kinds.map((kind) => [kind, 0])) };
}

function* smallerClients(client: ClientPlan): Generator<ClientPlan> {
  const { requests } = client;
  if (requests.length > 3) {
    const half = requests.length >> 1;
    yield { ...client, requests: requests.slice(0, half) };
    yield { ...client, requests: requests.slice(half) };
  }
  for (let i = 0; i < requests.length && requests.length > 1; i++)
    yield { ...client, requests: requests.filter((_, at) => at !== i) };
  const plainer: Partial<ClientPlan>[] = [
    { ending: 'close' },
    { ipv6: false },
    { pipeline: 1 },
    { pauseAfterBytes: 0 },
    { readBytesPerMs: 0 },
    { timestamps: false },
    { sack: true },
    { ackEvery: 2 },
    { mss: 1460 },
  ];
  for (const change of plainer)
    if (Object.entries(change).some(([name, value]) => client[name as keyof ClientPlan] !== value))
      yield { ...client, ...change };
}

function* plainerBoards(board: BoardPlan): Generator<BoardPlan> {
  if (board.wrongBit > 0) yield { ...board, wrongBit: 0 };
  if (board.driftPpm !== 0) yield { ...board, driftPpm: 0 };
}

function* shorterEvents(event: EventPlan): Generator<EventPlan> {
  if ('forUs' in event && event.forUs > 2_000) yield { ...event, forUs: event.forUs >> 1 };
  if ('frames' in event && event.frames > 1) yield { ...event, frames: event.frames >> 1 };
}
