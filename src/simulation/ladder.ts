/** One line for each frame of a simulation, for people. */
import { readSegment } from './client/packet.js';

const FLAGS = ['F', 'S', 'R', 'P', '.'];
const TYPES = ['', 'discover', 'announce', 'sessionOpen', 'sessionAccept', 'statements'];
const STATES = ['', 'accepted', 'sending', 'sent', 'done', 'released', 'failed', 'busy'];
const OPCODES = ['', 'read', 'stat', 'release', 'list', 'relay'];
const ATCP_TYPE = 0x88b5;
const ETHERNET = 14;
const HEADER = 32;

export function ladderLine(atUs: number, from: string, to: string, bytes: Uint8Array, fate: string): string {
  const time = (atUs / 1e6).toFixed(6).padStart(12);
  const note = fate.trim() === '' ? '' : `   [${fate.trim()}]`;
  return `${time}  ${from.padEnd(9)} → ${to.padEnd(9)}  ${describe(bytes)}${note}`;
}

function describe(b: Uint8Array): string {
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  if (view.getUint16(12) === ATCP_TYPE) return describeAtcp(view);
  const segment = readSegment(b);
  if (typeof segment === 'string') return `EtherType 0x${view.getUint16(12).toString(16)}, ${b.length} bytes`;
  const { flags, sequence, acknowledgment, window, payload, timestamps, sourcePort, destinationPort } =
    segment;
  const letters = FLAGS.filter((_, i) => (flags & (1 << i)) !== 0).join('');
  const times = timestamps === undefined ? '' : ` TS ${timestamps[0]} ${timestamps[1]}`;
  const text =
    payload.length === 0 ? '' : ` ${sequence}…${(sequence + payload.length) >>> 0} (${payload.length})`;
  const family = b[ETHERNET]! >>> 4 === 6 ? 'TCP6' : 'TCP';
  return `${family} ${sourcePort}→${destinationPort} [${letters}]${text || ` ${sequence}`} ack ${acknowledgment} win ${window}${times}${sack(b)}`;
}

function sack(b: Uint8Array): string {
  const tcp = ETHERNET + (b[ETHERNET]! >>> 4 === 6 ? 40 : (b[ETHERNET]! & 15) * 4);
  const end = tcp + (b[tcp + 12]! >>> 4) * 4;
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  for (let at = tcp + 20; at < end && b[at] !== 0; at += b[at] === 1 ? 1 : b[at + 1]!) {
    if (b[at] !== 5) continue;
    const ranges: string[] = [];
    for (let edge = at + 2; edge + 8 <= at + b[at + 1]!; edge += 8)
      ranges.push(`${view.getUint32(edge)}…${view.getUint32(edge + 4)}`);
    return ` SACK ${ranges.join(' ')}`;
  }
  return '';
}

function describeAtcp(view: DataView): string {
  const type = TYPES[view.getUint8(ETHERNET + 1)] ?? '?';
  const texts = [`ATCP ${type} #${view.getUint32(ETHERNET + 20)}`];
  const end = Math.min(view.byteLength, ETHERNET + view.getUint16(ETHERNET + 4));
  if (type !== 'statements') return texts[0]!;
  for (let at = ETHERNET + HEADER; at + 12 <= end; at += Math.max(12, view.getUint16(at + 2)))
    texts.push(describeStatement(view, at));
  return texts.join(' | ');
}

function describeStatement(view: DataView, at: number): string {
  const id = view.getUint32(at + 8);
  const u64 = (i: number): number => view.getUint32(at + i) * 2 ** 32 + view.getUint32(at + i + 4);
  switch (view.getUint8(at)) {
    case 25:
      return `25 ${OPCODES[view.getUint8(at + 12)] ?? '?'} ${id} seq ${view.getUint32(at + 20)} from ${u64(32)}`;
    case 27:
      return (
        `27 ${id} v${view.getUint32(at + 12)} sent ${u64(16)} ${STATES[view.getUint8(at + 44)] ?? '?'} ` +
        `reason ${view.getUint8(at + 45)} gen ${view.getUint32(at + 40)} age ${view.getUint32(at + 32)}`
      );
    case 29: {
      const ranges = Array.from({ length: view.getUint8(at + 44) }, (_, i) => {
        const range = at + 48 + 12 * i;
        return ` again#${view.getUint32(range)} ${u64(16) + view.getUint32(range + 4)}…${u64(16) + view.getUint32(range + 8)}`;
      });
      const release = (view.getUint8(at + 1) & 1) !== 0 ? ' release' : '';
      return `29 ${id} v${view.getUint32(at + 12)}${release} acked ${u64(16)} granted ${u64(24)} lease ${view.getUint16(at + 38)}${ranges.join('')}`;
    }
    case 40:
      return `40 card ${view.getUint8(at + 52)} slots ${view.getUint16(at + 44)}`;
    default:
      return `kind ${view.getUint8(at)}`;
  }
}
