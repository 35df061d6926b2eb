/** Options of the handshake, and what they lead to. */
import { at, covers, established, script } from '../script.js';

export const options = [
  script(
    'the SYN-ACK announces the MSS of Ethernet whether or not the client names one',
    covers('9293 3.7.1', 'An MSS option goes out with every SYN when it differs from the default (SHLD-5)'),
    [at(0).client('S'), at(0).server('SA', { mss: 1460, wscale: -1, sackOk: false })],
  ),
  script(
    'without an MSS option segments are of 536 bytes over IPv4',
    covers('9293 3.7.1', 'Without an MSS option in the SYN the send MSS is 536 over IPv4 (MUST-15)'),
    [
      at(0).client('S'),
      at(0).server('SA', { ack: 1 }),
      at(0).client('A', { ack: 1 }),
      at(0).write(1200),
      at(0).server('A', { seq: 1, data: 536 }),
      at(0).server('A', { seq: 537, data: 536 }),
      at(0).server('PA', { seq: 1073, data: 128 }),
    ],
    { versions: [4] },
  ),
  script(
    'without an MSS option segments are of 1,220 bytes over IPv6',
    covers('9293 3.7.1', 'Without an MSS option in the SYN the send MSS is 1220 over IPv6 (MUST-15)'),
    [
      at(0).client('S'),
      at(0).server('SA', { ack: 1 }),
      at(0).client('A', { ack: 1 }),
      at(0).write(1500),
      at(0).server('A', { seq: 1, data: 1220 }),
      at(0).server('PA', { seq: 1221, data: 280 }),
    ],
    { versions: [6] },
  ),
  script(
    'segments are never larger than the client’s MSS',
    covers('9293 3.7.1', 'The send MSS is what the peer announced (MUST-16)'),
    [
      established({ mss: 1000 }),
      at(0).write(2500),
      at(0).server('A', { seq: 1, data: 1000 }),
      at(0).server('A', { seq: 1001, data: 1000 }),
      at(0).server('PA', { seq: 2001, data: 500 }),
    ],
  ),
  script(
    'segments are never larger than the link’s MTU, whatever the client announces',
    covers('9293 3.7.1', 'The effective send MSS is bounded by what the link can carry (MUST-16)'),
    [
      established({ mss: 8960 }),
      at(0).write(2000),
      at(0).server('A', { seq: 1, data: 1460 }),
      at(0).server('PA', { seq: 1461, data: 540 }),
    ],
  ),
  script(
    'an MSS option after the SYN changes nothing',
    covers('9293 3.7.1', 'The MSS option is sent in SYN segments only'),
    [
      established(),
      at(10).client('A', { rawOptions: [2, 4, 0, 100] }),
      at(10).write(1460),
      at(10).server('PA', { seq: 1, data: 1460 }),
    ],
  ),
  script(
    'a window scale is answered when it is offered',
    covers('7323 2.2', 'Window scale goes into the SYN-ACK only when the SYN had it'),
    [at(0).client('S', { mss: 1460, wscale: 7 }), at(0).server('SA', { mss: 1460, wscale: 3 })],
  ),
  script(
    'the window of a SYN is not scaled',
    covers('7323 2.2', 'The window field in a SYN or SYN-ACK is never scaled'),
    [
      at(0).client('S', { mss: 1460, wscale: 7, win: 0xffff }),
      at(0).server('SA', { win: 0xffff, wscale: 3 }),
    ],
  ),
  script(
    'the client’s window is scaled by its own factor',
    covers('7323 2.3', 'SND.WND is SEG.WND shifted left by the factor of the sender of the segment'),
    [
      established({ wscale: 7, win: 46 }),
      at(0).write(20_000),
      // 46 · 128 bytes: four full segments.
      at(0).text(1, 5841),
      at(1).quiet(),
    ],
  ),
  script(
    'without agreement a window is not scaled',
    covers('7323 2.2', 'Both must send the option, or neither scales'),
    [established({ win: 4096 }), at(0).write(20_000), at(0).text(1, 2921), at(1).quiet()],
  ),
  script(
    'a shift above 14 counts as 14',
    covers('7323 2.3', 'A shift count that exceeds 14 is taken as 14'),
    [
      established({ wscale: 15, win: 1 }),
      // One unit is 16,384 bytes: so much, and not twice as much, is under way at most.
      at(0).write(60_000),
      at(0).text(1, 14_601),
      at(10).client('A', { ack: 14_601 }),
      at(10).text(14_601, 30_661),
      at(11).quiet(),
    ],
  ),
  script(
    'SACK is permitted when the client permits it',
    covers('2018 2', 'SACK-permitted is sent in SYN segments'),
    [at(0).client('S', { mss: 1460, sackOk: true }), at(0).server('SA', { sackOk: true })],
  ),
  script(
    'SACK is not brought up by the server',
    covers('2018 2', 'Without SACK-permitted from the client none is sent to it'),
    [at(0).client('S', { mss: 1460 }), at(0).server('SA', { sackOk: false })],
  ),
  script(
    'unknown options are skipped',
    covers('9293 3.1', 'Options that are not implemented are ignored by their length (MUST-6)'),
    [
      at(0).client('S', { rawOptions: [254, 4, 1, 2, 2, 4, 2, 0x18, 4, 2, 99, 2] }),
      at(0).server('SA', { ack: 1, sackOk: true }),
      at(0).client('A', { ack: 1 }),
      at(0).write(600),
      at(0).server('A', { data: 536 }),
      at(0).server('PA', { data: 64 }),
    ],
  ),
  script(
    'an option of impossible length does no harm',
    covers('9293 3.1', 'Illegal option lengths must be survived (MUST-7)'),
    [
      at(0).client('S', { rawOptions: [2, 4, 5, 0xb4, 99, 0, 7, 7] }),
      at(0).server('SA', { ack: 1 }),
      at(1).client('S', { port: 40_001, rawOptions: [2, 4, 5, 0xb4, 99, 200, 7, 7] }),
      at(1).server('SA', { ack: 1, port: 40_001 }),
      at(2).client('S', { port: 40_002, rawOptions: [1, 1, 1, 2] }),
      at(2).server('SA', { ack: 1, port: 40_002 }),
    ],
  ),
  script(
    'options in a data segment do not get into the text',
    covers('9293 3.1', 'Options may be in any segment (MUST-5); the data offset tells where the text begins'),
    [
      established(),
      at(0).client('PA', { data: 'text', rawOptions: [1, 1, 1, 1, 1, 1, 1, 1] }),
      at(0).received('text'),
      at(40).server('A', { ack: 5 }),
    ],
  ),
];
