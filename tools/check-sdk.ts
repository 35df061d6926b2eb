/**
 * `npm run check:sdk`: the firmware under the Moddable SDK that MODDABLE names. Links the ESP32-S3 board, then links the
 * test vectors, preloaded, for this machine and runs them. A warning about a file of the project is a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flashSizes, linkForEsp32, linkForThisMachine } from './sdk/link.js';
import { problemsOf, readProgram } from './sdk/manifests.js';
import { checkPrograms, findSdk, type ModdableSdk, runWithSdk, SdkError } from './sdk/moddable.js';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const BOARD = { manifest: 'manifest.json', platform: 'esp32:./hosts/esp32/s3_dev_board' };
const VECTORS = 'test/vectors/linked/manifest.json';

function say(line: string): void {
  process.stdout.write(`check:sdk: ${line}\n`);
}

function checkManifests(): void {
  for (const manifest of [BOARD.manifest, VECTORS]) {
    const problems = problemsOf(PROJECT, readProgram(PROJECT, manifest));
    if (problems.length > 0) throw new SdkError(`${manifest}:\n${problems.join('\n')}`);
  }
}

function expectNoWarnings(what: string, warnings: readonly string[]): void {
  if (warnings.length > 0) throw new SdkError(`${what}: ${warnings.length} warnings\n${warnings.join('\n')}`);
}

/** One step a line would be hundreds: they overwrite each other on a terminal, and are not shown elsewhere. */
function showStep(step: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\x1b[2K${step.slice(0, process.stdout.columns - 1)}\r`);
}

async function linkBoard(sdk: ModdableSdk, folder: string): Promise<void> {
  say(`linking the ESP32-S3 board with ${sdk.folder}; this takes minutes`);
  const linked = await linkForEsp32({ sdk, project: PROJECT, ...BOARD, folder, onStep: showStep });
  expectNoWarnings('the ESP32-S3 board', linked.warnings);
  const { slots, slotBytes, keys, aliases } = flashSizes(linked);
  say(
    `linked without a warning: ${slots} slots (${slotBytes} bytes) in flash, ${keys} names, ${aliases} aliases`,
  );
  say('the C files for the ESP32 were not compiled; ESP-IDF does that');
}

async function runVectors(sdk: ModdableSdk, folder: string): Promise<void> {
  say('linking the preloaded vectors for this machine');
  const platform = `x-cli-${sdk.machine}`;
  const request = { sdk, project: PROJECT, manifest: VECTORS, platform, folder, onStep: showStep };
  const { executable, warnings } = await linkForThisMachine(request);
  expectNoWarnings('the vectors', warnings);
  const { status, lines } = await runWithSdk(sdk, PROJECT, [executable]);
  const failed = lines.filter((line) => line.startsWith('not ok'));
  const passed = lines.filter((line) => line.startsWith('ok')).length;
  if (status !== 0 || failed.length > 0 || passed === 0) {
    throw new SdkError(`preloaded vectors failed (status ${status}):\n${lines.join('\n')}`);
  }
  say(`${passed} preloaded vectors passed`);
}

async function main(): Promise<void> {
  const sdk = findSdk(process.env);
  checkPrograms(sdk);
  checkManifests();
  const folder = mkdtempSync(join(tmpdir(), 'atcp-sdk-'));
  try {
    await linkBoard(sdk, folder);
    await runVectors(sdk, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SdkError)) throw error;
  process.stderr.write(`check:sdk: ${error.message}\n`);
  process.exitCode = 1;
}
