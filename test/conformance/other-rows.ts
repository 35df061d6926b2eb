/** Rows of docs/conformance.md that no script stands for: what other tests show, and what is not done, and why. */
import { covers, type Statement } from './script.js';

export interface Elsewhere extends Statement {
  /** The file, and the title of a test in it. */
  readonly file: string;
  readonly test: string;
}

export interface Departure extends Statement {
  /** What is done instead, and why. */
  readonly because: string;
}

function shown(where: string, says: string, file: string, test: string): Elsewhere {
  return { ...covers(where, says), file: `test/${file}`, test };
}

function departs(where: string, says: string, because: string): Departure {
  return { ...covers(where, says), because };
}

const TCP = 'front-end/tcp';

export const ELSEWHERE: readonly Elsewhere[] = [
  shown(
    '6528 3',
    'Initial numbers advance by one every 4 µs for one 4-tuple',
    `${TCP}/handshake.test.ts`,
    'moves by one each four microseconds for one 4-tuple (RFC 6528)',
  ),
  shown(
    '6528 3',
    'They can’t be guessed from those of another 4-tuple',
    `${TCP}/handshake.test.ts`,
    'differs between 4-tuples and between keys',
  ),
  shown(
    '9438 4.3',
    'The window grows as Reno’s would where that is faster',
    `${TCP}/cubic.test.ts`,
    'grows as Reno would where that is faster: a short round trip, a small window (4.3)',
  ),
  shown(
    '9438 4.7',
    'Fast convergence',
    `${TCP}/cubic.test.ts`,
    'gives way when a loss comes before the old window was reached (4.7)',
  ),
  shown(
    '9438 4.9',
    'Spurious congestion events are undone',
    `${TCP}/cubic.test.ts`,
    'goes back to where it was when the loss was none',
  ),
  shown(
    '9406 4.2',
    'Slow start slows down when round trips grow, and ends after five more rounds',
    `${TCP}/cubic.test.ts`,
    'slows down when the round trip grows by more than an eighth, and ends after five more rounds',
  ),
  shown(
    '9406 4.2',
    'Conservative slow start is left when the round trip falls again',
    `${TCP}/cubic.test.ts`,
    'goes on as before when the round trip falls again',
  ),
  shown(
    '6937 3',
    'Sending follows what arrives, in the proportion of the reduction',
    `${TCP}/prr.test.ts`,
    'sends seven for ten that arrive when the window shrinks to 0.7, evenly',
  ),
  shown(
    '6937 3',
    'Slow-start reduction bound',
    `${TCP}/prr.test.ts`,
    'grows back to the threshold, but not in a burst, when more was lost than the reduction',
  ),
  shown(
    '4987 3.6',
    'A flood of SYNs keeps nothing and shuts nobody out',
    `${TCP}/syn-cookies.test.ts`,
    'keeps nothing of 50,000 SYNs, and serves a client among them',
  ),
  shown(
    '1191 6.5',
    'What was too large is repeated at once in smaller segments, and is no sign of congestion',
    `${TCP}/path-mtu.test.ts`,
    'keeps its window',
  ),
  shown(
    '8201 4',
    'A Packet Too Big over IPv6 leads to no less than 1280 bytes',
    `${TCP}/path-mtu.test.ts`,
    'is heard over IPv6, too',
  ),
  shown(
    '5927 4.1',
    'The quoted sequence number must be under way',
    `${TCP}/path-mtu.test.ts`,
    'what it quotes is not acknowledged',
  ),
  shown(
    '5927 7.2',
    'Once packets of a size have arrived, an error about that size waits for a timeout',
    `${TCP}/path-mtu.test.ts`,
    'a timeout bears it out, once packets of this size have arrived',
  ),
  shown(
    '6191 3',
    'TSval decides in TIME-WAIT where both connections have timestamps',
    `${TCP}/timestamps.test.ts`,
    'lets a new connection follow one in TIME-WAIT by its time (RFC 6191)',
  ),
  shown(
    '9293 3.4',
    'Streams longer than the sequence space',
    `${TCP}/span.test.ts`,
    'longer than the sequence space goes on past it',
  ),
  shown(
    '9293 3.10.7.4',
    'Whatever pieces come in whatever order, every byte is delivered once',
    `${TCP}/reassembly.test.ts`,
    'gives every byte back once and in order, whatever pieces came, keeping what came first',
  ),
  shown(
    '9293 3.7.1',
    'Without an MSS option in the SYN the send MSS is 1220 over IPv6 (MUST-15)',
    `${TCP}/ipv6.test.ts`,
    'takes what a client’s MSS says, 1220 when it says nothing (RFC 9293 3.7.1), never more than 1440',
  ),
  shown(
    '6437 3',
    'All packets of a flow carry its label, and the label is hard to guess',
    `${TCP}/ipv6.test.ts`,
    'gives all packets of a connection one flow label, and others another',
  ),
  shown(
    '6437 3',
    '… those that a board sends as well',
    `${TCP}/ipv6.test.ts`,
    'gives a span the headers of the connection, the flow label among them, lengths and checksums zero',
  ),
  shown(
    '8200 4',
    'Extension headers are processed in the order they appear in; hop-by-hop options stand in front only',
    'front-end/link/ipv6.test.ts',
    'looks behind extension headers, and refuses those that ask for more',
  ),
  shown(
    '8200 4.2',
    'An option that must be known and is not makes the packet be discarded',
    'front-end/link/ipv6.test.ts',
    'looks behind extension headers, and refuses those that ask for more',
  ),
  shown(
    '8200 8.1',
    'A UDP datagram over IPv6 without a checksum is discarded',
    'front-end/link/ipv6.test.ts',
    'tells a UDP socket of clients, and of errors about its own datagrams only',
  ),
  shown(
    '4443 2.3',
    'Messages whose checksum fails are discarded',
    'front-end/link/ipv6.test.ts',
    'heeds nothing from beyond the link, nothing damaged, nothing in fragments',
  ),
  shown(
    '4443 4.2',
    'An echo reply returns the request’s data unchanged',
    'front-end/link/ipv6.test.ts',
    'answers echo requests with the same data, up to the MTU',
  ),
  shown(
    '4861 7.1.1',
    'Solicitations are validated: hop limit 255, length, code, target, options',
    'front-end/link/ipv6.test.ts',
    'heeds nothing from beyond the link, nothing damaged, nothing in fragments',
  ),
  shown(
    '4861 7.2.1',
    'A host joins the solicited-node group of each of its addresses',
    'front-end/link/ipv6.test.ts',
    'are joined at the start, and once more a second later',
  ),
  shown(
    '4861 7.2.4',
    'A solicitation is answered, with the Solicited flag, to who asked',
    'front-end/link/ipv6.test.ts',
    'answers a solicitation, to the asker alone',
  ),
  shown(
    '4861 7.2.6',
    'A new link-layer address is announced, at most three times',
    'front-end/link/ipv6.test.ts',
    'announces its addresses twice, a second apart (RFC 4861 7.2.6)',
  ),
  shown(
    '4862 5.4.3',
    'Who tries an address that is taken hears so, by all nodes’ group',
    'front-end/link/ipv6.test.ts',
    'tells all nodes when somebody without an address wants one of its own (RFC 4862 5.4)',
  ),
  shown(
    '6980 5',
    'Neighbour discovery in fragments is ignored in silence',
    'front-end/link/ipv6.test.ts',
    'heeds nothing from beyond the link, nothing damaged, nothing in fragments',
  ),
  shown(
    '3810 6.2',
    'A query is answered at a random time within what it allows',
    'front-end/link/ipv6.test.ts',
    'are reported when a router asks, once, within the time that it allows',
  ),
];

