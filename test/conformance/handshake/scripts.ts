/** Opening, from the server's side: LISTEN and SYN-RECEIVED. */
import { at, covers, established, script } from '../script.js';

export const handshake = [
  script(
    'a SYN is answered at once with a SYN-ACK that acknowledges it',
    covers(
      '9293 3.5',
      'The second step carries SYN and ACK; SEG.ACK is the client’s initial number plus one',
    ),
    [at(0).client('S', { mss: 1460 }), at(0).server('SA', { seq: 0, ack: 1 }), at(900).quiet()],
  ),
  script(
    'the third step opens the connection and is not answered',
    covers('9293 3.10.7.4', 'In SYN-RECEIVED an acceptable ACK leads to ESTABLISHED'),
    [established(), at(0).connections(1), at(5000).quiet()],
  ),
  script(
    'text that comes with the third step is delivered',
    covers('9293 3.10.7.4', 'After the ACK that opens the connection the same segment’s text is processed'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(0).client('PA', { ack: 1, data: 'GET' }),
      at(0).received('GET'),
      at(40).server('A', { seq: 1, ack: 4 }),
    ],
  ),
  script(
    'a FIN that comes with the third step is taken',
    covers('9293 3.10.7.4', 'After the ACK that opens the connection the same segment’s FIN is processed'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(0).client('FA', { ack: 1, data: 'bye' }),
      at(0).server('A', { seq: 1, ack: 5 }),
      at(0).received('bye'),
      at(0).ended(),
    ],
  ),
  script(
    'the SYN-ACK is repeated after 1, 2 and 4 s more, then the handshake is forgotten',
    [
      covers('6298 5.5', 'Each expiry doubles the retransmission timeout, of a SYN-ACK as well'),
      covers('9293 3.8.3', 'Repetitions of a SYN segment are bounded'),
    ],
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(1000).server('SA', { seq: 0, ack: 1, mss: 1460 }),
      at(3000).server('SA', { seq: 0, ack: 1, mss: 1460 }),
      at(7000).server('SA', { seq: 0, ack: 1, mss: 1460 }),
      at(60_000).held(0),
      at(60_000).client('A', { ack: 1 }),
      at(60_000).server('R', { seq: 1 }),
    ],
    { settings: { maxSynAckRetransmissions: 3 } },
  ),
  script(
    'a repeated SYN gets the same SYN-ACK again',
    covers(
      '9293 3.10.7.4',
      'A duplicate SYN in SYN-RECEIVED does not change the sequence numbers that were chosen',
    ),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(300).client('S', { seq: 0, mss: 1460 }),
      at(300).server('SA', { seq: 0, ack: 1 }),
      at(300).client('A', { ack: 1 }),
      at(300).connections(1),
    ],
  ),
  script(
    'a RST with exactly the expected number ends the handshake',
    covers(
      '9293 3.10.7.4',
      'A passive open that is reset in SYN-RECEIVED returns to LISTEN; the user is not told',
    ),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(10).client('R', { seq: 1 }),
      at(10).held(0),
      at(9000).quiet(),
    ],
  ),
  script(
    'a RST elsewhere in the window does not end a handshake, but is answered with an ACK',
    covers('5961 3.2', 'A RST in the window that is not exactly at RCV.NXT is answered with a challenge ACK'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(10).client('R', { seq: 100 }),
      at(10).server('A', { seq: 1, ack: 1 }),
      at(20).client('A', { ack: 1, seq: 1 }),
      at(20).connections(1),
    ],
  ),
  script(
    'an ACK of what was not sent is answered with a RST; the handshake goes on',
    covers('9293 3.10.7.4', 'In SYN-RECEIVED an unacceptable ACK is answered with <SEQ=SEG.ACK><CTL=RST>'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(10).client('A', { ack: 77 }),
      at(10).server('R', { seq: 77 }),
      at(20).client('A', { ack: 1 }),
      at(20).connections(1),
    ],
  ),
  script(
    'an ACK for no connection, in LISTEN, is answered with a RST',
    covers(
      '9293 3.10.7.2',
      'Any acknowledgment is bad while in LISTEN and is answered with <SEQ=SEG.ACK><CTL=RST>',
    ),
    [at(0).client('A', { seq: 500, ack: 700 }), at(0).server('R', { seq: 700, data: 0 })],
  ),
  script(
    'a SYN-ACK in LISTEN is answered with a RST',
    covers('9293 3.10.7.2', 'The ACK of a SYN-ACK is checked before its SYN while in LISTEN'),
    [at(0).client('SA', { ack: 7 }), at(0).server('R', { seq: 7 }), at(0).held(0)],
  ),
  script(
    'a SYN for a port without a listener is refused with RST and ACK',
    covers('9293 3.10.7.1', 'In CLOSED, without ACK: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>'),
    [at(0).client('S', { to: 81 }), at(0).server('RA', { seq: 0, ack: 1 }), at(0).held(0)],
  ),
  script(
    'text without ACK for no connection: the RST acknowledges its length',
    covers('9293 3.10.7.1', 'SEG.LEN of what is refused counts text and SYN or FIN'),
    [at(0).client('FP', { seq: 10, data: 'abc' }), at(0).server('RA', { seq: 0, ack: 14 })],
  ),
  script('a RST for no connection is not answered', covers('9293 3.10.7.1', 'A RST in CLOSED is discarded'), [
    at(0).client('R', { seq: 5 }),
    at(0).client('RA', { seq: 5, ack: 9 }),
    at(5000).quiet(),
  ]),
  script(
    'text in the SYN is not taken, nor acknowledged: the client sends it again',
    covers(
      '9293 3.10.7.2',
      'The SYN-ACK acknowledges the SYN alone; text is taken once the client’s address is proven',
    ),
    [
      at(0).client('S', { mss: 1460, data: 'early' }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(0).client('A', { seq: 1, ack: 1 }),
      at(0).received(0),
      at(10).client('PA', { seq: 1, data: 'early' }),
      at(10).received('early'),
      at(50).server('A', { seq: 1, ack: 6 }),
    ],
  ),
  script(
    'a SYN with another number, from a client that has begun again, starts a new handshake',
    covers('9293 3.10.7.4', 'A SYN in the window in SYN-RECEIVED of a passive open returns to LISTEN'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(10).client('S', { seq: 1000, mss: 1460 }),
      at(10).server('SA', { seq: 0, ack: 1001 }),
      at(20).client('A', { seq: 1001, ack: 1 }),
      at(20).connections(1),
    ],
  ),
  script(
    'two ports of one client are two connections',
    covers('9293 3.3.1', 'A connection is identified by the pair of its sockets'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { port: 40_000 }),
      at(0).client('S', { mss: 1460, port: 40_001 }),
      at(0).server('SA', { port: 40_001, ack: 1 }),
      at(0).client('A', { ack: 1 }),
      at(0).connections(1),
      at(0).client('A', { ack: 1, port: 40_001 }),
      at(0).connections(2),
    ],
  ),
  script(
    'a SYN whose checksum is wrong does not exist',
    covers('9293 3.1', 'The receiver must check the checksum; what fails is dropped (MUST-3)'),
    [
      at(0).client('S', { mss: 1460, damaged: true }),
      at(100).held(0),
      at(100).counted({ segmentCheckFailed: 1, synReceived21: 0 }),
    ],
  ),
  script(
    'with a full backlog and no cookies a SYN is dropped in silence, so that the client asks again',
    covers('4987 2.2', 'A backlog that is full drops SYNs; their clients repeat them'),
    [
      at(0).client('S', { mss: 1460 }),
      at(0).server('SA', { seq: 0, ack: 1 }),
      at(10).client('S', { mss: 1460, port: 40_001 }),
      at(20).quiet(),
      at(20).client('A', { ack: 1 }),
      at(500).client('S', { seq: 0, mss: 1460, port: 40_001 }),
      at(500).server('SA', { port: 40_001, ack: 1 }),
    ],
    { backlog: 1, settings: { synCookies: false } },
  ),
];
