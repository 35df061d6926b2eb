/** One request as a ladder with the numbers of Fig. 2, from what was on the wire. */
import { get16 } from '../../wire/bytes.js';
import { TcpFlag } from '../../wire/tcp.js';
import { ackAcknowledged, ackGranted, ackResendCount } from '../../wire/atcp/ack-down.js';
import { DelegationState, ackUpSentUpTo, ackUpState } from '../../wire/atcp/ack-up.js';
import {
  Opcode,
  ReadArgument,
  StatArgument,
  commandArguments,
  commandL4Offset,
  commandOpcode,
  COMMAND_TEMPLATE,
} from '../../wire/atcp/command.js';
import { StatementKind } from '../../wire/atcp/statements.js';
import type { CapturedFrame } from '../pcapng/reader.js';
import { segmentOf, statementsOf, type Segment, type StatementSeen } from './segments.js';

export interface Rung {
  readonly timeUs: number;
  /** 21 … 29; 24' is the part of the reply that the front-end sends by itself. */
  readonly number: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Payload of a packet that may share its rung with its like; 0 for a pure ACK. */
  readonly foldable?: number;
}

/** Finds the connection on which `path` was requested of `vip`, of either family, and lists its packets by time. */
export function ladderOf(frames: Iterable<CapturedFrame>, vip: string, path: string): Rung[] {
  const segments: Segment[] = [];
  const statements: StatementSeen[] = [];
  for (const frame of frames) {
    const segment = segmentOf(frame);
    if (segment !== undefined) segments.push(segment);
    else statements.push(...statementsOf(frame));
  }
  const request = segments.find(
    (segment) =>
      segment.port === 'client' &&
      segment.destination === vip &&
      ascii(segment.payload).startsWith(`GET ${path} `),
  );
  if (request === undefined) return [];
  const clientPort = request.sourcePort;
  const ofConnection = segments.filter(
    (s) =>
      (s.source === vip && s.destinationPort === clientPort) ||
      (s.destination === vip && s.sourcePort === clientPort),
  );
  const rungs = [
    ...tcpRungs(ofConnection),
    ...atcpRungs(statements, clientPort, decodeURI(path).slice(1), request),
  ];
  return merge(rungs.sort((a, b) => a.timeUs - b.timeUs));
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
}

function tcpRungs(segments: readonly Segment[]): Rung[] {
  let handshakeDone = false;
  return segments.map((s) => {
    const syn = (s.flags & TcpFlag.syn) !== 0;
    const end = (s.flags & TcpFlag.fin) !== 0 ? ', FIN' : (s.flags & TcpFlag.rst) !== 0 ? ', RST' : '';
    const rung = (number: string, text: string): Rung => ({
      timeUs: s.timeUs,
      number,
      from: s.port,
      to: s.port === 'client' ? 'front-end' : 'client',
      text: text + end,
    });
    if (s.port === 'client') {
      if (syn) return rung('21', 'SYN');
      if (s.payload.length > 0) return rung('24', `PSH  ${ascii(s.payload).split('\r\n')[0]}`);
      if (!handshakeDone) {
        handshakeDone = true;
        return rung('23', 'ACK');
      }
      return { ...rung('28', 'ACK'), ...(end === '' ? { foldable: 0 } : {}) };
    }
    if (syn) return rung('22', 'SYN, ACK');
    if (s.payload.length === 0) return rung('', 'ACK');
    const bytes = `${s.payload.length} bytes`;
    return s.port === 'front-end'
      ? rung("24'", `${ascii(s.payload).split('\r\n')[0]} …  ${bytes}`)
      : {
          ...rung('26', `ATCP_SERVICE_REPLY  ${bytes} as ${endpoint(s.source, s.sourcePort)}`),
          foldable: s.payload.length,
        };
  });
}

