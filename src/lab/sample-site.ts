/** The sample that `npm start` serves: a page with pictures and a few files, made on the spot. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, crc32 as zlibCrc32 } from 'node:zlib';

export interface SampleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const PICTURES = 6;
const DOWNLOADS = [0, 1, 1447, 1448, 1449, 1459, 1460, 1461, 65_536, 1_048_576, 20_971_520];

/** Fills `directory`; returns what is in it. The same bytes each time. */
export function makeSampleSite(directory: string): SampleFile[] {
  const files: SampleFile[] = [];
  const add = (path: string, content: Uint8Array): void => {
    const target = join(directory, path);
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, content);
    files.push({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
  };
  for (let i = 0; i < PICTURES; i++) add(`pictures/plate ${i + 1}.png`, picture(320, 200, i));
  for (const bytes of DOWNLOADS) add(`files/${bytes}.bin`, noise(bytes));
  add('files/Grüße aus dem Kartenleser.txt', Buffer.from('Straight from the card.\n'));
  add('index.html', Buffer.from(page(files)));
  return files;
}

function page(files: readonly SampleFile[]): string {
  const link = (file: SampleFile): string => encodeURI(file.path);
  const pictures = files.filter((f) => f.path.endsWith('.png'));
  const downloads = files.filter((f) => f.path.startsWith('files/'));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Served by a board</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1d2733 }
  h1 { font-size: 1.6rem } figure { margin: 0 } code { background: #eef2f5; padding: 0 .3em }
  .plates { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem }
  img { width: 100%; border-radius: 6px; display: block } td { padding: .1rem 1.5rem .1rem 0 }
</style>
<h1>This page came from an SD card, around the server</h1>
<p>The front-end shook hands and read the request. A board without a TCP/IP stack read its card and sent the
answer straight to the client, in packets that carry the front-end's address.</p>
<div class="plates">
${pictures.map((f) => `<figure><img src="${link(f)}" alt="${f.path}"></figure>`).join('\n')}
</div>
<h2>Files</h2>
<table>
${downloads.map((f) => `<tr><td><a href="${link(f)}">${f.path.slice(6)}</a></td><td>${f.bytes.toLocaleString('en')} bytes</td></tr>`).join('\n')}
</table>
`;
}

/** Bytes that do not compress and differ at every offset: a linear congruential generator (Numerical Recipes). */
function noise(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  let state = bytes >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    content[i] = state >>> 24;
  }
  return content;
}

/** A PNG (RFC 2083), 8-bit RGB: interference of two waves, tinted by `plate`. */
function picture(width: number, height: number, plate: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * (1 + 3 * width) + 1 + 3 * x;
      const a = Math.sin(Math.hypot(x - 60, y - 100) / (5 + plate));
      const b = Math.sin(Math.hypot(x - 260, y - 100) / (9 - plate));
      const level = 127 + 60 * (a + b);
      rows[at] = level * (0.4 + 0.1 * plate);
      rows[at + 1] = level * 0.8;
      rows[at + 2] = level * (1 - 0.1 * plate);
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(content.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(zlibCrc32(body), body.length + 4);
  return chunk;
}
