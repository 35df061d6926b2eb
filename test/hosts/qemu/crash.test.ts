import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildFirmware, machineCommand } from '../../../hosts/qemu/launch.js';

/** What the UART says until the firmware has started `boots` times, or until it ends. */
async function run(argument: string, boots: number): Promise<{ lines: string[]; status: number | null }> {
  const firmware = await buildFirmware('test/hosts/qemu/device/faults.js');
  const command = machineCommand(firmware, argument);
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (lines.filter((each) => each === 'ready').length === boots) child.kill('SIGTERM');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { lines, status };
}

describe('the emulated board: crashes', function () {
  this.timeout(180_000);

  it('runs a program and ends with its status', async () => {
    assert.deepEqual(await run('nothing', 2), { lines: ['ready'], status: 7 });
  });

  it('catches exceptions, from host functions too, and goes on', async () => {
    assert.deepEqual(await run('catch', 2), { lines: ['ready'], status: 7 });
  });

  const crashes: readonly [string, RegExp, string][] = [
    ['memory', /^crash: out of memory$/, 'fillMemory'],
    ['stack', /^crash: stack overflow$/, 'recurse'],
    ['flash', /^crash: pc 0x[0-9a-f]{8} .* a write into flash$/, 'main'],
    ['instruction', /^crash: illegal instruction$/, 'crashNow'],
    ['hang', /^crash: watchdog: the main loop does not come round$/, 'hang'],
    ['throw', /^crash: Error: thrown on purpose$/, ''],
  ];
  for (const [argument, reason, frame] of crashes)
    it(`${argument}: prints the reason and the last frames, and restarts`, async () => {
      const { lines } = await run(argument, 2);
      assert.ok(
        lines.some((line) => reason.test(line)),
        lines.join('\n'),
      );
      if (frame !== '') assert.ok(lines.includes(`crash:   at ${frame}`), lines.join('\n'));
      assert.equal(lines[0], 'ready');
      assert.deepEqual(lines.slice(-2), ['crash: restarting', 'ready']);
    });
});
