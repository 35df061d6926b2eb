/** hosts/esp32 on Node: its modules over {@link soc} in place of the SDK and of C. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type * as Firmware from '../../../hosts/esp32/firmware.js';
import type * as SpiBusModule from '../../../hosts/esp32/spi-bus.js';
import type * as SocModule from './soc.js';

export type Program = typeof Firmware & typeof SpiBusModule & { soc: typeof SocModule.soc };

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SOC = join(HERE, 'soc.ts');
const HOST = join(HERE, '../../../hosts/esp32');

const sdk: Plugin = {
  name: 'sdk',
  setup(builder) {
    const exported: Record<string, string> = {
      'embedded:io/spi': 'SPI',
      'embedded:io/digital': 'Digital',
      timer: 'Timer',
    };
    builder.onResolve({ filter: /^(?:embedded:.*|timer)$/ }, ({ path }) => ({ path, namespace: 'sdk' }));
    builder.onLoad({ filter: /.*/, namespace: 'sdk' }, ({ path }) => ({
      contents: `export { ${exported[path]} as default } from ${JSON.stringify(SOC)};`,
      resolveDir: HERE,
    }));
    builder.onResolve({ filter: /\/native\.js$/ }, () => ({ path: SOC }));
  },
};

export async function loadProgram(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-esp32-'));
  try {
    const outfile = join(folder, 'program.mjs');
    const contents = ['firmware.ts', 'spi-bus.ts'].map(
      (name) => `export * from ${JSON.stringify(join(HOST, name))};`,
    );
    contents.push(`export { soc } from ${JSON.stringify(SOC)};`);
    await build({
      stdin: { contents: contents.join('\n'), resolveDir: HERE },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2024',
      logLevel: 'silent',
      plugins: [sdk],
    });
    return (await import(pathToFileURL(outfile).href)) as Program;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
