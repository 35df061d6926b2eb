/** docs/conformance.md, made from the scripts. */
import { FOLDERS } from './index.js';
import { DEPARTURES, ELSEWHERE } from './other-rows.js';
import type { Statement } from './script.js';

interface Row extends Statement {
  readonly last: string;
}

const INTRODUCTION = `# Conformance

What the RFCs say of a TCP server, and the test that shows it. Made by \`npm run conformance-table\` from the scripts
in \`test/conformance\`; do not edit it by hand.

A script is a list of timed steps on a virtual clock: what a client sends, what the server must send and when, what the
program does and sees. A script is played over both versions of IP, and where the program writes twice each: the
front-end sends the text itself, and a board sends it as pseudo packets. The client's initial sequence number lies so near the end of its space that every
script crosses it.
`;

/** By RFC and section, as numbers. */
function inOrder(a: Statement, b: Statement): number {
  const parts = ({ rfc, section }: Statement): number[] =>
    [rfc.slice(4), ...section.split('.')].map((part) => Number.parseInt(part, 10));
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('*', '\\*');
}

function table(heads: readonly string[], rows: readonly Row[]): string {
  const lines = rows
    .toSorted(inOrder)
    .map(({ rfc, section, says, last }) => `| ${rfc} ${section} | ${cell(says)} | ${cell(last)} |`);
  return [`| ${heads.join(' | ')} |`, '| --- | --- | --- |', ...lines].join('\n');
}

export function conformancePage(): string {
  const scripted = Object.entries(FOLDERS).flatMap(([folder, scripts]) =>
    scripts.flatMap(({ title, covers }) => covers.map((each) => ({ ...each, last: `${folder}: ${title}` }))),
  );
  const elsewhere = ELSEWHERE.map((each) => ({ ...each, last: `${each.file}: ${each.test}` }));
  const departures = DEPARTURES.map((each) => ({ ...each, last: each.because }));
  const count = Object.values(FOLDERS).flat().length;
  return [
    INTRODUCTION,
    `## Scripts\n\n${count} scripts.\n`,
    table(['RFC', 'what it says', 'script'], scripted),
    '\n## Shown by other tests\n',
    table(['RFC', 'what it says', 'test'], elsewhere),
    '\n## Not so, deliberately\n',
    table(['RFC', 'what it says', 'what is done, and why'], departures),
    '',
  ].join('\n');
}
