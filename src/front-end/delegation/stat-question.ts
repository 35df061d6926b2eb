/** Command `stat`: what an object is. */
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  ackUpResultBytes,
  ObjectKind,
  STAT_RESULT_BYTES,
  StatResult,
} from '../../wire/atcp/ack-up.js';
import {
  commandArguments,
  commandBytes,
  emitCommand,
  OBJECT_VERSION_BYTES,
  Opcode,
  StatArgument,
} from '../../wire/atcp/command.js';
import { copy } from '../../wire/byte-loops.js';
import { get64, put16 } from '../../wire/bytes.js';
import type { TracePoint } from '../inspection/trace.js';
import type { Board } from './board.js';
import type { Question } from './inquiry.js';
import { encodeObjectName } from './read-command.js';

/** What an object is; the answer of `stat`. */
export interface ObjectFacts {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  /** Bytes. */
  readonly size: number;
  /** ms since the Unix epoch. */
  readonly modifiedMs: number;
  /** 16 bytes; equal versions on two boards mean equal bytes (decision 9). */
  readonly version: Uint8Array;
}

/** The kind in a result, in words. */
export function kindName(kind: number): ObjectFacts['kind'] {
  return kind === ObjectKind.directory ? 'directory' : 'file';
}

export class StatQuestion implements Question<ObjectFacts> {
  readonly opcode = 'stat';
  readonly name: string;
  readonly #nameBytes: Uint8Array;
  readonly #remember: (facts: ObjectFacts, board: Board) => void;

  /** Throws a RangeError for a name that can't be one. `remember` is told which board the facts come from. */
  constructor(name: string, remember: (facts: ObjectFacts, board: Board) => void) {
    this.name = name;
    this.#nameBytes = encodeObjectName(name);
    this.#remember = remember;
  }

  commandBytes(): number {
    return commandBytes(0, StatArgument.name + this.#nameBytes.length);
  }

  emit(b: Uint8Array, at: number, _board: Board, epoch: number, counter: number, dateMs: number): number {
    const name = this.#nameBytes;
    const argumentBytes = StatArgument.name + name.length;
    const bytes = emitCommand(b, at, 0, epoch, counter, Opcode.stat, 0, 0, 0, 0, argumentBytes, 0, dateMs, 0);
    const argument = commandArguments(b, at);
    put16(b, argument + StatArgument.nameLength, name.length);
    copy(name, 0, b, argument + StatArgument.name, name.length);
    return bytes;
  }

  read(board: Board, b: Uint8Array, at: number): ObjectFacts | undefined {
    if (ackUpResultBytes(b, at) < STAT_RESULT_BYTES) return undefined;
    const result = at + ACK_UP_RESULT;
    const version = at + ACK_UP_VERSION_AT;
    const facts: ObjectFacts = {
      name: this.name,
      kind: kindName(b[result + StatResult.kind]!),
      size: get64(b, result + StatResult.size),
      modifiedMs: get64(b, result + StatResult.modified),
      version: b.slice(version, version + OBJECT_VERSION_BYTES),
    };
    this.#remember(facts, board);
    return facts;
  }

  traced({ kind, size }: ObjectFacts, command: number, board: number): TracePoint {
    return {
      event: 'answered',
      packet: 27,
      point: 'D',
      command,
      board,
      object: this.name,
      kind,
      bytes: size,
    };
  }
}
