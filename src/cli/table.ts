/** Tables of plain text. */

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

const GAP = '  ';

/** Lines without their ends; every row has a cell for each column. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [titles, ...rows].map((row) =>
    row
      .map((cell, i) => (columns[i]!.right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join(GAP)
      .trimEnd(),
  );
}

export function formatCount(n: number): string {
  return n.toLocaleString('en');
}

/** "0.35 s", "12 s", "3 min", "5 h". */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
