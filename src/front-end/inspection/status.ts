/** How a front-end stands at one moment, as plain values: what `atcp status` shows. Taking it changes nothing. */
import { CardState } from '../../wire/atcp/session.js';
import type { FrontEndCounters } from '../counters.js';
import type { BackEnds } from '../delegation/back-ends.js';
import type { Board, BoardState } from '../delegation/board.js';
import type { CommandStatus } from '../delegation/commands.js';
import type { DelegationCounters } from '../delegation/counters.js';
import { formatMac } from '../link/addresses.js';
import type { FrontEndHost } from '../link/host.js';
import { Connection } from '../tcp/connection.js';
import { TimeWait } from '../tcp/time-wait.js';
import type { SpanOutcome, SpanRecord } from './span-records.js';
import { countSteps, type StepCount } from './steps.js';

export interface BoardStatus {
  readonly id: number;
  readonly state: BoardState;
  /** It can be given commands. */
  readonly available: boolean;
  /** Null until it was heard for the first time, as is the epoch. */
  readonly macAddress: string | null;
  readonly epoch: number | null;
  readonly card: string;
  readonly volumeId: string;
  readonly volumeGeneration: number;
  readonly firmwareVersion: number;
  /** Since the front-end last heard it, ms; null for never. */
  readonly lastHeardMs: number | null;
  /** Commands that the front-end has with it. */
  readonly outstanding: number;
  /** Bytes of it that clients have acknowledged. */
  readonly bytes: number;
  /** As its latest heartbeat said. */
  readonly heartbeat: {
    readonly uptimeMs: number;
    readonly slotsUsed: number;
    readonly slots: number;
    readonly buffersLent: number;
    readonly buffers: number;
    readonly framesReceived: number;
    readonly framesDiscarded: number;
    readonly pseudoPacketsSent: number;
    readonly diskErrors: number;
  };
  /** Frames of its session that reached the front-end, that are missing, that came twice; null without a session. */
  readonly dataLink: {
    readonly received: number;
    readonly lost: number;
    readonly duplicate: number;
  } | null;
}

/** What one board sent of a span. Positions are bytes of the object. */
export interface PieceStatus {
  readonly board: number;
  readonly command: number;
  /** The client acknowledged [from, to) of what this board sent. */
  readonly from: number;
  readonly to: number;
  /** How far the board has sent, as it reported; `to` when the client's ACK was faster. */
  readonly sentUpTo: number;
  /** Bytes that it was asked to send again. */
  readonly resentBytes: number;
  /** Why another board had to go on. */
  readonly cause: string | null;
}

export interface SpanStatus {
  readonly client: string;
  readonly object: string;
  /** The span is the bytes [from, from + length) of the object. */
  readonly from: number;
  readonly length: number;
  readonly acknowledged: number;
  readonly ageMs: number;
  readonly outcome: SpanOutcome;
  readonly error: string | null;
  readonly pieces: readonly PieceStatus[];
}

export interface ConnectionStatus {
  readonly client: string;
  readonly localPort: number;
  readonly state: string;
  readonly ageMs: number;
  /** What the client has acknowledged, and how much of it the front-end and the boards sent. */
  readonly bytes: number;
  readonly frontEndBytes: number;
  readonly boardBytes: number;
  /** Delegated spans: those under way, and before them those that are kept of the ones that have ended. */
  readonly spans: readonly SpanStatus[];
}

export interface FrontEndStatus {
  readonly address: string;
  /** Null when IPv6 is not spoken. */
  readonly address6: string | null;
  readonly macAddress: string;
  /** Of the ids of its commands. */
  readonly epoch: number;
  readonly boards: readonly BoardStatus[];
  readonly connectionCounts: {
    readonly open: number;
    readonly handshakes: number;
    readonly timeWait: number;
    /** 4-tuples set aside until a board's lease is surely over. */
    readonly quarantined: number;
  };
  /** At most {@link MAX_LISTED_CONNECTIONS}. */
  readonly connections: readonly ConnectionStatus[];
  /** The latest that have ended, oldest first. */
  readonly endedSpans: readonly SpanStatus[];
  readonly delegations: {
    /** Commands that take, or may take, a slot on a board. */
    readonly outstanding: readonly CommandStatus[];
    /** Spans and questions that wait for a board. */
    readonly waiting: number;
  };
  /** Bytes that clients have acknowledged since the front-end began, by who sent them. */
  readonly bytes: { readonly frontEnd: number; readonly boards: Readonly<Record<string, number>> };
  readonly steps: readonly StepCount[];
  readonly counters: {
    readonly frontEnd: Readonly<FrontEndCounters>;
    readonly delegation: Readonly<DelegationCounters>;
  };
}

export const MAX_LISTED_CONNECTIONS = 1000;

const CARD_STATES: Readonly<Record<number, string>> = Object.freeze({
  [CardState.absent]: 'absent',
  [CardState.opening]: 'opening',
  [CardState.noVolume]: 'no volume',
  [CardState.ready]: 'ready',
  [CardState.failed]: 'failed',
});

