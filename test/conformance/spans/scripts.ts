/** Where a board sends and the front-end keeps time: what RFC 9293 leaves to "the sender" is two machines here. */
import { at, covers, established, script } from '../script.js';

export const spans = [
  script(
    'the retransmission timer starts when the board has sent, not when it was granted',
    covers('6298 5.1', 'The timer starts when a segment with text is sent'),
    [
      established(),
      at(0).writeBySlowBoard(1000, 500),
      at(500).server('PA', { seq: 1, data: 1000 }),
      at(700).quiet(),
      // What is sent again takes the board as long.
      at(1200).server('PA', { seq: 1, data: 1000, withinMs: 10 }),
      at(1210).client('A', { ack: 1001 }),
    ],
  ),
  script(
    'a round trip is measured from the board’s sending',
    covers('6298 2', 'R is the time from sending to acknowledgment'),
    [
      established({ rttMs: 20 }),
      at(20).writeBySlowBoard(1000, 400),
      at(420).server('PA', { seq: 1, data: 1000 }),
      at(440).client('A', { ack: 1001 }),
      // Had it been 420 ms, the timeout were more than a second.
      at(500).writeBySlowBoard(1000, 0),
      at(500).server('PA', { seq: 1001, data: 1000 }),
      at(700).server('PA', { seq: 1001, data: 1000, withinMs: 10 }),
    ],
  ),
  script(
    'what the front-end and what a board send is one stream',
    covers('9293 3.4', 'Every byte of the stream has its number, whoever sends it'),
    [
      established(),
      at(0).write(300),
      at(0).server('PA', { seq: 1, data: 300 }),
      at(0).writeBySlowBoard(3000, 5),
      at(0).write(200),
      at(0).server('PA', { seq: 3301, data: 200, withinMs: 1 }),
      at(5).text(301, 3301),
      at(20).client('A', { ack: 3501 }),
      at(5000).quiet(),
    ],
    { senders: ['local'] },
  ),
  script(
    'the FIN waits until the board has sent the last byte',
    covers('9293 3.10.4', 'The FIN follows the text'),
    [
      established(),
      at(0).writeBySlowBoard(2000, 50),
      at(0).end(),
      at(50).text(1, 2001),
      at(50).server('FA', { seq: 2001 }),
      at(60).client('A', { ack: 2002 }),
    ],
  ),
  script(
    'a board’s packets carry the latest acknowledgment and window',
    covers('9293 3.10.7.4', 'Every segment carries RCV.NXT and RCV.WND of its time'),
    [
      established(),
      at(0).writeBySlowBoard(1000, 20),
      at(10).client('PA', { ack: 1, data: 100 }),
      at(20).server('PA', { seq: 1, ack: 101, data: 1000 }),
      at(30).client('A', { ack: 1001 }),
      at(50).server('A', { seq: 1001, ack: 101 }),
    ],
  ),
  script(
    'while a board has a grant, a pure ACK carries the granted edge',
    covers('9293 3.10.7.4', 'A pure ACK is <SEQ=SND.NXT>: at a stale SND.UNA a client would ignore it'),
    [
      established(),
      at(0).writeBySlowBoard(1000, 100),
      at(10).client('PA', { ack: 1, data: 100 }),
      at(50).server('A', { seq: 1001, ack: 101, data: 0 }),
      at(100).server('PA', { seq: 1, ack: 101, data: 1000 }),
      at(110).client('A', { ack: 1001 }),
    ],
  ),
];
