#!/usr/bin/env node
// The `atcp` command: finds the compiled program, or says how to get it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`atcp needs Node.js 20.19 or newer, and this is ${process.versions.node}\n`);
  process.exit(1);
}
const main = new URL('../../dist/src/cli/main.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  process.stderr.write("atcp is not built yet: run 'npm run setup' in its folder first\n");
  process.exit(1);
}
await import(main.href);
