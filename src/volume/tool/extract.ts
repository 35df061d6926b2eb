/** Copies objects out of a volume: `atcp volume get`. */
import {
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { once } from 'node:events';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { checkPath } from '../path.js';
import { systemError, VolumeError } from './error.js';
import { Pause } from './pause.js';
import { withProgress } from './progress.js';
import type { VolumeObject, VolumeReader } from './volume-reader.js';

export interface ExtractOptions {
  /** Overwrites files that exist. */
  readonly replace?: boolean | undefined;
  readonly progress?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a file's content to a stream. */
export async function extractToStream(
  reader: VolumeReader,
  object: VolumeObject,
  out: Writable,
): Promise<void> {
  if (object.isDirectory) {
    throw new VolumeError(`"${object.path}" is a directory`, 'name a file, or a directory to extract it to');
  }
  for (const piece of reader.content(object)) {
    // A copy, because the stream may still hold it when the next piece is read.
    if (!out.write(Buffer.from(piece))) await once(out, 'drain');
  }
}

/** Copies a file to `destination`, or all that a directory holds into it; returns the number of files. */
export async function extractTree(
  reader: VolumeReader,
  object: VolumeObject,
  destination: string,
  options: ExtractOptions = {},
): Promise<number> {
  return withProgress(options.progress === true, 'extracting', async (progress) => {
    const pause = new Pause(options.signal);
    const files: [VolumeObject, string][] = [];
    const directories: [VolumeObject, string][] = [];
    collect(reader, object, destination, files, directories);
    for (const [, path] of directories) makeDirectory(path);
    const totalBytes = files.reduce((sum, [file]) => sum + file.sizeBytes, 0);
    let doneBytes = 0;
    for (const [file, path] of files) {
      await extractFile(reader, file, path, options.replace === true, pause, (bytes) => {
        progress((doneBytes += bytes), totalBytes);
      });
    }
    // From the leaves up: making an entry changes the time of its directory.
    for (const [directory, path] of directories.toReversed()) setTime(path, directory.modifiedMs);
    return files.length;
  });
}

function collect(
  reader: VolumeReader,
  object: VolumeObject,
  destination: string,
  files: [VolumeObject, string][],
  directories: [VolumeObject, string][],
): void {
  if (!object.isDirectory) {
    files.push([object, destination]);
    return;
  }
  directories.push([object, destination]);
  for (const child of [...reader.children(object)]) {
    const path = Buffer.from(child.path, 'utf8');
    // What is on a card decides nothing about places outside of the destination.
    if (checkPath(path, 0, path.length) !== 'ok') {
      throw new VolumeError(`the volume has an unsafe path "${child.path}"`, 'do not trust this volume');
    }
    collect(reader, child, join(destination, child.name), files, directories);
  }
}

async function extractFile(
  reader: VolumeReader,
  file: VolumeObject,
  path: string,
  replace: boolean,
  pause: Pause,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (!replace && existsSync(path)) {
    throw new VolumeError(`${path} exists already`, 'extract elsewhere, or give --force to overwrite');
  }
  const partial = join(dirname(path), `.${basename(path).slice(0, 100)}.${process.pid}.partial`);
  let fd: number;
  try {
    fd = openSync(partial, 'w');
  } catch (error) {
    throw systemError(`cannot write ${path}`, error);
  }
  try {
    for (const piece of reader.content(file)) {
      writeAll(fd, piece, path);
      onBytes(piece.length);
      await pause.breathe();
    }
    futimesSync(fd, file.modifiedMs / 1000, file.modifiedMs / 1000);
    renameSync(partial, path);
  } finally {
    closeSync(fd);
    rmSync(partial, { force: true });
  }
  await pause.breathe();
}

function writeAll(fd: number, b: Buffer, path: string): void {
  try {
    for (let done = 0; done < b.length;) done += writeSync(fd, b, done);
  } catch (error) {
    throw systemError(`cannot write ${path}`, error);
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw systemError(`cannot make the directory ${path}`, error);
  }
}

function setTime(path: string, modifiedMs: number): void {
  utimesSync(path, modifiedMs / 1000, modifiedMs / 1000);
}
