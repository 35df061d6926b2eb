/** Zero windows (RFC 9293 3.8.6.1). */
import { at, covers, established, script } from '../script.js';

export const persist = [
  script(
    'a closed window is probed after the retransmission timeout, ever more rarely',
    covers(
      '9293 3.8.6.1',
      'The first probe goes after one RTO (SHLD-29), the interval grows exponentially (SHLD-30)',
    ),
    [
      established({ win: 1460 }),
      at(0).write(3000),
      at(0).text(1, 1461),
      at(10).client('A', { ack: 1461, win: 0 }),
      at(210).server('A', { seq: 1460, data: 0, withinMs: 10 }),
      at(210).client('A'),
      at(610).server('A', { seq: 1460, withinMs: 10 }),
      at(610).client('A'),
      at(1410).server('A', { seq: 1460, withinMs: 10 }),
      at(1410).client('A'),
      at(3010).server('A', { seq: 1460, withinMs: 10 }),
    ],
  ),
  script(
    'a client that answers probes is kept, however long its window stays closed',
    covers('9293 3.8.6.1', 'While the receiver acknowledges probes the connection stays open (MUST-37)'),
    [
      established({ win: 1460 }),
      at(0).write(3000),
      at(0).text(1, 1461),
      at(10).client('A', { ack: 1461, win: 0 }),
      [0, 1, 2, 3, 4, 5].flatMap((i) => [
        at(210 + 200 * (2 ** (i + 1) - 2)).server('A', { seq: 1460, withinMs: 20 }),
        at(210 + 200 * (2 ** (i + 1) - 2)).client('A'),
      ]),
      at(13_000).connections(1),
      at(13_000).client('A', { win: 5000 }),
      at(13_000).text(1461, 3001),
    ],
  ),
  script(
    'a client that answers no probe is given up',
    covers('9293 3.8.6.1', 'Probes that nobody answers end the connection, as repetitions do'),
    [
      established({ win: 1460 }),
      at(0).write(3000),
      at(0).text(1, 1461),
      at(10).client('A', { ack: 1461, win: 0 }),
      at(210).server('A', { seq: 1460, withinMs: 10 }),
      at(610).server('A', { seq: 1460, withinMs: 10 }),
      at(3000).failed('ETIMEDOUT'),
      at(3000).connections(0),
    ],
    { settings: { maxProbes: 2 } },
  ),
  script(
    'a window that opens is filled at once, not with the next probe',
    covers('9293 3.8.6.1', 'The window update itself restarts the transfer'),
    [
      established({ win: 1460 }),
      at(0).write(3000),
      at(0).text(1, 1461),
      at(10).client('A', { ack: 1461, win: 0 }),
      at(210).server('A', { seq: 1460, withinMs: 10 }),
      at(300).client('A', { win: 1460 }),
      at(300).text(1461, 2921),
    ],
  ),
  script(
    'a window that is closed from the start is probed as well',
    covers('9293 3.8.6.1', 'Zero windows must be probed (MUST-36)'),
    [
      established({ win: 0 }),
      at(0).write(100),
      at(200).server('A', { seq: 0, data: 0, withinMs: 10 }),
      at(250).client('A', { win: 1000 }),
      at(250).server('PA', { seq: 1, data: 100 }),
    ],
  ),
];
