/** Reads pseudo packets with arithmetic of its own: no check may share a mistake with what it checks. */

export interface Segment {
  readonly frame: Uint8Array;
  readonly isTcp: boolean;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly tsVal: number | undefined;
  readonly tsEcr: number | undefined;
  readonly payload: Uint8Array;
}

/** RFC 1071 with one's complement addition word by word. */
export function internetSum(words: readonly number[]): number {
  return words.reduce((sum, word) => {
    const next = sum + word;
    return next > 0xffff ? next - 0xffff : next;
  }, 0);
}

export function wordsOf(b: Uint8Array): number[] {
  const words: number[] = [];
  for (let i = 0; i < b.length; i += 2) words.push(b[i]! * 256 + (b[i + 1] ?? 0));
  return words;
}

export function isPseudoPacket(frame: Uint8Array): boolean {
  const type = frame[12]! * 256 + frame[13]!;
  return type === 0x0800 || type === 0x86dd || type === 0x8100;
}

/** Throws unless lengths and checksums are right. */
export function readSegment(frame: Uint8Array): Segment {
  const l3 = frame[12] === 0x81 ? 18 : 14;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const isIpv4 = frame[l3]! >>> 4 === 4;
  const l4 = l3 + (isIpv4 ? 20 : 40);
  const end = isIpv4 ? l3 + view.getUint16(l3 + 2) : l4 + view.getUint16(l3 + 4);
  if (end > frame.length || (frame.length > 60 && end !== frame.length)) {
    throw new Error(`IP says ${end} bytes, the frame has ${frame.length}`);
  }
  if (isIpv4 && internetSum(wordsOf(frame.subarray(l3, l4))) !== 0xffff) throw new Error('IPv4 checksum');
  const protocol = isIpv4 ? frame[l3 + 9]! : frame[l3 + 6]!;
  const addresses = isIpv4 ? frame.subarray(l3 + 12, l3 + 20) : frame.subarray(l3 + 8, l3 + 40);
  const sum = internetSum([...wordsOf(addresses), protocol, end - l4, ...wordsOf(frame.subarray(l4, end))]);
  if (sum !== 0xffff) throw new Error('TCP or UDP checksum');
  const isTcp = protocol === 6;
  if (!isTcp && view.getUint16(l4 + 4) !== end - l4) throw new Error('UDP length');
  const headerBytes = isTcp ? (frame[l4 + 12]! >>> 4) * 4 : 8;
  const hasTimestamps = isTcp && headerBytes === 32 && frame[l4 + 22] === 8;
  return {
    frame,
    isTcp,
    sequence: isTcp ? view.getUint32(l4 + 4) : 0,
    acknowledgment: isTcp ? view.getUint32(l4 + 8) : 0,
    flags: isTcp ? frame[l4 + 13]! : 0,
    window: isTcp ? view.getUint16(l4 + 14) : 0,
    tsVal: hasTimestamps ? view.getUint32(l4 + 24) : undefined,
    tsEcr: hasTimestamps ? view.getUint32(l4 + 28) : undefined,
    payload: frame.slice(l4 + headerBytes, end),
  };
}
