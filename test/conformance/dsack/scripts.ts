/** Needless repetitions that show themselves: D-SACK (RFC 2883), F-RTO (RFC 5682). */
import { at, covers, established, script } from '../script.js';

const flight = [established({ sackOk: true, rttMs: 40 }), at(40).write(29_200), at(40).text(1, 14_601)];

export const dsack = [
  script(
    'a recovery whose every repetition arrived twice is taken back',
    [
      covers('2883 4', 'A first block below SEG.ACK reports text that came twice'),
      covers('3708 2', 'When everything that was sent again came twice, nothing had been lost'),
    ],
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 5841]] }),
      at(80).text(1, 1461),
      at(82).client('A', { ack: 14_601 }),
      at(82).text(14_601, 24_821),
      at(84).client('A', { ack: 14_601, sack: [[1, 1461]] }),
      // Ten segments again, not seven.
      at(84).text(24_821, 29_201),
      at(122).client('A', { ack: 29_201 }),
      at(122).counted({ recoveriesUndone: 1, needlessRetransmissions: 1 }),
    ],
  ),
  script(
    'a duplicate that the network made is none of ours',
    covers('2883 5', 'Not every reported duplicate is a needless retransmission'),
    [
      flight,
      at(80).client('A', { ack: 1461, sack: [[1, 1461]] }),
      at(80).text(14_601, 17_521),
      at(81).client('A', { ack: 17_521 }),
      at(81).text(17_521, 29_201),
      at(82).counted({ duplicatesReported: 1, needlessRetransmissions: 0, recoveriesUndone: 0 }),
      at(120).client('A', { ack: 29_201 }),
    ],
  ),
  script(
    'a duplicate within a larger block is understood',
    covers('2883 4', 'The first block may lie within the second'),
    [
      flight,
      at(80).client('A', {
        ack: 1461,
        sack: [
          [4381, 5841],
          [2921, 7301],
        ],
      }),
      at(80).counted({ duplicatesReported: 1 }),
      at(80).text(1461, 2921),
      at(120).client('A', { ack: 14_601 }),
      at(120).text(14_601, 23_361),
      at(160).client('A', { ack: 23_361 }),
      at(160).text(23_361, 29_201),
      at(200).client('A', { ack: 29_201 }),
    ],
  ),
  script(
    'a timeout that only a late ACK caused is taken back',
    covers('5682 3', 'After a timeout ACKs of text that was not sent again show that it was spurious'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(14_600),
      at(40).text(1, 14_601),
      // The probes of the tail, then the timeout.
      at(140).text(13_141, 14_601),
      at(340).text(13_141, 14_601),
      at(540).text(1, 1461),
      at(600).client('A', { ack: 4381 }),
      at(601).client('A', { ack: 14_601 }),
      at(610).counted({ recoveriesUndone: 1, retransmissionTimeouts: 1 }),
    ],
  ),
];
