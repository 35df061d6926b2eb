/** `atcp trace` as text: one line an event, with the numbers of Fig. 2 and the points of Figs. 3–10. */
import type { TraceLine, TraceStart } from '../control/protocol.js';
import { formatAddresses } from './status-text.js';
import { formatCount } from './table.js';

/** `start`: the first line of the trace, which says what time its clock stands for. */
export function formatTraceLine(line: TraceLine, start: TraceStart): string {
  const time = new Date(start.unixTimeMs + (line.atUs - start.atUs) / 1000).toISOString().slice(11, 23);
  const packet = 'packet' in line ? String(line.packet) : '';
  const point = 'point' in line ? line.point : '';
  return `${time}  ${packet.padStart(2)} ${point.padEnd(1)}  ${describe(line)}`;
}

const bytes = (n: number): string => `${formatCount(n)} ${n === 1 ? 'byte' : 'bytes'}`;
const because = (error: string | null): string => (error === null ? '' : `: ${error}`);
const range = (from: number, to: number): string => `bytes ${formatCount(from)} to ${formatCount(to)}`;

function describe(line: TraceLine): string {
  switch (line.event) {
    case 'listening':
      return `listening to the front-end ${formatAddresses(line)}`;
    case 'missed':
      return `${formatCount(line.events)} events missed: this trace was not read fast enough`;
    case 'connectionOpened':
      return `${line.client} connected to port ${line.localPort}`;
    case 'connectionClosed':
      return (
        `${line.client} closed in ${line.state} with ${bytes(line.bytes)} acknowledged, ` +
        `${formatCount(line.frontEndBytes)} of them the front-end's own${because(line.error)}`
      );
    case 'asked':
      return `command ${line.command}: board ${line.board} is asked what "${line.object}" is`;
    case 'answered':
      return `command ${line.command}: board ${line.board} says that "${line.object}" is a ${line.kind} of ${bytes(line.bytes)}`;
    case 'listed':
      return `command ${line.command}: board ${line.board} names ${line.entries} entries of "${line.object}"${line.more ? ', and there are more' : ''}`;
    case 'unanswered':
      return `"${line.object}": ${line.error}`;
    case 'delegated':
      return `command ${line.command}: board ${line.board} is to send "${line.object}", ${range(line.from, line.to)}, to ${line.client}`;
    case 'failedOver':
      return `command ${line.command}: board ${line.board} goes on where board ${line.fromBoard} left (${line.cause}) with "${line.object}", ${range(line.from, line.to)}, to ${line.client}`;
    case 'accepted':
      return `command ${line.command}: board ${line.board} accepts it${line.totalBytes === null ? '' : `, ${bytes(line.totalBytes)} in all`}`;
    case 'interrupted':
      return `command ${line.command}: board ${line.board} is out of it, ${line.cause}${because(line.error)}`;
    case 'completed':
      return `${line.client} has "${line.object}", ${bytes(line.bytes)} from ${line.boards.length === 1 ? 'board' : 'boards'} ${line.boards.join(', ')}`;
    case 'failed':
      return `${line.client} does not get "${line.object}" beyond ${bytes(line.acknowledgedBytes)}: ${line.error}`;
    case 'released':
      return `command ${line.command}: ${line.confirmed ? `released by board ${line.board}` : `board ${line.board} did not confirm, its lease is over`}`;
    case 'stated':
      return (
        `command ${line.command}: board ${line.board} is told${line.withCommand ? ' 25 and' : ''} ` +
        `version ${line.version}: acknowledged ${formatCount(line.acknowledged)}, granted ${formatCount(line.granted)}` +
        (line.resendRanges === 0 ? '' : `, ${line.resendRanges} to send again`)
      );
    case 'reported':
      return `command ${line.command}: board ${line.board} answers version ${line.version}: sent up to ${formatCount(line.sentUpTo)}`;
    case 'boardFound':
      return `board ${line.board} found at ${line.macAddress}, epoch ${line.epoch}`;
    case 'boardAlive':
      return `board ${line.board} is alive`;
    case 'boardLost':
      return `board ${line.board} is lost`;
    case 'boardRebooted':
      return `board ${line.board} has rebooted, epoch ${line.epoch}`;
  }
}
