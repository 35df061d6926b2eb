/** Keep-alive (RFC 9293 3.8.4). */
import { at, covers, established, script } from '../script.js';

const HOUR = 3_600_000;

export const keepalive = [
  script(
    'off unless the program asks for it',
    covers('9293 3.8.4', 'Keep-alives are off by default (MUST-25)'),
    [established(), at(12 * HOUR).quiet(), at(12 * HOUR).connections(1)],
  ),
  script(
    'without a time of its own the first probe comes after two hours',
    covers('9293 3.8.4', 'The interval defaults to no less than two hours (MUST-28)'),
    [
      established(),
      at(0).keepAlive(7_200_000),
      at(7_199_999).quiet(),
      at(7_200_000).server('A', { seq: 0, data: 0 }),
      at(7_200_010).client('A'),
      at(9_000_000).quiet(),
    ],
  ),
  script(
    'a probe is an empty segment below SND.NXT',
    covers('9293 3.8.4', 'SEG.SEQ = SND.NXT - 1 makes the client answer; it carries no text (SHLD-12)'),
    [
      established(),
      at(0).write(100),
      at(0).server('PA', { seq: 1, data: 100 }),
      at(10).client('A', { ack: 101 }),
      at(10).keepAlive(10_000),
      at(10_010).server('A', { seq: 100, ack: 1, data: 0 }),
      at(10_020).client('A', { ack: 101 }),
      at(20_020).server('A', { seq: 100, ack: 1, data: 0 }),
    ],
  ),
  script(
    'anything from the client puts the probe off',
    covers('9293 3.8.4', 'Keep-alives go only when nothing was received for the interval (MUST-26)'),
    [
      established(),
      at(0).keepAlive(10_000),
      at(9000).client('PA', { data: 'x' }),
      at(9040).server('A', { ack: 2 }),
      at(18_900).quiet(),
      at(19_000).server('A', { seq: 0 }),
    ],
  ),
  script(
    'one probe that nobody answers does not end the connection',
    covers('9293 3.8.4', 'No answer to a single probe is no proof of a dead connection (MUST-29)'),
    [
      established(),
      at(0).keepAlive(10_000),
      at(10_000).server('A', { seq: 0 }),
      at(85_000).server('A', { seq: 0 }),
      at(85_100).client('A'),
      at(90_000).connections(1),
    ],
  ),
  script(
    'a client that answers none of them is gone',
    covers('9293 3.8.4', 'The connection is ended after several probes without an answer'),
    [
      established(),
      at(0).keepAlive(10_000),
      at(10_000).server('A', { seq: 0 }),
      at(85_000).server('A', { seq: 0 }),
      at(160_001).failed('ETIMEDOUT'),
      at(160_001).connections(0),
    ],
    { settings: { maxProbes: 2 } },
  ),
];
