/** When the client's text is acknowledged, and how. */
import { at, covers, established, script } from '../script.js';

export const ack = [
  script(
    'a single segment is acknowledged after 40 ms',
    covers('9293 3.8.6.3', 'An ACK must not be delayed by 0.5 s or more (MUST-40)'),
    [
      established(),
      at(0).client('PA', { data: 100 }),
      at(39).quiet(),
      at(40).server('A', { seq: 1, ack: 101 }),
    ],
  ),
  script(
    'the second full segment is acknowledged at once',
    covers('9293 3.8.6.3', 'At least every second full-sized segment is acknowledged (SHLD-19)'),
    [
      established(),
      at(0).client('A', { data: 1460 }),
      at(5).client('A', { data: 1460 }),
      at(5).server('A', { ack: 2921 }),
      at(500).quiet(),
    ],
  ),
  script(
    'one ACK answers what one batch brought',
    covers(
      '9293 3.10.7.4',
      'ACKs are aggregated; all queued segments are processed before one is sent (MUST-58, MUST-59)',
    ),
    [
      established(),
      at(0).client('A', { data: 1460, joined: true }),
      at(0).client('A', { data: 1460, joined: true }),
      at(0).client('A', { data: 1460, joined: true }),
      at(0).client('A', { data: 1460 }),
      at(0).server('A', { ack: 5841 }),
      at(500).quiet(),
    ],
  ),
  script(
    'a segment out of order is answered at once',
    covers('5681 4.2', 'An out-of-order segment is answered with an immediate duplicate ACK'),
    [
      established(),
      at(0).client('A', { seq: 1461, data: 1460 }),
      at(0).server('A', { seq: 1, ack: 1, sack: [] }),
      at(1).client('A', { seq: 2921, data: 1460 }),
      at(1).server('A', { seq: 1, ack: 1 }),
    ],
  ),
  script(
    'a segment that fills a gap is acknowledged at once',
    covers('5681 4.2', 'A segment that fills all or part of a gap is acknowledged immediately'),
    [
      established(),
      at(0).client('A', { seq: 101, data: 100 }),
      at(0).server('A', { ack: 1 }),
      at(5).client('A', { seq: 1, data: 100 }),
      at(5).server('A', { ack: 201 }),
    ],
  ),
  script(
    'a segment that fills part of a gap is acknowledged at once',
    covers('5681 4.2', 'A partial fill is acknowledged immediately, too'),
    [
      established(),
      at(0).client('A', { seq: 301, data: 100 }),
      at(0).server('A', { ack: 1 }),
      at(5).client('A', { seq: 1, data: 100 }),
      at(5).server('A', { ack: 101 }),
    ],
  ),
  script(
    'what is held out of order is reported, the latest first',
    [
      covers('2018 4', 'The first block holds the segment that caused the ACK'),
      covers('2018 3', 'Blocks are of contiguous text; each edge is a sequence number'),
    ],
    [
      established({ sackOk: true }),
      at(0).client('A', { seq: 1001, data: 500 }),
      at(0).server('A', { ack: 1, sack: [[1001, 1501]] }),
      at(1).client('A', { seq: 3001, data: 500 }),
      at(1).server('A', {
        ack: 1,
        sack: [
          [3001, 3501],
          [1001, 1501],
        ],
      }),
      at(2).client('A', { seq: 1501, data: 500 }),
      at(2).server('A', {
        ack: 1,
        sack: [
          [1001, 2001],
          [3001, 3501],
        ],
      }),
      at(3).client('A', { seq: 1, data: 1000 }),
      at(3).server('A', { ack: 2001, sack: [[3001, 3501]] }),
      at(4).client('A', { seq: 2001, data: 1000 }),
      at(4).server('A', { ack: 3501, sack: [] }),
      at(4).received(3500),
    ],
  ),
  script(
    'without agreement nothing is reported in blocks',
    covers('2018 4', 'SACK options go only to a client that permitted them'),
    [established(), at(0).client('A', { seq: 1001, data: 500 }), at(0).server('A', { ack: 1, sack: [] })],
  ),
  script(
    'an ACK is not acknowledged',
    covers('9293 3.8.6.3', 'A segment without text, SYN or FIN causes no ACK'),
    [established(), at(10).client('A'), at(20).client('A', { win: 100 }), at(5000).quiet()],
  ),
  script(
    'an answer carries the acknowledgment; no other is sent',
    covers('9293 3.8.6.3', 'A delayed ACK rides on text when there is some'),
    [
      established(),
      at(0).client('PA', { data: 50 }),
      at(10).write(20),
      at(10).server('PA', { seq: 1, ack: 51, data: 20 }),
      at(20).client('A', { ack: 21 }),
      at(5000).quiet(),
    ],
    // A board's packets carry it as well, but the front-end does not rely on them.
    { senders: ['local'] },
  ),
  script(
    'an ACK of what was never sent is answered with an ACK and taken for nothing',
    covers('9293 3.10.7.4', 'SEG.ACK > SND.NXT: send an ACK, drop the segment'),
    [
      established(),
      at(0).write(100),
      at(0).server('PA', { seq: 1, data: 100 }),
      at(10).client('A', { ack: 500, data: 'x' }),
      at(10).server('A', { seq: 101, ack: 1 }),
      at(10).received(0),
      at(20).client('A', { ack: 101, seq: 1 }),
      at(20).counted({ step126AckBeyondSent: 1, step127EmptiedBytes: 100 }),
    ],
  ),
  script(
    'an old ACK within the last window is ignored, its text is not',
    covers('9293 3.10.7.4', 'SEG.ACK =< SND.UNA is a duplicate and can be ignored'),
    [
      established(),
      at(0).write(2000),
      at(0).text(1, 2001),
      at(10).client('A', { ack: 2001 }),
      at(20).client('PA', { ack: 1461, data: 'late' }),
      at(20).received('late'),
      at(60).server('A', { seq: 2001, ack: 5 }),
    ],
  ),
  script(
    'pure ACKs carry SND.NXT, so that a client with text under way takes them',
    covers('9293 3.10.7.4', 'An ACK is <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>'),
    [
      established(),
      at(0).write(2000),
      at(0).text(1, 2001),
      at(1).client('PA', { ack: 1, data: 10 }),
      at(41).server('A', { seq: 2001, ack: 11 }),
      at(42).client('A', { ack: 2001 }),
    ],
  ),
];