/** The statements about this connection's delegations, and about the `stat` that its request caused. */
function atcpRungs(
  statements: readonly StatementSeen[],
  clientPort: number,
  name: string,
  request: Segment,
): Rung[] {
  const commands = new Map<string, { board: string; opcode: number }>();
  for (const s of statements) {
    if (s.kind !== StatementKind.command || s.timeUs < request.timeUs || commands.has(s.command)) continue;
    const opcode = commandOpcode(s.bytes, 0);
    const ours =
      opcode === Opcode.read
        ? get16(s.bytes, COMMAND_TEMPLATE + commandL4Offset(s.bytes, 0) + 2) === clientPort
        : opcode === Opcode.stat && objectName(s.bytes, StatArgument) === name;
    if (ours) commands.set(s.command, { board: 'board', opcode });
  }
  for (const s of statements)
    if (s.port.startsWith('board')) {
      const command = commands.get(s.command);
      if (command !== undefined) command.board = s.port;
    }
  return statements.flatMap((s) => {
    const command = commands.get(s.command);
    return command === undefined ? [] : [atcpRung(s, command)];
  });
}

function objectName(b: Uint8Array, argument: { nameLength: number; name: number }): string {
  const at = commandArguments(b, 0);
  const length = get16(b, at + argument.nameLength);
  return Buffer.from(b.subarray(at + argument.name, at + argument.name + length)).toString('utf8');
}

function atcpRung(s: StatementSeen, command: { board: string; opcode: number }): Rung {
  const b = s.bytes;
  const down = !s.port.startsWith('board');
  const rung = (number: string, text: string): Rung => ({
    timeUs: s.timeUs,
    number,
    from: s.port,
    to: down ? command.board : 'front-end',
    text,
  });
  if (s.kind === StatementKind.command) {
    const opcode = commandOpcode(b, 0);
    if (opcode === Opcode.stat) return rung('25', `ATCP_COMMAND  stat "${objectName(b, StatArgument)}"`);
    if (opcode === Opcode.read) return rung('25', `ATCP_COMMAND  read "${objectName(b, ReadArgument)}"`);
    return rung('25', 'ATCP_COMMAND  release');
  }
  if (s.kind === StatementKind.ackUp) {
    const state = Object.entries(DelegationState).find(([, value]) => value === ackUpState(b, 0))?.[0] ?? '?';
    const sent = command.opcode === Opcode.read ? `, sent up to ${ackUpSentUpTo(b, 0)}` : '';
    return rung('27', `ATCP_ACK  ${state}${sent}`);
  }
  const release = (b[1]! & 1) !== 0 ? ', release' : '';
  const again = ackResendCount(b, 0) > 0 ? `, send ${ackResendCount(b, 0)} range(s) again` : '';
  const credit =
    command.opcode === Opcode.read
      ? `client has ${ackAcknowledged(b, 0)}, send up to ${ackGranted(b, 0)}`
      : 'finished';
  return rung('29', `ATCP_ACK  ${credit}${again}${release}`);
}

/** Folds runs of the same kind of packet between the same two into one rung. */
function merge(rungs: readonly Rung[]): Rung[] {
  const merged: Rung[] = [];
  let packets = 1;
  for (const rung of rungs) {
    const last = merged.at(-1);
    const same = last?.number === rung.number && last.from === rung.from;
    if (!same || last.foldable === undefined || rung.foldable === undefined) {
      merged.push(rung);
      packets = 1;
      continue;
    }
    packets++;
    const bytes = last.foldable + rung.foldable;
    const what = rung.text.replace(/\d+ bytes/, `${bytes} bytes`);
    merged[merged.length - 1] = {
      ...last,
      foldable: bytes,
      text: `${what.replace(/ × \d+$/, '')} × ${packets}`,
    };
  }
  return merged;
}

/** The ladder as text, one line a rung. */
export function formatLadder(rungs: readonly Rung[]): string {
  const start = rungs[0]?.timeUs ?? 0;
  return rungs
    .map((r) => {
      const time = ((r.timeUs - start) / 1000).toFixed(2).padStart(9);
      return `${time} ms  ${r.number.padStart(3)}  ${r.from.padEnd(9)} → ${r.to.padEnd(9)}  ${r.text}`;
    })
    .join('\n');
}
