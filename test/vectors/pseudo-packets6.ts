/** Pseudo packets over IPv6, byte by byte; the expected packets come from a program that shares nothing with the firmware. */
import { type PacketSink, PseudoPacketizer } from '../../src/back-end/pseudo-packetizer.js';
import { checkTemplate, Template } from '../../src/back-end/template.js';
import { Reason } from '../../src/wire/atcp/ack-up.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import {
  ascii,
  bytes,
  counting,
  dirty,
  expectBytes,
  expectDirt,
  expectValue,
  toHex,
  vectors,
} from './vector.js';

const OWN_MAC = bytes('02a7c0000021');
const LINK = '02a7c0000099 02a7c0000001 86dd';
const ADDRESSES = 'fd770000000000000000000000000010 fd770000000000000000000000000200';
const IP = `600abcde 0000 06 40 ${ADDRESSES}`;
const TCP = '0050 9c40 00000000 00000000 5010 0000 0000 0000';
const TCP_TIMESTAMPS = '0050 9c40 00000000 00000000 8010 0000 0000 0000 0101080a 00000000 00000000';
/** Of the packets: the flow label is the template's. */
const HEAD = '02a7c0000099 02a7c0000021 86dd 600abcde';
const SOURCES = Object.freeze([
  Object.freeze({ address: bytes('0a4d000a'), port: 0 }),
  Object.freeze({ address: bytes('fd770000000000000000000000000010'), port: 80 }),
]);
const MARGIN = 8;

function check(hex: string, segmentBytes: number): Reason {
  const b = bytes(hex);
  return checkTemplate(b, 0, b.length, 14, 54, segmentBytes, false, SOURCES);
}

function load(hex: string, segmentBytes: number): Template {
  expectValue(check(hex, segmentBytes), Reason.none, 'template');
  const b = bytes(hex);
  const template = new Template();
  template.load(b, 0, b.length, 14, 54, segmentBytes, false, OWN_MAC);
  template.setPair(0x0102_0304, 0x7fff, 0x5566_7788);
  return template;
}

class Sink implements PacketSink {
  readonly packets: string[] = [];
  readonly #frame: Uint8Array;

  constructor(frame: Uint8Array) {
    this.#frame = frame;
  }

  sendPseudo(length: number): boolean {
    this.packets.push(toHex(this.#frame, 0, length));
    return true;
  }
}

export const pseudoPacket6Vectors = vectors(
  {
    name: 'pseudo packets over IPv6: a run of full segments over the wrap, under one flow label',
    run() {
      const frame = dirty(200);
      const sink = new Sink(frame);
      const packetizer = new PseudoPacketizer(frame, sink);
      const template = load(LINK + IP + TCP, 7);
      expectValue(packetizer.sendRun(template, counting(40), 0, 3, 0xffff_fff9), 3, 'taken');
      const head = `${HEAD} 001b 06 40 ${ADDRESSES} 00509c40`;
      const expected = [
        `${head} fffffff9 01020304 50107fff 8635 0000 00010203040506`,
        `${head} 00000000 01020304 50107fff 6a1a 0000 0708090a0b0c0d`,
        `${head} 00000007 01020304 50107fff 4dfe 0000 0e0f1011121314`,
      ];
      expectValue(sink.packets.join(), expected.map((hex) => toHex(bytes(hex))).join(), 'packets');
    },
  },
  {
    name: 'pseudo packet over IPv6: timestamps, PSH, shorter than a full segment',
    run() {
      const expected =
        `${HEAD} 0025 06 40 ${ADDRESSES} 00509c40 000003e8 01020304 80187fff 9e39 0000` +
        '0101080a 11223344 55667788 4154435021';
      const frame = dirty(bytes(expected).length + MARGIN);
      const packetizer = new PseudoPacketizer(frame, new Sink(frame));
      const template = load(LINK + IP + TCP_TIMESTAMPS, 1428);
      template.setTsVal(0x1122_3344);
      frame.set(ascii('ATCP!'), template.bytes);
      const length = packetizer.finish(template, 5, 1000, TcpFlag.psh);
      expectValue(length, bytes(expected).length, 'length');
      expectBytes(frame, 0, expected, 'packet');
      expectDirt(frame, length, MARGIN, 'behind it');
    },
  },
  {
    name: 'pseudo packet over IPv6 for a NIC that segments: length of the whole, sum of the pseudo header',
    run() {
      const frame = dirty(74 + 3000 + MARGIN);
      frame.set(counting(3000), 74);
      const packetizer = new PseudoPacketizer(frame, new Sink(frame));
      const template = load(LINK + IP + TCP, 1440);
      expectValue(packetizer.finishSuper(template, 3000, 1000, TcpFlag.psh), 74 + 3000, 'length');
      const tcp = '00509c40 000003e8 01020304 50187fff 08d2 0000 00010203';
      expectBytes(frame, 0, `${HEAD} 0bcc 06 40 ${ADDRESSES} ${tcp}`, 'packet');
      expectDirt(frame, 74 + 3000, MARGIN, 'behind it');
    },
  },
  {
    name: 'template over IPv6: what fits a frame, from an address and a port that the board was provisioned for',
    run() {
      expectValue(check(LINK + IP + TCP, 1440), Reason.none, 'a full frame');
      expectValue(check(LINK + IP + TCP, 1441), Reason.badCommand, 'a byte too much');
      expectValue(check(LINK + IP + TCP_TIMESTAMPS, 1428), Reason.none, 'with timestamps');
      expectValue(check(LINK + IP + TCP_TIMESTAMPS, 1429), Reason.badCommand, 'and a byte too much');
      const other = ADDRESSES.replace('0010 ', '0011 ');
      expectValue(check(`${LINK}600abcde 0000 06 40 ${other}${TCP}`, 100), Reason.forbiddenSource, 'address');
      const mapped = ADDRESSES.replace(
        'fd770000000000000000000000000010',
        '00000000000000000000ffff0a4d000a',
      );
      const asIpv4 = `${LINK}600abcde 0000 06 40 ${mapped}${TCP}`;
      expectValue(check(asIpv4, 100), Reason.forbiddenSource, 'the IPv4 address, mapped');
      const port = LINK + IP + TCP.replace('0050', '0051');
      expectValue(check(port, 100), Reason.forbiddenSource, 'port');
      const extended = `${LINK}600abcde 0000 3c 40 ${ADDRESSES}${TCP}`;
      expectValue(check(extended, 100), Reason.badCommand, 'an extension header');
      expectValue(check(LINK.replace('86dd', '0800') + IP + TCP, 100), Reason.badCommand, 'IPv4’s EtherType');
    },
  },
);
