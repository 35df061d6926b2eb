/** A directory of the PC as a volume will hold it: names checked and normalised, links followed, children sorted. */
import { readdirSync, statSync, type Stats } from 'node:fs';
import { checkPath } from '../path.js';
import { MAX_PATH_BYTES } from '../limits.js';
import { systemError, systemErrorCode, VolumeError } from './error.js';
import type { Pause } from './pause.js';

export interface SourceNode {
  /** Path in the volume: NFC, '/' between components; empty for the root. */
  readonly path: Uint8Array;
  /** Last component of {@link path}. */
  readonly name: Uint8Array;
  readonly isDirectory: boolean;
  /** Where it is on the PC. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** In the order of their names' bytes. */
  readonly children: readonly SourceNode[];
}

export interface SourceTree {
  readonly root: SourceNode;
  /** What was left out and why, one line each. */
  readonly skipped: readonly string[];
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { fatal: true });

/** The tree of an empty volume; the root's time is 0, so that empty volumes are equal. */
export const EMPTY_TREE: SourceTree = Object.freeze({
  root: {
    path: new Uint8Array(0),
    name: new Uint8Array(0),
    isDirectory: true,
    file: '',
    sizeBytes: 0,
    modifiedMs: 0,
    children: [],
  },
  skipped: [],
});

export async function readSourceTree(directory: string, pause: Pause): Promise<SourceTree> {
  const scan = new Scan(pause);
  const stats = statOf(directory);
  if (!stats.isDirectory()) {
    throw new VolumeError(`${directory} is not a directory`, 'name a directory to fill the volume from');
  }
  const root = await scan.directory('', '', directory, stats);
  return { root, skipped: scan.skipped };
}

class Scan {
  readonly skipped: string[] = [];
  private readonly pause: Pause;
  /** Device and inode of the directories above, to notice links that lead back up. */
  private readonly above = new Set<string>();

  constructor(pause: Pause) {
    this.pause = pause;
  }

  async directory(path: string, name: string, file: string, stats: Stats): Promise<SourceNode> {
    await this.pause.breathe();
    const identity = `${stats.dev}:${stats.ino}`;
    this.above.add(identity);
    const children: SourceNode[] = [];
    for (const [childName, childFile] of namesIn(file)) {
      const childPath = path === '' ? childName : `${path}/${childName}`;
      const child = await this.child(childPath, childName, childFile);
      if (child !== undefined) children.push(child);
    }
    this.above.delete(identity);
    children.sort((a, b) => Buffer.compare(a.name, b.name));
    return node(path, name, true, file, 0, stats, children);
  }

  private async child(path: string, name: string, file: string): Promise<SourceNode | undefined> {
    let stats: Stats;
    try {
      stats = statSync(file);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ELOOP') {
        throw systemError(`cannot read ${file}`, error);
      }
      this.skipped.push(`${file}: a symbolic link that leads nowhere`);
      return undefined;
    }
    if (stats.isFile()) return node(path, name, false, file, stats.size, stats, []);
    if (!stats.isDirectory()) {
      this.skipped.push(`${file}: neither a file nor a directory`);
      return undefined;
    }
    if (this.above.has(`${stats.dev}:${stats.ino}`)) {
      this.skipped.push(`${file}: a symbolic link to a directory that it is in`);
      return undefined;
    }
    return this.directory(path, name, file, stats);
  }
}

function statOf(file: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    throw systemError(`cannot read ${file}`, error);
  }
}

/** Normalised name and path on the PC of everything in a directory. */
function namesIn(directory: string): Map<string, string> {
  const names = new Map<string, string>();
  let raw: Buffer[];
  try {
    raw = readdirSync(directory, { encoding: 'buffer' });
  } catch (error) {
    throw systemError(`cannot read ${directory}`, error);
  }
  for (const bytes of raw) {
    const original = decodeName(bytes, directory);
    const name = original.normalize('NFC');
    const other = names.get(name);
    const file = `${directory}/${original}`;
    if (other !== undefined) {
      throw new VolumeError(
        `${other} and ${file} have the same name in Unicode normalisation form C`,
        'rename one of them',
      );
    }
    names.set(name, file);
  }
  return names;
}

function decodeName(bytes: Buffer, directory: string): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new VolumeError(
      `${directory} has a name that is not UTF-8 (${bytes.toString('latin1')} read as Latin-1)`,
      'rename it, for example with convmv',
    );
  }
}

function node(
  path: string,
  name: string,
  isDirectory: boolean,
  file: string,
  sizeBytes: number,
  stats: Stats,
  children: readonly SourceNode[],
): SourceNode {
  const pathBytes = ENCODER.encode(path);
  if (pathBytes.length > MAX_PATH_BYTES) {
    throw new VolumeError(
      `the path ${path} is ${pathBytes.length} bytes long and a volume stores at most ${MAX_PATH_BYTES}`,
      'shorten its names or move it further up',
    );
  }
  if (checkPath(pathBytes, 0, pathBytes.length) !== 'ok') {
    throw new VolumeError(`${path} cannot be a path in a volume`, 'rename it');
  }
  return {
    path: pathBytes,
    name: ENCODER.encode(name),
    isDirectory,
    file,
    sizeBytes,
    modifiedMs: modifiedMsOf(stats),
    children,
  };
}

/** Rounded, not cut off: times that pass through seconds in floating point come back a little early. */
export function modifiedMsOf(stats: Stats): number {
  return Math.max(0, Math.round(stats.mtimeMs));
}
