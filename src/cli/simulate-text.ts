/** What `atcp simulate` says at the end. */
import type { Result } from '../simulation/index.js';

export interface Summary {
  /** Of all results. */
  readonly sum: Result;
  readonly seeds: number;
  readonly failed: number;
  readonly seconds: number;
  /** The first seed, when there were several. */
  readonly first?: number;
  readonly interrupted?: boolean;
}

export function summaryText({ sum, seeds, failed, seconds, first, interrupted }: Summary): string {
  const range = first === undefined || seeds < 2 ? '' : ` (${first} … ${first + seeds - 1})`;
  const perSeed = seeds === 0 ? '' : `, ${Math.round((seconds * 1000) / seeds)} ms each`;
  const lines = [
    `${interrupted === true ? 'interrupted: ' : ''}${number(seeds)} seeds${range}, ${number(failed)} failed, ` +
      `${seconds.toFixed(1)} s${perSeed}`,
    `  ${number(sum.connections)} connections, ${number(sum.replies)} replies (${number(sum.refusals)} refused), ` +
      `${number(sum.bytes)} bytes compared, ${number(sum.frames)} frames, ` +
      `${number(Math.round(sum.virtualUs / 1e6))} virtual seconds`,
    `  faults: ${table(sum.faults)}`,
    `  events: ${table(sum.happened)}`,
    `  counters: ${table(sum.counters)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function table(values: Readonly<Record<string, number>>): string {
  const entries = Object.entries(values).filter(([, value]) => value > 0);
  if (entries.length === 0) return 'none';
  return entries.map(([name, value]) => `${words(name)} ${number(value)}`).join(', ');
}

/** "lostInBursts" → "lost in bursts". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
