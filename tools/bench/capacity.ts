/**
 * `capacity`: client connections that one front-end holds open. Each is opened by a handshake of real frames, gets an
 * object from a board (the real firmware, in the same process) over HTTP, and rests; when all of them are open each
 * asks once more and is answered. Memory is that of the front-end with its web service.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeVolume } from '../../src/volume/tool/make.js';
import { content, inFolder, runProgram } from './lab/laboratory.js';
import { result, type BenchResult } from './result.js';

const MARK = 10_000;
const CONNECTIONS = 100_000;
const OBJECT_BYTES = 1_000;
const CARD_BYTES = 8 << 20;

interface Held {
  readonly held: number;
  readonly answers: number;
  readonly stillOpen: number;
  readonly bytesEach: { readonly heap: number; readonly buffers: number; readonly resident: number };
}

export async function run(log: (line: string) => void): Promise<BenchResult> {
  log(`${CONNECTIONS} connections, two requests each: a minute or two`);
  const measured = await inFolder(measure);
  const { held, answers, stillOpen, ...detail } = measured;
  if (answers !== 2 * CONNECTIONS) throw new Error(`${answers} answers for ${2 * CONNECTIONS} requests`);
  return result('capacity', Math.min(held, stillOpen), 'connections', 'higher', MARK, {
    ...detail,
    answers,
    objectBytes: OBJECT_BYTES,
  });
}

async function measure(folder: string): Promise<Held> {
  const site = join(folder, 'site');
  const image = join(folder, 'card.img');
  const file = join(site, 'object.bin');
  mkdirSync(site);
  writeFileSync(file, content(OBJECT_BYTES, 1));
  await makeVolume({ image, from: site, sizeBytes: CARD_BYTES });
  // The compiled program: a compiler in the process would be measured, too.
  const main = fileURLToPath(new URL('../../dist/tools/bench/capacity/main.js', import.meta.url));
  const options = ['--expose-gc', '--max-old-space-size=8192', main];
  const run = await runProgram(process.execPath, [...options, `${CONNECTIONS}`, image, 'object.bin', file]);
  if (run.status !== 0) throw new Error(`the front-end ended with status ${run.status}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Held;
}
