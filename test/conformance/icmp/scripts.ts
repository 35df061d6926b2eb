/** ICMP messages about a connection (RFC 9293 3.9.2.2, RFC 5927). */
import { at, covers, established, script } from '../script.js';

const flight = [established(), at(0).write(2920), at(0).text(1, 2921)];

function harmless(title: string, section: string, says: string, type: number, code: number) {
  return script(
    title,
    covers(section, says),
    [
      flight,
      at(10).icmp({ type, code, seq: 1 }),
      at(20).quiet(),
      at(20).connections(1),
      at(20).client('A', { ack: 2921 }),
      at(21).counted({ step127EmptiedBytes: 2920 }),
      at(3000).quiet(),
    ],
    { versions: [4] },
  );
}

export const icmp = [
  harmless(
    'an unreachable network does not end a connection',
    '9293 3.9.2.2',
    'Destination Unreachable codes 0, 1 and 5 are soft errors: not aborted (MUST-56)',
    3,
    0,
  ),
  harmless(
    'an unreachable host does not end a connection',
    '9293 3.9.2.2',
    'Host unreachable is a soft error (MUST-56)',
    3,
    1,
  ),
  harmless(
    'an unreachable port does not end an established connection',
    '5927 5.2',
    'In synchronized states hard errors are treated as soft ones',
    3,
    3,
  ),
  harmless(
    'Source Quench is ignored in silence',
    '9293 3.9.2.2',
    'Source Quench messages are discarded silently (MUST-55; RFC 6633)',
    4,
    0,
  ),
  harmless(
    'an exceeded time to live does not end a connection',
    '9293 3.9.2.2',
    'Time Exceeded is a soft error (MUST-56)',
    11,
    0,
  ),
  harmless(
    'a parameter problem does not end a connection',
    '9293 3.9.2.2',
    'Parameter Problem is a soft error (MUST-56)',
    12,
    0,
  ),
];
