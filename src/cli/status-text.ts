/** `atcp status` as text. */
import type { Status } from '../control/protocol.js';
import type { BoardStatus, ConnectionStatus, SpanStatus } from '../front-end/index.js';
import { formatSize } from '../volume/tool/size.js';
import { formatCount, formatDuration, formatTable, type Column } from './table.js';

/** The latest of the ended spans that are shown; `--json` has them all. */
const SHOWN_ENDED_SPANS = 20;

const right = (title: string): Column => ({ title, right: true });
const left = (title: string): Column => ({ title });

export function formatStatus(status: Status): string {
  const sections = [
    formatHead(status),
    formatBoards(status.boards),
    formatConnections(status),
    formatSpans(status),
    formatDelegations(status),
    formatSteps(status),
    formatCounters('Counters of the front-end', status.counters.frontEnd, status),
    formatCounters('Counters of the delegation layer', status.counters.delegation, status),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Those that clients see. */
export function formatAddresses({ address, address6 }: Pick<Status, 'address' | 'address6'>): string {
  return address6 === null ? address : `${address}, ${address6}`;
}

function formatHead(status: Status): string[] {
  const { macAddress, epoch, process: p, bytes } = status;
  const boardBytes = Object.values(bytes.boards).reduce((sum, each) => sum + each, 0);
  return [
    `Front-end ${formatAddresses(status)} at ${macAddress}, epoch ${epoch}, up ${formatDuration(p.uptimeMs)}`,
    `Process ${p.pid}: ${formatSize(p.rssBytes)} resident, heap ${formatSize(p.heapUsedBytes)} of ` +
      `${formatSize(p.heapTotalBytes)}, ${formatSize(p.externalBytes)} outside it; ` +
      `CPU ${formatDuration(p.cpuUserMs)} user, ${formatDuration(p.cpuSystemMs)} system`,
    `Acknowledged by clients: ${formatCount(boardBytes)} bytes from boards, ` +
      `${formatCount(bytes.frontEnd)} from the front-end`,
  ];
}

function formatBoards(boards: readonly BoardStatus[]): string[] {
  const columns = [
    right('id'),
    left('state'),
    left('MAC'),
    right('epoch'),
    right('slots'),
    right('buffers'),
    left('card'),
    right('generation'),
    right('last heard'),
    right('link lost'),
    right('twice'),
    right('pseudo packets'),
    right('discarded'),
    right('disk errors'),
    right('bytes'),
  ];
  const rows = boards.map((board) => {
    const beat = board.heartbeat;
    return [
      String(board.id),
      board.state,
      board.macAddress ?? '–',
      String(board.epoch ?? '–'),
      `${beat.slotsUsed}/${beat.slots}`,
      `${beat.buffersLent}/${beat.buffers}`,
      board.card,
      String(board.volumeGeneration),
      board.lastHeardMs === null ? 'never' : formatDuration(board.lastHeardMs),
      board.dataLink === null ? '–' : formatCount(board.dataLink.lost),
      board.dataLink === null ? '–' : formatCount(board.dataLink.duplicate),
      formatCount(beat.pseudoPacketsSent),
      formatCount(beat.framesDiscarded),
      formatCount(beat.diskErrors),
      formatCount(board.bytes),
    ];
  });
  return ['Boards', ...formatTable(columns, rows)];
}

function formatConnections({ connectionCounts: counts, connections }: Status): string[] {
  const title =
    `Connections: ${formatCount(counts.open)} open, ${formatCount(counts.handshakes)} in handshake, ` +
    `${formatCount(counts.timeWait)} in TIME-WAIT, ${formatCount(counts.quarantined)} quarantined`;
  if (connections.length === 0) return [title];
  const columns = [
    left('client'),
    right('port'),
    left('state'),
    right('age'),
    right('bytes'),
    right('of the front-end'),
    right('of boards'),
  ];
  const rows = connections.map((connection: ConnectionStatus) => [
    connection.client,
    String(connection.localPort),
    connection.state,
    formatDuration(connection.ageMs),
    formatCount(connection.bytes),
    formatCount(connection.frontEndBytes),
    formatCount(connection.boardBytes),
  ]);
  const hidden = counts.open - connections.length;
  const more = hidden > 0 ? [`… and ${formatCount(hidden)} more`] : [];
  return [title, ...formatTable(columns, rows), ...more];
}

function formatSpans({ connections, endedSpans }: Status): string[] {
  const underWay = connections.flatMap(({ spans }) => spans.filter(({ outcome }) => outcome === 'underWay'));
  const spans = [...endedSpans.slice(-SHOWN_ENDED_SPANS), ...underWay];
  if (spans.length === 0) return [];
  const columns = [
    left('client'),
    left('object'),
    left('state'),
    right('board'),
    right('command'),
    right('from'),
    right('to'),
    right('sent up to'),
    right('sent again'),
    left(''),
  ];
  return [
    'Which board sent which bytes [from, to) of which object',
    ...formatTable(columns, spans.flatMap(spanRows)),
  ];
}

function spanRows(span: SpanStatus): string[][] {
  const state = span.outcome === 'underWay' ? 'under way' : span.outcome;
  const head = (i: number): string[] => (i === 0 ? [span.client, span.object, state] : ['', '', '']);
  if (span.pieces.length === 0) return [[...head(0), '–', '–', '–', '–', '–', '–', span.error ?? '']];
  return span.pieces.map((piece, i) => [
    ...head(i),
    String(piece.board),
    String(piece.command),
    formatCount(piece.from),
    formatCount(piece.to),
    formatCount(piece.sentUpTo),
    formatCount(piece.resentBytes),
    piece.cause ?? (i === span.pieces.length - 1 ? (span.error ?? '') : ''),
  ]);
}

function formatDelegations({ delegations: { outstanding, waiting } }: Status): string[] {
  const title = `Commands outstanding: ${outstanding.length}; waiting for a board: ${waiting}`;
  if (outstanding.length === 0) return [title];
  const columns = [right('command'), right('board'), left('opcode'), left('phase')];
  const rows = outstanding.map((each) => [String(each.command), String(each.board), each.opcode, each.phase]);
  return [title, ...formatTable(columns, rows)];
}

function formatSteps({ steps }: Status): string[] {
  const columns = [left('figure'), left('step'), right('count'), left('')];
  const rows = steps.map(({ figure, step, count, meaning }) => [
    `Fig. ${figure}`,
    step,
    formatCount(count),
    meaning,
  ]);
  return ['Steps of the figures', ...formatTable(columns, rows)];
}

/** Those that count something and are not in the table of steps. */
function formatCounters(title: string, counters: object, { steps }: Status): string[] {
  const shown = new Set(steps.map(({ counter }) => counter));
  const rows = Object.entries(counters as Record<string, number>)
    .filter(([name, count]) => count > 0 && !shown.has(name))
    .map(([name, count]) => [name, formatCount(count)]);
  return rows.length === 0
    ? []
    : [`${title} (others are 0)`, ...formatTable([left('name'), right('count')], rows)];
}
