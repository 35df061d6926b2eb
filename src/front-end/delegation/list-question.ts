/** Command `list`: one page of a directory's entries. */
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  ackUpResultBytes,
  ListEntry,
  ListResult,
} from '../../wire/atcp/ack-up.js';
import {
  commandArguments,
  commandBytes,
  emitCommand,
  ListArgument,
  OBJECT_VERSION_BYTES,
  Opcode,
} from '../../wire/atcp/command.js';
import { copy, fill } from '../../wire/byte-loops.js';
import { get16, get32, get64, put16, put32 } from '../../wire/bytes.js';
import type { TracePoint } from '../inspection/trace.js';
import type { Board } from './board.js';
import type { Question } from './inquiry.js';
import { encodeObjectName } from './read-command.js';
import { kindName, type ObjectFacts } from './stat-question.js';

/** What is in a directory. */
export type ObjectEntry = Pick<ObjectFacts, 'name' | 'kind' | 'size' | 'modifiedMs'>;

export interface Page {
  /** Of the directory. */
  readonly version: Uint8Array;
  /** Their names are whole paths. */
  readonly entries: readonly ObjectEntry[];
  /** Whose {@link cursor} it is: other boards have the same entries at other places. */
  readonly board: Board;
  /** Where the next page begins; 0 when this is the last one. */
  readonly cursor: number;
  /** It is the page behind the one that was named; else the first one. */
  readonly continues: boolean;
}

const decoder = new TextDecoder();

export class ListQuestion implements Question<Page> {
  readonly opcode = 'list';
  readonly name: string;
  readonly board: Board | undefined;
  readonly #nameBytes: Uint8Array;
  readonly #version: Uint8Array | undefined;
  readonly #cursor: number;

  /** The page after `previous`, of the same version; throws a RangeError for a name that can't be one. */
  constructor(name: string, previous: Page | undefined) {
    this.name = name;
    this.#nameBytes = encodeObjectName(name);
    this.board = previous?.board;
    this.#version = previous?.version;
    this.#cursor = previous?.cursor ?? 0;
  }

  commandBytes(): number {
    return commandBytes(0, ListArgument.name + this.#nameBytes.length);
  }

  emit(b: Uint8Array, at: number, board: Board, epoch: number, counter: number, dateMs: number): number {
    const name = this.#nameBytes;
    const argumentBytes = ListArgument.name + name.length;
    const bytes = emitCommand(b, at, 0, epoch, counter, Opcode.list, 0, 0, 0, 0, argumentBytes, 0, dateMs, 0);
    const argument = commandArguments(b, at);
    if (this.#version === undefined) fill(b, argument + ListArgument.version, OBJECT_VERSION_BYTES, 0);
    else copy(this.#version, 0, b, argument + ListArgument.version, OBJECT_VERSION_BYTES);
    put32(b, argument + ListArgument.cursor, board === this.board ? this.#cursor : 0);
    put16(b, argument + ListArgument.nameLength, name.length);
    copy(name, 0, b, argument + ListArgument.name, name.length);
    return bytes;
  }

  read(board: Board, b: Uint8Array, at: number): Page | undefined {
    const bytes = ackUpResultBytes(b, at);
    if (bytes < ListResult.entries) return undefined;
    const result = at + ACK_UP_RESULT;
    const entries = this.#readEntries(
      b,
      result + ListResult.entries,
      result + bytes,
      get16(b, result + ListResult.count),
    );
    const cursor = get32(b, result + ListResult.cursor);
    if (entries === undefined || (entries.length === 0 && cursor !== 0)) return undefined;
    const version = b.slice(at + ACK_UP_VERSION_AT, at + ACK_UP_VERSION_AT + OBJECT_VERSION_BYTES);
    return { version, entries, board, cursor, continues: board === this.board };
  }

  /** Undefined when they do not fill what is between `from` and `end`. */
  #readEntries(b: Uint8Array, from: number, end: number, count: number): ObjectEntry[] | undefined {
    const entries: ObjectEntry[] = [];
    const prefix = this.name === '' ? '' : `${this.name.normalize('NFC')}/`;
    let at = from;
    for (let i = 0; i < count; i++) {
      if (at + ListEntry.name > end) return undefined;
      const nameAt = at + ListEntry.name;
      const nameEnd = nameAt + b[at + ListEntry.nameLength]!;
      if (nameEnd > end) return undefined;
      entries.push({
        name: prefix + decoder.decode(b.subarray(nameAt, nameEnd)),
        kind: kindName(b[at + ListEntry.kind]!),
        size: get64(b, at + ListEntry.size),
        modifiedMs: get64(b, at + ListEntry.modified),
      });
      at = nameEnd;
    }
    return at === end ? entries : undefined;
  }

  traced({ entries, cursor }: Page, command: number, board: number): TracePoint {
    return {
      event: 'listed',
      packet: 27,
      point: 'D',
      command,
      board,
      object: this.name,
      entries: entries.length,
      more: cursor !== 0,
    };
  }
}
