/**
 * Runs in the client's namespace: fetches every file of the sample with the real curl and compares. Arguments: the
 * list of files as JSON.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SampleFile } from './sample-site.js';

const files = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as SampleFile[];
const url = process.env['ATCP_URL']!;
let failed = 0;

function curl(...args: string[]): { output: Buffer; problem: string } {
  const run = spawnSync('curl', ['--silent', '--show-error', '--max-time', '60', ...args], {
    maxBuffer: 64 << 20,
  });
  const problem =
    run.error?.message ?? (run.status === 0 ? '' : `curl ended with ${run.status}: ${run.stderr}`);
  return { output: run.stdout ?? Buffer.alloc(0), problem };
}

function report(what: string, problem: string): void {
  if (problem !== '') failed++;
  process.stdout.write(
    `  ${problem === '' ? 'ok    ' : 'FAILED'}  ${what}${problem === '' ? '' : `: ${problem}`}\n`,
  );
}

function fetch(file: SampleFile, base: string, over: string): void {
  const { output, problem } = curl('--fail', '--globoff', `${base}/${encodeURI(file.path)}`);
  const sha256 = createHash('sha256').update(output).digest('hex');
  const difference = sha256 === file.sha256 ? '' : `${output.length} bytes came, and they are not the file's`;
  report(`GET ${file.path} (${file.bytes} bytes)${over}`, problem || difference);
}

for (const file of files) fetch(file, url, '');

const url6 = process.env['ATCP_URL6'];
const largest = files.reduce((one, other) => (other.bytes > one.bytes ? other : one));
if (url6 !== undefined) fetch(largest, url6, ' over IPv6');
else process.stdout.write('  left out: IPv6, which the kernel of this machine does not have\n');

const missing = curl('--output', '/dev/null', '--write-out', '%{http_code}', `${url}/no-such-file`);
report(
  'GET a file that is not there is a 404',
  missing.problem || (missing.output.toString() === '404' ? '' : `it is ${missing.output}`),
);

const head = curl('--head', `${url}/files/1460.bin`);
report(
  'HEAD names the length',
  head.problem || (/content-length: 1460\r/i.test(head.output.toString()) ? '' : head.output.toString()),
);

const two = curl(
  '--write-out',
  '%{num_connects} ',
  '--output',
  '/dev/null',
  `${url}/index.html`,
  '--output',
  '/dev/null',
  `${url}/files/1.bin`,
);
report(
  'two requests share one connection',
  two.problem || (two.output.toString().trim() === '1 0' ? '' : `connections made: ${two.output}`),
);

process.exit(failed === 0 ? 0 : 1);
