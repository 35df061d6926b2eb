/**
 * `memory`: bytes of RAM on the emulated board while 16 delegations are served. XS's built-ins are counted although
 * they lie in flash there: a board whose firmware is not preloaded has them in RAM.
 */
import { runBoard } from './board-run.js';
import { result, type BenchResult } from './result.js';

const DELEGATIONS = 16;
const MARK = 262_144;
const SEGMENTS = 1000;
const SHORT_SEGMENTS = 100;

export async function run(_log: (line: string) => void, short = false): Promise<BenchResult> {
  const measured = await runBoard({
    delegations: DELEGATIONS,
    segments: short ? SHORT_SEGMENTS : SEGMENTS,
  });
  const { results, memoryAtBoot: m, memoryAtEnd: end } = measured;
  if (results['slotsUsed'] !== DELEGATIONS)
    throw new Error(`only ${results['slotsUsed']} delegations were served`);
  // The firmware makes everything before it serves; what came later is the bench's own front-end (see `garbage`).
  const served = results['slots']! + results['chunkBytes']! + results['collections']!;
  if (served !== 0) throw new Error('serving allocates: the figure at boot is not the whole');
  const parts = {
    xsSlots: m['slotArena']!,
    xsChunks: m['chunkArena']!,
    xsStack: m['xsStack']!,
    xsBuiltIns: m['builtIns']!,
    cStacks: m['cStack']!,
    cVariables: m['variables']!,
    nicDma: m['dma']!,
  };
  const value = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return result('memory', value, 'bytes', 'lower', MARK, {
    ...parts,
    inRamOfTheBoard: value - parts.xsBuiltIns,
    ofXsChunks: {
      unitBuffers: results['unitBufferBytes'],
      sectorCaches: results['sectorCacheBytes'],
      frames: results['frameBytes'],
    },
    delegations: DELEGATIONS,
    xsStackUsed: end['xsStackUsed'],
    cStackUsed: end['cStackUsed'],
    unitBuffersUsed: results['buffersHighWater'],
    preloadedInFlash: m['preloaded'],
    ramOfTheBoard: m['ram'],
  });
}
