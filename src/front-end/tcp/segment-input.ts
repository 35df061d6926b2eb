/**
 * What a segment does to a connection, in the order of RFC 9293 3.10.7.4, with the checks of RFC 5961 against
 * blind attacks. This is where Fig. 9 begins: point E, an ACK from the client (step 28 of Fig. 2).
 */
import type { Connection } from './connection.js';
import { unwrap, type Segment } from './segment.js';
import type { Timestamps } from './timestamps.js';

export function receiveSegment(connection: Connection, segment: Segment, nowUs: number): void {
  const { receiver, counters, timestamps } = connection;
  const sequence = unwrap(segment.sequence, receiver.rcvNxt);

  if (timestamps !== undefined && !segment.rst && !passesPaws(connection, timestamps, segment, nowUs)) return;
  // First: the sequence number.
  if (!isAcceptable(sequence, segment.length, receiver.rcvNxt, receiver.windowBytes)) {
    counters.segmentsOutOfWindow++;
    if (segment.rst) return;
    // Repeated data is answered always, so that a lost ACK of ours is made good; the rest could loop (RFC 5961 7).
    if (segment.payloadBytes > 0) {
      if (isRepeated(connection, segment, sequence)) connection.heard(segment, nowUs);
      connection.sendAck();
    } else connection.challenge(nowUs);
    return;
  }
  if (timestamps !== undefined && segment.options.hasTimestamps)
    timestamps.note(segment.options, sequence, receiver.lastAckSent, nowUs);
  // Second: RST (RFC 5961 3.2).
  if (segment.rst) {
    if (sequence === receiver.rcvNxt) connection.resetByPeer();
    else connection.challenge(nowUs);
    return;
  }
  // Fourth: SYN (RFC 5961 4.2).
  if (segment.syn) {
    connection.challenge(nowUs);
    return;
  }
  // Fifth: ACK.
  if (!segment.ack || !takeAck(connection, segment, sequence, nowUs)) return;
  // Seventh and eighth: text and FIN.
  if (segment.payloadBytes > 0 || segment.fin) takeText(connection, segment, sequence, nowUs);
  connection.wake();
}

/** RFC 7323 3.2 and 5.3, R1. */
function passesPaws(
  connection: Connection,
  timestamps: Timestamps,
  { options }: Segment,
  nowUs: number,
): boolean {
  const { counters } = connection;
  if (!options.hasTimestamps) {
    counters.segmentsWithoutTimestamps++;
    return false;
  }
  if (timestamps.isNew(options, nowUs)) return true;
  counters.segmentsOutdated++;
  connection.challenge(nowUs);
  return false;
}

/**
 * RFC 9293 3.10.7.4, table 6. An empty segment may also stand right at the window's end: that is where a client
 * is that has filled it.
 */
export function isAcceptable(sequence: number, length: number, rcvNxt: number, windowBytes: number): boolean {
  const windowEnd = rcvNxt + windowBytes;
  if (length === 0) return sequence >= rcvNxt && sequence <= windowEnd;
  // A full window takes no text, but the ACK on a segment in order is heard.
  if (windowBytes === 0) return sequence === rcvNxt;
  return sequence < windowEnd && sequence + length > rcvNxt;
}

/**
 * What the client sent before, and sends again because it hears nothing: its next hop counts, or an answer to a
 * wrong one would never end that.
 */
function isRepeated({ receiver, sender }: Connection, segment: Segment, sequence: number): boolean {
  if (!segment.ack || sequence < receiver.rcvNxt - receiver.windowBytes) return false;
  const ack = unwrap(segment.acknowledgment, sender.sndUna);
  return ack <= sender.sndNxt && ack >= sender.sndUna - sender.maxWindowBytes;
}

/** Steps 124–127 of Fig. 9; false when the segment is to be dropped. */
function takeAck(connection: Connection, segment: Segment, sequence: number, nowUs: number): boolean {
  const { sender, counters } = connection;
  counters.pointEAcksReceived++;
  const ack = unwrap(segment.acknowledgment, sender.sndUna);
  if (ack > sender.sndNxt) {
    counters.step126AckBeyondSent++;
    connection.challenge(nowUs);
    return false;
  }
  if (ack < sender.sndUna - sender.maxWindowBytes) {
    counters.step126AckTooOld++;
    connection.challenge(nowUs);
    return false;
  }
  connection.heard(segment, nowUs);
  if (ack > sender.sndUna) connection.onProgress(nowUs);
  sender.onAck(segment, sequence, ack, connection.scaleWindow(segment.window), nowUs);
  return connection.onAckTaken();
}

function takeText(connection: Connection, segment: Segment, sequence: number, nowUs: number): void {
  const { receiver } = connection;
  // Nothing follows a FIN; what claims to is ignored (RFC 9293 3.10.7.4, seventh, CLOSE-WAIT and after).
  if (receiver.finished) return;
  if (connection.orphaned && sequence + segment.payloadBytes > receiver.rcvNxt) {
    // Nobody will ever read it, and the client should know (RFC 9293 3.6.1).
    connection.abort();
    return;
  }
  const atOnce = receiver.onText(segment, sequence, nowUs);
  if (atOnce) connection.sendAck();
  connection.onTextTaken(nowUs);
}
