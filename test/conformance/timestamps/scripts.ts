/** Timestamps and PAWS (RFC 7323), where the settings have them. */
import { at, covers, script } from '../script.js';

const settings = { timestamps: true };
const DAY = 86_400_000;

/** The client's clock shows 5000 at the start. */
const opened = [
  at(0).client('S', { mss: 1460, ts: [5000, 0] }),
  at(0).server('SA', { ack: 1, ts: [null, 5000] }),
  at(20).client('A', { ack: 1, ts: [5020, 1] }),
];

export const timestamps = [
  script(
    'timestamps are agreed when the client offers them',
    covers('7323 3.2', 'TSopt goes into the SYN-ACK when the SYN had it; TSecr is the SYN’s TSval'),
    [at(0).client('S', { mss: 1460, ts: [77, 0] }), at(0).server('SA', { ts: [null, 77], mss: 1460 })],
    { settings },
  ),
  script(
    'timestamps are not brought up by the server',
    covers('7323 3.2', 'Without TSopt in the SYN none is sent'),
    [at(0).client('S', { mss: 1460 }), at(0).server('SA', { ts: false })],
    { settings },
  ),
  script(
    'timestamps are not agreed where the settings do not have them',
    covers('7323 3.2', 'TSopt may be refused by leaving it out of the SYN-ACK'),
    [
      at(0).client('S', { mss: 1460, ts: [77, 0] }),
      at(0).server('SA', { ts: false }),
      at(0).client('A', { ack: 1 }),
      at(0).write(1460),
      at(0).server('PA', { seq: 1, data: 1460, ts: false }),
    ],
  ),
  script(
    'every segment has them, and they cost twelve bytes of its text',
    [
      covers('7323 3.2', 'Once agreed, TSopt is in every segment but a RST'),
      covers('6691 2', 'What options take is taken from the text, not from the MSS'),
    ],
    [
      opened,
      at(20).write(3000),
      at(20).server('A', { seq: 1, data: 1448, ts: [null, 5020] }),
      at(20).server('A', { seq: 1449, data: 1448, ts: [null, 5020] }),
      at(20).server('PA', { seq: 2897, data: 104, ts: [null, 5020] }),
      at(40).client('A', { ack: 3001, ts: [5040, 1] }),
    ],
    { settings },
  ),
  script(
    'a pure ACK echoes the time of the earliest segment that it acknowledges',
    covers('7323 4.3', 'With delayed ACKs TS.Recent is that of the segment at the left edge of the window'),
    [
      opened,
      at(100).client('A', { data: 1448, ts: [5100, 1] }),
      at(110).client('A', { data: 1448, ts: [5110, 1] }),
      at(110).server('A', { seq: 1, ack: 2897, ts: [null, 5100] }),
    ],
    { settings },
  ),
  script(
    'a segment ahead of its turn does not set the time that is echoed',
    covers('7323 4.3', 'R3: only a segment with SEG.SEQ <= Last.ACK.sent updates TS.Recent'),
    [
      opened,
      at(100).client('A', { seq: 1449, data: 1448, ts: [5100, 1] }),
      at(100).server('A', { seq: 1, ack: 1, ts: [null, 5020] }),
      at(120).client('A', { seq: 1, data: 1448, ts: [5120, 1] }),
      at(120).server('A', { seq: 1, ack: 2897, ts: [null, 5120] }),
    ],
    { settings },
  ),
  script(
    'an old duplicate is answered with an ACK and dropped',
    covers('7323 5.3', 'R1: SEG.TSval < TS.Recent is not acceptable; send an ACK and drop the segment'),
    [
      opened,
      at(100).client('PA', { data: 'new', ts: [5100, 1] }),
      at(140).server('A', { ack: 4, ts: [null, 5100] }),
      at(150).client('PA', { data: 'old', ts: [4900, 1] }),
      at(150).server('A', { seq: 1, ack: 4 }),
      at(160).received('new'),
    ],
    { settings },
  ),
  script(
    'the same time twice is new enough',
    covers('7323 5.3', 'Only smaller values are old'),
    [
      opened,
      at(100).client('PA', { data: 'a', ts: [5100, 1] }),
      at(101).client('PA', { data: 'b', ts: [5100, 1] }),
      at(110).received('ab'),
      at(140).server('A', { ack: 3 }),
    ],
    { settings },
  ),
  script(
    'the client’s clock wraps around',
    covers('7323 5.2', 'Timestamps are compared modulo 2^32'),
    [
      at(0).client('S', { mss: 1460, ts: [0xffff_fff0, 0] }),
      at(0).server('SA', { ts: [null, 0xffff_fff0] }),
      at(20).client('A', { ack: 1, ts: [4, 1] }),
      at(30).client('PA', { data: 'after', ts: [14, 1] }),
      at(30).received('after'),
      at(70).server('A', { ack: 6, ts: [null, 14] }),
    ],
    { settings },
  ),
  script(
    'a RST needs no timestamp, nor a new one',
    covers('7323 5.2', 'PAWS is not applied to RST segments'),
    [opened, at(100).client('R', { seq: 1, ts: [1000, 0] }), at(100).failed('ECONNRESET')],
    { settings },
  ),
  script(
    'a segment without the option is dropped in silence',
    covers('7323 3.2', 'A non-RST segment without TSopt should be dropped silently'),
    [
      opened,
      at(100).client('PA', { seq: 1, data: 'bare' }),
      at(200).received(0),
      at(200).quiet(),
      at(200).client('PA', { seq: 1, data: 'timed', ts: [5200, 1] }),
      at(200).received('timed'),
      at(240).server('A', { ack: 6 }),
    ],
    { settings },
  ),
  script(
    'after 24 days of silence any time is new',
    covers('7323 5.5', 'TS.Recent of an idle connection is invalidated after 24 days'),
    [
      opened,
      at(25 * DAY).client('PA', { data: 'back', ts: [100, 1] }),
      at(25 * DAY).received('back'),
      at(25 * DAY + 40).server('A', { ack: 5, ts: [null, 100] }),
    ],
    { settings },
  ),
  script(
    'what is sent again carries the time of its first sending',
    covers('7323 4.1', 'TSval never goes back in the order of sequence; here it is a function of it'),
    [
      opened,
      at(20).write(1000),
      at(20).server('PA', { seq: 1, data: 1000, ts: [null, 5020] }),
      at(220).server('PA', { seq: 1, data: 1000, ts: [null, 5020] }),
      at(240).client('A', { ack: 1001, ts: [5240, 1] }),
    ],
    { settings },
  ),
  script(
    'SACK blocks and timestamps share the options',
    covers('7323 3.2', 'TSopt is in every segment, with whatever other options there are'),
    [
      at(0).client('S', { mss: 1460, sackOk: true, ts: [5000, 0] }),
      at(0).server('SA', { sackOk: true, ts: [null, 5000] }),
      at(0).client('A', { ack: 1, ts: [5001, 1] }),
      at(10).client('A', { seq: 101, data: 100, ts: [5010, 1] }),
      at(10).server('A', { ack: 1, sack: [[101, 201]], ts: [null, 5001] }),
    ],
    { settings },
  ),
  script(
    'a later time opens a new connection out of TIME-WAIT, whatever its number',
    covers('6191 3', 'A SYN with a larger timestamp than the last of the old connection may reopen it'),
    [
      opened,
      at(20).end(),
      at(20).server('FA', { seq: 1 }),
      at(30).client('FA', { ack: 2, ts: [5030, 1] }),
      at(30).server('A', { seq: 2, ack: 2 }),
      at(1000).client('S', { seq: -100_000, mss: 1460, ts: [6000, 0] }),
      at(1000).server('SA', { ack: -99_999 }),
    ],
    { settings },
  ),
];