export const DEPARTURES: readonly Departure[] = [
  departs(
    '7323 4.1',
    'Round trips are measured by TSecr (RTTM)',
    'TSval is granted with a range and kept when it is sent again (decision 4), so TSecr tells neither when a byte left nor which sending arrived. The boards report the times of sending.',
  ),
  departs(
    '9293 3.10.1',
    'OPEN may be active',
    'The front-end serves; it opens no connection. So there is no simultaneous open (MUST-10) either.',
  ),
  departs(
    '9293 3.8.2',
    'The urgent pointer is supported (MUST-30)',
    'URG is not looked at and the text is delivered in line: none of the services has a use for it, and RFC 6093 advises new applications against it.',
  ),
  departs(
    '9293 3.10.7.2',
    'Text of a SYN is queued',
    'It is not acknowledged, so the client repeats it: nothing is kept for a client that has not proven its address. RFC 7413 is not done for the same reason.',
  ),
  departs(
    '9293 3.8.6',
    'A sender should not send new text beyond a window that has shrunk (SHLD-15)',
    'The largest edge that one ACK has offered holds: a board has its grant already, and ACKs overtake each other. Windows do not shrink as a rule (SHLD-14); a client that does it gets again what it dropped.',
  ),
  departs(
    '9293 3.8.3',
    'R1 and R2 are configurable per connection (MUST-21)',
    'They are configured for all connections, `maxRetransmissions` of the settings.',
  ),
  departs(
    '9293 3.8.3',
    'R2 of a SYN is at least three minutes (MUST-23)',
    'A SYN-ACK is repeated for a minute: longer, and a flood of SYNs would fill the backlog for longer. A client that is there repeats its SYN.',
  ),
  departs(
    '9293 3.9.2.2',
    'Protocol and port unreachable should abort the connection (SHLD-26)',
    'They are ignored in synchronized states, as RFC 5927 5.2 recommends: anybody can forge them, and the retransmission timer finds a client that has gone.',
  ),
  departs(
    '9293 3.9.2.1',
    'Source routes are used for the reply (MUST-53)',
    'IP options are skipped: source routes are not forwarded in today’s networks (RFC 7126 4.3).',
  ),
  departs(
    '6298 2.4',
    'RTO is at least 1 s',
    '200 ms, as common senders have it: above any client’s delayed ACK, below what a user notices.',
  ),
  departs(
    '6298 5.5',
    'The doubled timeout stays until a round trip was measured',
    'It goes back as soon as something new is acknowledged: the client is reachable then, and losses are found by RACK, not by the timer.',
  ),
  departs(
    '8985 7.3',
    'One probe of the tail, outside of recovery',
    'A second one after twice the time, and in recoveries as well: the shortest timeout is a hundred round trips of a LAN.',
  ),
  departs(
    '2883 4',
    'A receiver reports what came twice',
    'Requests are a segment or two; what a client would learn from it, it has no use for. Reports of clients are read.',
  ),
  departs(
    '3168 6.1',
    'ECN is negotiated',
    'The bits of a SYN are ignored: a board’s packets would have to carry CWR at moments that only the front-end knows.',
  ),
  departs(
    '9293 3.8.6.3',
    'A segment with text carries the acknowledgment, so that no other is needed',
    'With a board’s packets one may still follow: when they leave the front-end does not know in time.',
  ),
  departs(
    '8200 4.5',
    'Fragments are reassembled',
    'They are refused and counted, atomic ones too: requests are small, nobody fragments TCP, and what is not kept can’t be exhausted.',
  ),
  departs(
    '8200 4.2',
    'Some unknown options, and unknown headers, are answered by a Parameter Problem',
    'They are discarded and counted, not answered: the front-end sends no errors that a forged source could aim at others.',
  ),
  departs(
    '4861 6.3',
    'Hosts learn routers and prefixes from advertisements',
    'They are ignored: addresses are configured, and every reply goes to the MAC that the request came from.',
  ),
  departs(
    '4862 5.4',
    'Addresses are tried before they are used',
    'As over IPv4 they are announced and defended, so that the server is back at once after a restart; a conflict is counted and told to the other side.',
  ),
];
