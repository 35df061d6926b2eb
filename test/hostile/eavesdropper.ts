/** An attacker on the data link: keeps every ATCP frame that passes, forges others, and may even know a board's key. */
import {
  Direction,
  FrameAuthenticator,
  KEY_BYTES,
  KeyDeriver,
  NONCE_BYTES,
} from '../../src/wire/atcp/authentication.js';
import {
  ATCP_HEADER_BYTES,
  AtcpKey,
  atcpLength,
  AtcpType,
  atcpType,
  emitAtcp,
} from '../../src/wire/atcp/header.js';
import {
  checkStatement,
  StatementKind,
  statementKind,
  statementLength,
} from '../../src/wire/atcp/statements.js';
import { emitEthernet, ETHERNET_HEADER_BYTES, etherType, EtherType } from '../../src/wire/ethernet.js';
import { HOST_MAC } from '../front-end/rig.js';
import type { BoardMachine } from './machines.js';
import type { Port, World } from './world.js';

const HEADER = ETHERNET_HEADER_BYTES;
const BODY = HEADER + ATCP_HEADER_BYTES;

export const ATTACKER_MAC = Uint8Array.of(0x02, 0xbb, 0, 0, 0, 0x66);

export interface Overheard {
  readonly from: Port;
  readonly to: Port;
  readonly type: number;
  /** Kinds of the statements within. */
  readonly kinds: readonly number[];
  readonly frame: Uint8Array;
}

/** What a frame of each kind is called in tests. */
export const KINDS: Readonly<Record<string, (each: Overheard) => boolean>> = Object.freeze({
  discover: ({ type }) => type === AtcpType.discover,
  announce: ({ type }) => type === AtcpType.announce,
  sessionOpen: ({ type }) => type === AtcpType.sessionOpen,
  sessionAccept: ({ type }) => type === AtcpType.sessionAccept,
  'command 25': ({ kinds }) => kinds.includes(StatementKind.command),
  'ATCP_ACK 29': ({ kinds }) => kinds[0] === StatementKind.ackDown,
  'ATCP_ACK 27': ({ kinds }) => kinds[0] === StatementKind.ackUp,
  heartbeat: ({ kinds }) => kinds[0] === StatementKind.heartbeat,
});

export class Eavesdropper {
  readonly overheard: Overheard[] = [];
  readonly #world: World;
  readonly #authenticator = new FrameAuthenticator();

  constructor(world: World) {
    this.#world = world;
    const before = world.tap;
    world.tap = (from, to, frame) => {
      before(from, to, frame);
      if (etherType(frame, 0) !== EtherType.atcp) return;
      const type = atcpType(frame, HEADER);
      this.overheard.push({ from, to, type, kinds: kindsOf(frame), frame: frame.slice() });
    };
  }

  /** The latest frame of a kind, on its way to or from this board. */
  latest(kind: string, board = 1): Overheard {
    const is = KINDS[kind]!;
    const found = this.overheard.findLast((each) => (each.from === board || each.to === board) && is(each));
    if (found === undefined) throw new Error(`no ${kind} was overheard`);
    return found;
  }

  /** Everything that went to a port, oldest first. */
  sentTo(to: Port): Uint8Array[] {
    return this.overheard.filter((each) => each.to === to).map(({ frame }) => frame);
  }

  /** A frame that is right in every respect but, perhaps, its key. */
  forge(
    type: AtcpType,
    board: BoardMachine,
    direction: Direction,
    body: Uint8Array,
    key: Uint8Array,
    fields: { epoch?: number; sequence?: number } = {},
  ): Uint8Array {
    const length = ATCP_HEADER_BYTES + body.length;
    const frame = new Uint8Array(Math.max(60, HEADER + length));
    const [to, from] =
      direction === Direction.down ? [board.macAddress, HOST_MAC] : [HOST_MAC, board.macAddress];
    emitEthernet(frame, 0, to, from, EtherType.atcp);
    const keyId = type === AtcpType.announce || type === AtcpType.discover ? AtcpKey.board : AtcpKey.session;
    const { epoch = this.#world.backEnds.epoch, sequence = 1_000_000 } = fields;
    emitAtcp(frame, HEADER, type, keyId, length, board.id, epoch, sequence);
    frame.set(body, BODY);
    if (type !== AtcpType.discover) this.#authenticator.seal(frame, HEADER, key);
    return frame;
  }

  /** Statements under the session's own key and next number: what only a front-end, or a thief of the key, can make. */
  authentic(board: BoardMachine, ...statements: Uint8Array[]): Uint8Array {
    const session = this.#world.backEnds.boards[board.id - 1]!.session!;
    const key = sessionKey(board.key, Direction.down, session.frontEndNonce, session.boardNonce);
    return this.forge(AtcpType.statements, board, Direction.down, Buffer.concat(statements), key, {
      sequence: session.nextSequence(),
    });
  }
}

export function sessionKey(
  boardKey: Uint8Array,
  direction: Direction,
  frontEndNonce: Uint8Array,
  boardNonce: Uint8Array,
): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new KeyDeriver().sessionKey(boardKey, direction, frontEndNonce, 0, boardNonce, 0, key);
  return key;
}

/** Both nonces of an overheard open or accept; of an announce, those that an open of it would name. */
export function noncesOf(frame: Uint8Array): [Uint8Array, Uint8Array] {
  return [frame.slice(BODY, BODY + NONCE_BYTES), frame.slice(BODY + NONCE_BYTES, BODY + 2 * NONCE_BYTES)];
}

/** The statements of a frame, each a copy. */
export function statementsOf(frame: Uint8Array): Uint8Array[] {
  const statements: Uint8Array[] = [];
  if (atcpType(frame, HEADER) !== AtcpType.statements) return statements;
  const end = HEADER + atcpLength(frame, HEADER);
  for (let at = BODY; checkStatement(frame, at, end) === 'ok'; at += statementLength(frame, at))
    statements.push(frame.slice(at, at + statementLength(frame, at)));
  return statements;
}

function kindsOf(frame: Uint8Array): number[] {
  return statementsOf(frame).map((statement) => statementKind(statement, 0));
}

/** The same frame, for another station. */
export function readdressed(frame: Uint8Array, destination: Uint8Array, boardId?: number): Uint8Array {
  const copy = frame.slice();
  copy.set(destination, 0);
  if (boardId !== undefined) new DataView(copy.buffer).setUint32(HEADER + 8, boardId);
  return copy;
}