/** `nowUs`: the clock of both. */
export function statusOf(host: FrontEndHost, backEnds: BackEnds, nowUs: number): FrontEndStatus {
  const { records } = backEnds;
  const bytesByBoard = records.bytesByBoard();
  const ended = records.ended();
  const spans = spansByClient([...ended, ...records.underWay]);
  const connections: ConnectionStatus[] = [];
  const counts = { open: 0, handshakes: 0, timeWait: 0, quarantined: 0 };
  let frontEndBytes = host.counters.closedFrontEndBytes;
  for (const entry of host.tcp.table.entries()) {
    if (entry instanceof Connection) {
      counts.open++;
      frontEndBytes += entry.frontEndBytes;
      if (connections.length < MAX_LISTED_CONNECTIONS)
        connections.push(connectionStatus(entry, spans.get(entry.client) ?? [], nowUs));
    } else if (!(entry instanceof TimeWait)) counts.handshakes++;
    else if (entry.kind === 'quarantine') counts.quarantined++;
    else if (entry.kind === 'timeWait') counts.timeWait++;
  }
  return {
    address: host.address.toString(),
    address6: host.address6?.toString() ?? null,
    macAddress: formatMac(host.macAddress, 0),
    epoch: backEnds.epoch,
    boards: backEnds.boards.map((board) => boardStatus(board, bytesByBoard.get(board.id) ?? 0, nowUs)),
    connectionCounts: counts,
    connections,
    endedSpans: ended.map((record) => spanStatus(record, nowUs)),
    delegations: { outstanding: backEnds.commandStatus(), waiting: backEnds.waiting },
    bytes: { frontEnd: frontEndBytes, boards: Object.fromEntries(bytesByBoard) },
    steps: countSteps(host.counters, backEnds.counters, {
      framesReceived: sum(backEnds.boards, (board) => board.framesReceived),
      framesDiscarded: sum(backEnds.boards, (board) => board.framesDiscarded),
      pseudoPacketsSent: sum(backEnds.boards, (board) => board.pseudoPacketsSent),
    }),
    counters: { frontEnd: { ...host.counters }, delegation: { ...backEnds.counters } },
  };
}

function sum(boards: readonly Readonly<Board>[], of: (board: Readonly<Board>) => number): number {
  return boards.reduce((total, board) => total + of(board), 0);
}

function spansByClient(records: readonly SpanRecord[]): Map<string, SpanRecord[]> {
  const spans = new Map<string, SpanRecord[]>();
  for (const record of records) {
    const others = spans.get(record.client);
    if (others === undefined) spans.set(record.client, [record]);
    else others.push(record);
  }
  return spans;
}

function boardStatus(board: Readonly<Board>, bytes: number, nowUs: number): BoardStatus {
  const known = board.epoch !== undefined;
  return {
    id: board.id,
    state: board.state,
    available: board.available,
    macAddress: known ? formatMac(board.macAddress, 0) : null,
    epoch: board.epoch ?? null,
    card: CARD_STATES[board.cardState] ?? `state ${board.cardState}`,
    volumeId: Buffer.from(board.volumeId).toString('hex'),
    volumeGeneration: board.volumeGeneration,
    firmwareVersion: board.firmwareVersion,
    lastHeardMs: board.sessionSerial > 0 ? ms(nowUs - board.lastHeardUs) : null,
    outstanding: board.outstanding,
    bytes,
    heartbeat: {
      uptimeMs: board.uptimeMs,
      slotsUsed: board.slotsUsed,
      slots: board.slots,
      buffersLent: board.buffersLent,
      buffers: board.buffers,
      framesReceived: board.framesReceived,
      framesDiscarded: board.framesDiscarded,
      pseudoPacketsSent: board.pseudoPacketsSent,
      diskErrors: board.diskErrors,
    },
    dataLink: board.session === undefined ? null : { ...board.session.received },
  };
}

/** Records of earlier connections from the same address and port are older than the connection. */
function connectionStatus(
  connection: Connection,
  records: readonly SpanRecord[],
  nowUs: number,
): ConnectionStatus {
  const { client, localPort, state, openedUs, bytesAcknowledged, frontEndBytes } = connection;
  return {
    client,
    localPort,
    state,
    ageMs: ms(nowUs - openedUs),
    bytes: bytesAcknowledged,
    frontEndBytes,
    boardBytes: bytesAcknowledged - frontEndBytes,
    spans: records.filter((record) => record.beganUs >= openedUs).map((record) => spanStatus(record, nowUs)),
  };
}

function spanStatus(record: SpanRecord, nowUs: number): SpanStatus {
  const { client, object, from, length, acknowledged, beganUs, outcome, error, pieces } = record;
  return {
    client,
    object,
    from,
    length,
    acknowledged,
    ageMs: ms(nowUs - beganUs),
    outcome,
    error: error ?? null,
    pieces: pieces.map((piece, i) => {
      const end = record.pieceEnd(i);
      return {
        board: piece.board,
        command: piece.command,
        from: from + piece.from,
        to: from + end,
        sentUpTo: from + Math.max(piece.sentUpTo, end),
        resentBytes: piece.resentBytes,
        cause: piece.cause ?? null,
      };
    }),
  };
}

function ms(us: number): number {
  return Math.max(0, Math.round(us / 1000));
}
