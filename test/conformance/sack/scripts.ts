/** Selective acknowledgment from the client (RFC 2018), and what is sent again because of it (RFC 6675). */
import { at, covers, established, script } from '../script.js';

const flight = [established({ sackOk: true, rttMs: 40 }), at(40).write(14_600), at(40).text(1, 14_601)];

export const sack = [
  script(
    'exactly the holes are repeated',
    [
      covers('2018 5', 'Text that was reported is not retransmitted before a timeout'),
      covers('6675 5', 'Retransmissions go into the holes below the highest reported byte'),
    ],
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 4381]] }),
      at(81).client('A', {
        ack: 1,
        sack: [
          [5841, 14_601],
          [1461, 4381],
        ],
      }),
      at(81).text(1, 1461),
      // As much as arrives, in the proportion of the reduction (RFC 6937).
      at(81).text(4381, 5841),
      at(121).client('A', { ack: 14_601 }),
      at(121).counted({ retransmittedBytes: 2920, fastRecoveries: 1, retransmissionTimeouts: 0 }),
    ],
  ),
  script(
    'a client that dropped what it had reported gets it again',
    covers('2018 8', 'The receiver may renege: what was reported stays until it is acknowledged'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(2920),
      at(40).text(1, 2921),
      // It holds the first byte, and does not acknowledge it: it has dropped it.
      at(80).client('A', { ack: 1, sack: [[1, 1461]] }),
      at(240).text(1, 1461, 10),
      at(280).client('A', { ack: 2921 }),
      at(280).counted({ retransmissionTimeouts: 1, retransmittedBytes: 1460 }),
    ],
  ),
  script(
    'blocks that make no sense change nothing',
    covers('5961 5.2', 'Out-of-range acknowledgments are not acted on; of blocks the same is true'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[14_601, 20_000]] }),
      at(81).client('A', { ack: 1, sack: [[4381, 1461]] }),
      at(82).client('A', { ack: 1, sack: [[1461, 1461]] }),
      at(83).client('A', { ack: 1, sack: [[-5000, -3000]] }),
      at(100).quiet(),
      at(100).client('A', { ack: 14_601 }),
      at(100).counted({ retransmittedBytes: 0, fastRecoveries: 0 }),
    ],
  ),
  script(
    'duplicate ACKs without blocks, from a client that has SACK, are no loss',
    covers('6675 2', 'With SACK a duplicate acknowledgment is one that brings news in its blocks'),
    [
      flight,
      at(60).client('A', { ack: 1 }),
      at(61).client('A', { ack: 1 }),
      at(62).client('A', { ack: 1 }),
      at(63).client('A', { ack: 1 }),
      at(70).quiet(),
      at(80).client('A', { ack: 14_601 }),
    ],
  ),
  script(
    'a recovery reduces the window once, however many segments are missing',
    covers('6675 5', 'One reduction for a window of losses'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[10_221, 14_601]] }),
      at(80).text(1, 5841),
      at(120).client('A', { ack: 5841, sack: [[10_221, 14_601]] }),
      at(120).text(5841, 10_221),
      at(160).client('A', { ack: 14_601 }),
      at(160).counted({ fastRecoveries: 1 }),
    ],
  ),
];
