/** The page that stands for a directory without an index: names, sizes, dates; directories first. */
import type { DirectoryEntry } from './back-ends.js';

const NATURAL_ORDER = new Intl.Collator('en', { numeric: true });
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

const STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}' +
  'td,th{padding:0 1.5rem 0 0;text-align:left}td:nth-child(2){text-align:right}h1{font-size:1.4rem}';

/** Nothing in the page may run or load anything, whatever the names say. */
export const DIRECTORY_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

/** `directory`: its components joined by '/', empty for the root. `left`: more entries there are, not named here. */
export function directoryPage(directory: string, entries: readonly DirectoryEntry[], left: boolean): string {
  const title = escapeHtml(`/${directory}${directory === '' ? '' : '/'}`);
  const rows = [...entries].map(withOwnName).sort(inOrder).map(row);
  if (directory !== '') rows.unshift('<tr><td><a href="../">..</a></td><td></td><td></td></tr>');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<table>
<tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr>
${rows.join('\n')}
</table>
${left ? '<p>There are more entries; this page names no more.</p>\n' : ''}</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** One component of a path, percent-encoded: neither ':' nor '//' in it can make another address of the link. */
export function encodeComponent(component: string): string {
  return encodeURIComponent(component.replace(/\p{Surrogate}/gu, '\ufffd'));
}

function withOwnName(entry: DirectoryEntry): DirectoryEntry {
  return { ...entry, name: entry.name.slice(entry.name.lastIndexOf('/') + 1) };
}

function inOrder(a: DirectoryEntry, b: DirectoryEntry): number {
  if (a.kind !== b.kind) return a.kind === 'directory' ? -1 : 1;
  return NATURAL_ORDER.compare(a.name, b.name);
}

function row({ name, kind, size, modifiedMs }: DirectoryEntry): string {
  const slash = kind === 'directory' ? '/' : '';
  const link = `<a href="${encodeComponent(name)}${slash}">${escapeHtml(name)}${slash}</a>`;
  return `<tr><td>${link}</td><td>${kind === 'directory' ? '' : sizeText(size)}</td><td>${dateText(modifiedMs)}</td></tr>`;
}

/** Three digits, as people read them; the exact number on hovering. */
function sizeText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `<span title="${bytes} bytes">${text} ${UNITS[unit]}</span>`;
}

function dateText(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '';
  const iso = date.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)}</time>`;
}
