/** `board`: guest instructions for a full-size segment on the emulated board, SD read to frame sent. */
import { runBoard } from './board-run.js';
import { formatProfile, profileOf } from './profile.js';
import { result, type BenchResult } from './result.js';

const SEGMENT_BYTES = 1460;
const MARK = 150_000;
/** QEMU is slow at timers under -icount: some thousands of samples have to do. */
const PROFILE_INTERVAL_US = 499;

/** What the processor could move if nothing else were in the way, at one instruction a cycle. */
function megabytesPerSecond(mhz: number, instructions: number): number {
  return Number(((mhz * SEGMENT_BYTES) / instructions).toFixed(2));
}

const SEGMENTS = 2000;
const SHORT_SEGMENTS = 300;

export async function run(log: (line: string) => void, short = false): Promise<BenchResult> {
  const segments = short ? SHORT_SEGMENTS : SEGMENTS;
  const measured = await runBoard({ delegations: 1, segments });
  const instructions = measured.instructionsPerSegment;
  const profiled = await runBoard({ delegations: 1, segments, profileUs: PROFILE_INTERVAL_US });
  const w5500 = await runBoard({ delegations: 1, segments, nic: 'w5500' });
  const profile = profileOf(profiled.samples, profiled.firmware, instructions);
  log(formatProfile(profile));
  return result('board', instructions, 'instructions per segment', 'lower', MARK, {
    segments: measured.segments,
    steps: measured.results['steps'],
    megabytesPerSecondAt160MHz: megabytesPerSecond(160, instructions),
    megabytesPerSecondAt240MHz: megabytesPerSecond(240, instructions),
    w5500OverNullSpi: w5500.instructionsPerSegment,
    profile: Object.fromEntries(profile.blocks.map((row) => [row.block, row.instructions])),
  });
}
