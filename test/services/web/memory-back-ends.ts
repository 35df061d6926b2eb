/** Boards whose bytes come from memory, straight into the response. */
import type { Writable } from 'node:stream';
import {
  ObjectChangedError,
  ObjectNotFoundError,
  type ObjectFacts,
  type ObjectRange,
} from '../../../src/front-end/index.js';
import type { DirectoryEntry, WebBackEnds } from '../../../src/services/web/index.js';

export const MODIFIED_MS = Date.UTC(2024, 1, 29, 12, 34, 56, 789);

interface StoredObject {
  bytes: Buffer;
  version: Uint8Array;
  modifiedMs: number;
}

export class MemoryBackEnds implements WebBackEnds {
  readonly files = new Map<string, StoredObject>();
  readonly directories = new Set<string>(['']);
  readonly delegated: ObjectRange[] = [];
  readonly asked: string[] = [];
  /** Questions under way, and the most that there were at one time. */
  asking = 0;
  mostAsking = 0;
  statError: Error | undefined;
  readError: Error | undefined;
  listError: Error | undefined;
  #versions = 0xab;

  put(name: string, content: Buffer | string): StoredObject {
    const object = {
      bytes: Buffer.from(content),
      version: new Uint8Array(16).fill(this.#versions++),
      modifiedMs: MODIFIED_MS,
    };
    this.files.set(name, object);
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1))
      this.directories.add(name.slice(0, at));
    return object;
  }

  stat = async (name: string): Promise<ObjectFacts> => {
    this.asked.push(name);
    this.mostAsking = Math.max(this.mostAsking, ++this.asking);
    await new Promise((resolve) => setImmediate(resolve));
    this.asking--;
    if (this.statError !== undefined) throw this.statError;
    if (Buffer.byteLength(name) > 255) throw new RangeError('an object name has at most 255 bytes');
    return this.#facts(name);
  };

  delegate: WebBackEnds['delegate'] = (target, range, callback) => {
    this.delegated.push(range);
    if (this.readError !== undefined) {
      callback?.(this.readError);
      return;
    }
    const { bytes, version } = this.files.get(range.name)!;
    if (range.version !== undefined && Buffer.compare(range.version, version) !== 0) {
      callback?.(new ObjectChangedError(range.name));
      return;
    }
    const from = range.from ?? 0;
    (target as Writable).write(bytes.subarray(from, from + range.length), () => callback?.());
  };

  #facts(name: string): ObjectFacts {
    const file = this.files.get(name);
    if (file !== undefined) {
      const { bytes, version, modifiedMs } = file;
      return { name, kind: 'file', size: bytes.length, modifiedMs, version };
    }
    if (!this.directories.has(name)) throw new ObjectNotFoundError(name);
    return { name, kind: 'directory', size: 0, modifiedMs: MODIFIED_MS, version: new Uint8Array(16) };
  }

  /** Children, with whole paths. */
  children(name: string): DirectoryEntry[] {
    const prefix = name === '' ? '' : `${name}/`;
    return [...this.files.keys(), ...this.directories]
      .filter((path) => path.startsWith(prefix) && path !== name && !path.slice(prefix.length).includes('/'))
      .map((path) => this.#facts(path));
  }
}

/** … with a command `list`, which answers as an iterable or all at once. */
export class ListingBackEnds extends MemoryBackEnds {
  async *list(name: string): AsyncIterable<DirectoryEntry> {
    if (this.listError !== undefined) throw this.listError;
    if (!this.directories.has(name)) throw new ObjectNotFoundError(name);
    yield* this.children(name);
  }
}
