/** Loss by time, and tail loss probes (RFC 8985). */
import { at, covers, established, script } from '../script.js';

const flight = [established({ sackOk: true, rttMs: 40 }), at(40).write(14_600), at(40).text(1, 14_601)];

export const rackTlp = [
  script(
    'a segment that others overtook is waited for a quarter of the round trip',
    covers('8985 6.2', 'Step 4: the reordering window is RACK.min_RTT / 4 to begin with'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 2921]] }),
      at(89).quiet(),
      at(90).text(1, 1461),
      at(130).client('A', { ack: 14_601 }),
    ],
  ),
  script(
    'it is not repeated when it arrives in that time',
    covers('8985 6.2', 'Step 5: only what is overdue by the reordering window is lost'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 2921]] }),
      at(85).client('A', { ack: 2921 }),
      at(110).quiet(),
      at(110).client('A', { ack: 14_601 }),
      at(110).counted({ retransmittedBytes: 0, fastRecoveries: 0 }),
    ],
  ),
  script(
    'what left before a repetition that has arrived, and has not come, is lost',
    covers(
      '8985 6.2',
      'Step 5: sent before the latest segment that arrived, by more than the reordering window',
    ),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(4380),
      at(40).text(1, 4381),
      at(80).client('A', { ack: 1, sack: [[1461, 2921]] }),
      at(90).text(1, 1461),
      at(130).client('A', { ack: 2921 }),
      at(130).text(2921, 4381),
      at(170).client('A', { ack: 4381 }),
      at(170).counted({ retransmissionTimeouts: 0 }),
    ],
  ),
  script(
    'three segments that overtook are proof, while no reordering has been seen',
    covers('8985 6.2', 'With DupThresh segments reported the reordering window is zero'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 5841]] }),
      at(80).text(1, 1461),
      at(120).client('A', { ack: 14_601 }),
    ],
  ),
  script(
    'once reordering has been seen, three are no proof any more',
    covers('8985 6.2', 'With RACK.reordering_seen the window stays open'),
    [
      flight,
      at(80).client('A', { ack: 1, sack: [[1461, 2921]] }),
      at(81).client('A', { ack: 2921 }),
      at(82).client('A', { ack: 2921, sack: [[4381, 10_221]] }),
      at(90).quiet(),
      at(92).text(2921, 4381, 2),
      at(132).client('A', { ack: 14_601 }),
    ],
  ),
  script(
    'a repetition that is lost as well is noticed without a timeout',
    covers('8985 3.1', 'RACK detects lost retransmissions by the time at which they left'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(29_200),
      at(40).text(1, 14_601),
      at(80).client('A', { ack: 1, sack: [[1461, 5841]] }),
      at(80).text(1, 1461),
      at(81).client('A', { ack: 1, sack: [[1461, 14_601]] }),
      at(81).text(14_601, 23_361),
      // What left after the repetition has arrived.
      at(121).client('A', { ack: 1, sack: [[1461, 23_361]] }),
      at(121).text(1, 1461),
      at(121).text(23_361, 29_201),
      at(161).client('A', { ack: 29_201 }),
      at(161).counted({ retransmissionTimeouts: 0, fastRecoveries: 1 }),
    ],
  ),
  script(
    'the tail is probed with the last segment when nothing new is there',
    covers('8985 7.3', 'Without new data the probe is the segment with the highest number'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(4380),
      at(40).text(1, 4381),
      // Two round trips, and what a busy PC needs.
      at(140).text(2921, 4381, 25),
      at(180).client('A', { ack: 4381 }),
      at(180).counted({ tailLossProbes: 1, retransmissionTimeouts: 0 }),
    ],
  ),
  script(
    'the tail is probed with new data when there is some',
    covers(
      '8985 7.3',
      'The probe is new data if the receive window permits, whatever the congestion window says',
    ),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(20_440),
      at(40).text(1, 14_601),
      at(140).text(14_601, 16_061, 25),
      at(180).client('A', { ack: 16_061 }),
      at(180).text(16_061, 20_441),
      at(220).client('A', { ack: 20_441 }),
      at(220).counted({ tailLossProbes: 1, retransmittedBytes: 0 }),
    ],
  ),
  script(
    'a probe uncovers a lost tail to RACK, which repairs it without a timeout',
    covers('8985 7.4', 'The ACK of a probe makes recovery possible'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(14_600),
      at(40).text(1, 14_601),
      at(80).client('A', { ack: 5841 }),
      at(180).text(13_141, 14_601, 25),
      at(220).client('A', { ack: 5841, sack: [[13_141, 14_601]] }),
      at(220).text(5841, 8761),
      at(260).client('A', { ack: 8761, sack: [[13_141, 14_601]] }),
      at(260).text(8761, 13_141),
      at(340).client('A', { ack: 14_601 }),
      at(340).counted({ retransmissionTimeouts: 0 }),
    ],
    { senders: ['local'] },
  ),
  script(
    'a probe of a single segment waits for a delayed ACK',
    covers('8985 7.2', 'With one segment in flight PTO includes the receiver’s longest delay of an ACK'),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(1000),
      at(40).server('PA', { seq: 1, data: 1000 }),
      at(160).quiet(),
      at(175).server('PA', { seq: 1, data: 1000, withinMs: 10 }),
      at(215).client('A', { ack: 1001 }),
    ],
  ),
  script(
    'a probe that repaired a loss counts as one',
    covers(
      '8985 7.4',
      'An ACK beyond the probe without a D-SACK shows that it repaired a loss: the window is reduced',
    ),
    [
      established({ sackOk: true, rttMs: 40 }),
      at(40).write(14_600),
      at(40).text(1, 14_601),
      at(80).client('A', { ack: 13_141 }),
      at(220).text(13_141, 14_601, 60),
      at(300).client('A', { ack: 14_601 }),
      // Only an ACK beyond what was under way tells.
      at(310).write(1460),
      at(310).text(14_601, 16_061),
      at(350).client('A', { ack: 16_061 }),
      at(360).write(40_000),
      at(360).text(16_061, 18_981),
      at(361).quiet(),
      at(361).counted({ fastRecoveries: 0, retransmissionTimeouts: 0 }),
    ],
    { senders: ['local'] },
  ),
  script('without SACK nothing is probed: the timeout does it', covers('8985 4', 'RACK-TLP needs SACK'), [
    established({ rttMs: 40 }),
    at(40).write(4380),
    at(40).text(1, 4381),
    at(239).quiet(),
    at(240).text(1, 1461),
    at(250).counted({ tailLossProbes: 0 }),
  ]),
];
