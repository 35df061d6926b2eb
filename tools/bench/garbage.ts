/**
 * `garbage`: bytes allocated on the XS heap for each segment or datagram in steady state, and for each command that is answered
 * with a page of a directory or with a relayed reply, by counting; the largest of them.
 */
import { runBoard, type BoardRun } from './board-run.js';
import { Workload } from './device/workload.js';
import { result, type BenchResult } from './result.js';

/** On a 32-bit XS. */
const SLOT_BYTES = 16;
const SEGMENTS = 2000;
const SHORT_SEGMENTS = 100;
const COMMANDS = 200;
const SHORT_COMMANDS = 20;
const WARM_UP_COMMANDS = 20;

export async function run(_log: (line: string) => void, short = false): Promise<BenchResult> {
  const segments = short ? SHORT_SEGMENTS : SEGMENTS;
  const commands = short ? SHORT_COMMANDS : COMMANDS;
  const answering = { delegations: 1, segments: commands, warmUp: WARM_UP_COMMANDS };
  const one = await runBoard({ delegations: 1, segments });
  const many = await runBoard({ delegations: 16, segments });
  const datagrams = await runBoard({ delegations: 4, segments, workload: Workload.datagrams });
  const list = await runBoard({ ...answering, workload: Workload.list });
  const relay = await runBoard({ ...answering, workload: Workload.relay });
  const runs = [one, many, datagrams, list, relay];
  const collections = runs.reduce((sum, run) => sum + run.results['collections']!, 0);
  const figures = {
    oneDelegation: allocated(one) / one.segments,
    sixteenDelegations: allocated(many) / many.segments,
    datagrams: allocated(datagrams) / datagrams.segments,
    list: allocated(list) / commands,
    relay: allocated(relay) / commands,
  };
  // A collection would hide what was allocated; there is none without allocation.
  const value = Math.max(...Object.values(figures)) + collections;
  return result('garbage', value, 'bytes per segment', 'lower', 0, {
    segments: one.segments + many.segments + datagrams.segments,
    commands: 2 * commands,
    ...figures,
    collections,
  });
}

function allocated({ results }: BoardRun): number {
  return results['slots']! * SLOT_BYTES + results['chunkBytes']!;
}
