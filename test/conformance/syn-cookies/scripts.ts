/** Handshakes of a port whose backlog is full: nothing is kept of them. */
import { at, covers, script } from '../script.js';

/** The only place is taken by a handshake that nobody completes. */
const full = [at(0).client('S', { mss: 1460 }), at(0).server('SA', { port: 40_000 }), at(1).held(1)];

export const synCookies = [
  script(
    'a SYN beyond the backlog is answered, and nothing is kept of it',
    covers('4987 3.6', 'With a cookie for its sequence number the SYN-ACK needs no state'),
    [
      full,
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(10).server('SA', { port: 40_001, ack: 1, mss: 1460 }),
      at(10).held(1),
      at(900).quiet(),
    ],
    { backlog: 1 },
  ),
  script(
    'an ACK that brings the cookie back opens the connection, and text is taken as ever',
    covers('4987 3.6', 'The ACK alone is enough to make the connection'),
    [
      full,
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(10).server('SA', { port: 40_001, ack: 1 }),
      at(50).client('A', { ack: 1, port: 40_001 }),
      at(50).connections(1),
      at(60).client('PA', { data: 'hello', port: 40_001 }),
      at(60).received('hello'),
      at(100).server('A', { port: 40_001, seq: 1, ack: 6 }),
    ],
    { backlog: 1 },
  ),
  script(
    'an ACK with another number is refused with a RST',
    covers('4987 3.6', 'A cookie that was not made here opens nothing'),
    [
      full,
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(10).server('SA', { port: 40_001, ack: 1 }),
      at(50).client('A', { ack: 4711, port: 40_001 }),
      at(50).server('R', { port: 40_001, seq: 4711 }),
      at(50).connections(0),
      at(50).counted({ synCookiesRefused: 1, synCookiesTaken: 0 }),
    ],
    { backlog: 1 },
  ),
  script(
    'a cookie is good for a client’s SYN number only',
    covers('4987 3.6', 'The cookie covers the client’s initial number'),
    [
      full,
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(10).server('SA', { port: 40_001, ack: 1 }),
      at(50).client('A', { seq: 2, ack: 1, port: 40_001 }),
      at(50).server('R', { port: 40_001, seq: 1 }),
      at(50).connections(0),
    ],
    { backlog: 1 },
  ),
  script(
    'a cookie does not last',
    covers('4987 3.6', 'The cookie covers the time, so that it can’t be kept for later'),
    [
      full,
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(10).server('SA', { port: 40_001, ack: 1 }),
      at(1000).server('SA', { port: 40_000 }),
      at(3000).server('SA', { port: 40_000 }),
      at(600_000).client('A', { seq: 1, ack: 1, port: 40_001 }),
      at(600_000).server('R', { port: 40_001, seq: 1 }),
      at(600_000).connections(0),
    ],
    { backlog: 1, settings: { maxSynAckRetransmissions: 2 } },
  ),
];
