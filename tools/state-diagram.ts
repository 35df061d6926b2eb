/**
 * Prints docs/state-machine.md from the tables of src/back-end/state-machine.ts (Fig. 12).
 *
 *   tsx tools/state-diagram.ts           writes the file
 *   tsx tools/state-diagram.ts --check   fails when the file is not what the tables say
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  BOARD_TABLE,
  BoardAction,
  BoardEvent,
  BoardState,
  SLOT_TABLE,
  SlotAction,
  SlotEvent,
  SlotState,
  type Transition,
} from '../src/back-end/state-machine.js';

type Names = Readonly<Record<string, number>>;

interface Machine {
  readonly title: string;
  readonly text: string;
  readonly table: readonly (readonly Transition<number, number>[])[];
  readonly states: Names;
  readonly events: Names;
  readonly actions: Names;
}

const MACHINES: readonly Machine[] = [
  {
    title: 'A delegation',
    text:
      'One instance a slot. `ready` is the free slot of Fig. 12: a command is received, decoded, executed, its ' +
      'result sent in pseudo packets, and the slot is ready again.',
    table: SLOT_TABLE,
    states: SlotState,
    events: SlotEvent,
    actions: SlotAction,
  },
  {
    title: 'The board',
    text: 'One instance. A session, and with it every delegation, outlives a link that goes down and a silent front-end.',
    table: BOARD_TABLE,
    states: BoardState,
    events: BoardEvent,
    actions: BoardAction,
  },
];

const ANOMALY = 'anomaly';

/** The whole page. */
export function stateMachinePage(): string {
  const head = [
    '# State machines of the firmware',
    '',
    'Printed from `src/back-end/state-machine.ts` by `tools/state-diagram.ts`; do not edit. What the names mean is',
    'said there. An arrow reads _event / action_; a pair that has no entry in the tables is impossible: the firmware',
    'counts it as an anomaly and changes nothing.',
  ];
  return [...head, ...MACHINES.flatMap(section)].join('\n') + '\n';
}

function section(machine: Machine): string[] {
  return [
    '',
    `## ${machine.title}`,
    '',
    machine.text,
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...arrows(machine),
    '```',
    '',
    ...matrix(machine),
  ];
}

function nameOf(names: Names, value: number): string {
  const name = Object.keys(names).find((key) => names[key] === value);
  if (name === undefined) throw new Error(`no name for ${value}`);
  return name;
}

/** Changes of state; what leaves the state as it is stands in the table only. */
function arrows(machine: Machine): string[] {
  const { table, states, events, actions } = machine;
  const [first] = Object.keys(states);
  const lines = [`    [*] --> ${first}`];
  for (const [state, number] of Object.entries(states)) {
    for (const [event, i] of Object.entries(events)) {
      const { action, next } = table[number]![i]!;
      if (next === number) continue;
      lines.push(`    ${state} --> ${nameOf(states, next)} : ${event} / ${nameOf(actions, action)}`);
    }
  }
  return lines;
}

/** Every pair: the action, and the next state where it is another one. */
function matrix(machine: Machine): string[] {
  const { table, states, events, actions } = machine;
  const columns = Object.entries(states);
  const cells = [['', ...columns.map(([state]) => state)]];
  for (const [event, i] of Object.entries(events)) {
    const row = columns.map(([, number]) => {
      const { action, next } = table[number]![i]!;
      const name = nameOf(actions, action);
      if (name === ANOMALY) return '';
      return next === number ? name : `${name} → ${nameOf(states, next)}`;
    });
    cells.push([`**${event}**`, ...row]);
  }
  const widths = cells[0]!.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)];
}

function main(): void {
  const path = fileURLToPath(new URL('../docs/state-machine.md', import.meta.url));
  const page = stateMachinePage();
  if (!process.argv.includes('--check')) {
    writeFileSync(path, page);
    return;
  }
  if (readFileSync(path, 'utf8') !== page) {
    console.error('docs/state-machine.md is not what the tables say; run: npx tsx tools/state-diagram.ts');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
