/**
 * Pseudo packets and commands, byte by byte. The expected packets were computed by a program that shares nothing with
 * the firmware (checksums over the whole packet, no template).
 */
import { CommandDecoder, Command } from '../../src/back-end/command-decoder.js';
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
const LINK4 = '02a7c0000099 02a7c0000001 0800';
const IPV4 = '4500 0000 0000 4000 40 06 0000 0a4d000a 0a4d00c8';
const IPV4_UDP = '4500 0000 0000 4000 40 11 0000 0a4d000a 0a4d00c8';
const TCP = '0050 9c40 00000000 00000000 5010 0000 0000 0000';
const TCP_TIMESTAMPS = '0050 9c40 00000000 00000000 8010 0000 0000 0000 0101080a 00000000 00000000';
const UDP = '0045 9c40 0000 0000';
/** From port 80, with the header of TFTP's DATA (RFC 1350). */
const UDP_TFTP = '0050 9c40 0000 0000 0003 0000';
const LINK6 = '02a7c0000099 02a7c0000001 86dd';
const IPV6_UDP = '60000000 0000 11 40 fd770000000000000000000000000010 fd770000000000000000000000000200';
const IPV6 = '60000000 0000 06 40 fd770000000000000000000000000010 fd770000000000000000000000000200';
const SOURCES = Object.freeze([
  Object.freeze({ address: bytes('0a4d000a'), port: 0 }),
  Object.freeze({ address: bytes('fd770000000000000000000000000010'), port: 80 }),
]);
const MARGIN = 8;

function load(hex: string, l3: number, l4: number, segmentBytes: number, numbered = false): Template {
  const b = bytes(hex);
  expectValue(
    checkTemplate(b, 0, b.length, l3, l4, segmentBytes, numbered, SOURCES),
    Reason.none,
    'template',
  );
  const template = new Template();
  template.load(b, 0, b.length, l3, l4, segmentBytes, numbered, OWN_MAC);
  return template;
}

/** Takes packets, as hexadecimal digits, while it has room. */
class Sink implements PacketSink {
  readonly packets: string[] = [];
  room = Infinity;
  readonly #frame: Uint8Array;

  constructor(frame: Uint8Array) {
    this.#frame = frame;
  }

  sendPseudo(length: number): boolean {
    if (this.packets.length === this.room) return false;
    this.packets.push(toHex(this.#frame, 0, length));
    return true;
  }
}

function packetizerFor(frame: Uint8Array): PseudoPacketizer {
  return new PseudoPacketizer(frame, new Sink(frame));
}

function expectPacket(
  template: Template,
  payload: Uint8Array,
  sequence: number,
  flags: number,
  expectedHex: string,
  what: string,
): void {
  const length = bytes(expectedHex).length;
  const frame = dirty(length + MARGIN);
  frame.set(payload, template.bytes);
  const packetizer = packetizerFor(frame);
  expectValue(packetizer.finish(template, payload.length, sequence, flags), length, `${what}: length`);
  expectBytes(frame, 0, expectedHex, what);
  expectDirt(frame, length, MARGIN, `${what}: behind it`);
}

export const pseudoPacketVectors = vectors(
  {
    name: 'pseudo packet: TCP over IPv4, sequence number at the wrap, PSH; shorter than a full segment',
    run() {
      const template = load(LINK4 + IPV4 + TCP, 14, 34, 1460);
      template.setPair(0x0102_0304, 0x7fff, 0);
      expectPacket(
        template,
        ascii('ATCP!'),
        0xffff_fffe,
        TcpFlag.psh,
        '02a7c0000099 02a7c0000021 0800 4500002d 00004000 40062560 0a4d000a 0a4d00c8' +
          '00509c40 fffffffe 01020304 50187fff d4220000 4154435021',
        'packet',
      );
    },
  },
  {
    name: 'pseudo packet: TCP with timestamps, a full segment; a change of TSval reaches the checksum',
    run() {
      const template = load(LINK4 + IPV4 + TCP_TIMESTAMPS, 14, 34, 7);
      template.setPair(0x0102_0304, 0x7fff, 0x5566_7788);
      expectPacket(
        template,
        counting(7),
        1000,
        0,
        '02a7c0000099 02a7c0000021 0800 4500003b 00004000 40062552 0a4d000a 0a4d00c8' +
          '00509c40 000003e8 01020304 80107fff 63d50000 0101080a 00000000 55667788 00010203040506',
        'TSval 0',
      );
      template.setTsVal(0x1122_3344);
      expectPacket(
        template,
        counting(7),
        1000,
        0,
        '02a7c0000099 02a7c0000021 0800 4500003b 00004000 40062552 0a4d000a 0a4d00c8' +
          '00509c40 000003e8 01020304 80107fff 1f6f0000 0101080a 11223344 55667788 00010203040506',
        'TSval 0x11223344',
      );
    },
  },
  {
    name: 'pseudo packet: TCP over IPv6, FIN',
    run() {
      const template = load(LINK6 + IPV6 + TCP, 14, 54, 1440);
      template.setPair(0x0102_0304, 0x7fff, 0);
      expectPacket(
        template,
        ascii('ATCP!'),
        1000,
        TcpFlag.fin,
        '02a7c0000099 02a7c0000021 86dd 60000000 0019 06 40 fd770000000000000000000000000010' +
          'fd770000000000000000000000000200 00509c40 000003e8 01020304 50117fff e8ac0000 4154435021',
        'packet',
      );
    },
  },
  {
    name: 'pseudo packet: a run in one frame: short, full, with PSH, of another template, and back',
    run() {
      const one = load(LINK4 + IPV4 + TCP, 14, 34, 7);
      const other = load(LINK6 + IPV6 + TCP, 14, 54, 1440);
      for (const template of [one, other]) template.setPair(0x0102_0304, 0x7fff, 0);
      const run = packetizerFor(dirty(200));
      const make = (template: Template, length: number, sequence: number, flags: number): string => {
        run.frame.set(counting(length), template.bytes);
        return toHex(run.frame, 0, run.finish(template, length, sequence, flags));
      };
      const alone = (template: Template, length: number, sequence: number, flags: number): string => {
        const packetizer = packetizerFor(dirty(200));
        packetizer.frame.set(counting(length), template.bytes);
        return toHex(packetizer.frame, 0, packetizer.finish(template, length, sequence, flags));
      };
      const packets: [Template, number, number, number][] = [
        [one, 5, 1000, 0],
        [one, 7, 1005, 0],
        [one, 7, 1012, TcpFlag.psh],
        [one, 7, 1019, 0],
        [other, 9, 1, TcpFlag.fin],
        [one, 6, 1026, 0],
      ];
      for (const [i, packet] of packets.entries())
        expectValue(make(...packet), alone(...packet), `packet ${i}`);
      one.setPair(0x0102_0305, 0x7ffe, 0);
      expectValue(make(one, 7, 2000, 0), alone(one, 7, 2000, 0), 'after a change of the pair');
    },
  },
  {
    name: 'pseudo packets: a run of full segments is what they are one by one, as far as there is room',
    run() {
      const template = load(LINK4 + IPV4 + TCP, 14, 34, 7);
      template.setPair(0x0102_0304, 0x7fff, 0);
      const payload = counting(100);
      const frame = dirty(200);
      const sink = new Sink(frame);
      const packetizer = new PseudoPacketizer(frame, sink);
      const expected: string[] = [];
      for (let i = 0; i < 5; i++) {
        frame.set(payload.slice(10 + 7 * i, 17 + 7 * i), template.bytes);
        const sequence = (0xffff_fff0 + 7 * i) >>> 0;
        expected.push(toHex(frame, 0, packetizer.finish(template, 7, sequence, 0)));
      }
      frame.set(payload.slice(0, 3), template.bytes);
      packetizer.finish(template, 3, 1, TcpFlag.fin);
      expectValue(packetizer.sendRun(template, payload, 10, 5, 0xffff_fff0), 5, 'taken');
      expectValue(sink.packets.join(), expected.join(), 'packets');
      sink.room = 7;
      expectValue(packetizer.sendRun(template, payload, 10, 5, 0xffff_fff0), 2, 'taken until it was full');
      expectValue(sink.packets.slice(5).join(), expected.slice(0, 2).join(), 'packets of the second run');
    },
  },
  {
    name: 'pseudo packet: UDP over IPv4; a checksum of 0 is sent as 0xFFFF',
    run() {
      const template = load(LINK4 + IPV4_UDP + UDP, 14, 34, 1472);
      const ip = '02a7c0000099 02a7c0000021 0800 4500';
      expectPacket(
        template,
        ascii('ATCP!'),
        0,
        0,
        `${ip} 0021 00004000 40112561 0a4d000a 0a4d00c8 00459c40 000da83e 4154435021`,
        'datagram',
      );
      expectPacket(
        template,
        bytes('4de9'),
        0,
        0,
        `${ip} 001e 00004000 40112564 0a4d000a 0a4d00c8 00459c40 000affff 4de9`,
        'checksum that would be 0',
      );
    },
  },
  {
    name: 'pseudo packet: numbered UDP datagrams; the number wraps; an empty one',
    run() {
      const template = load(LINK4 + IPV4_UDP + UDP_TFTP, 14, 34, 512, true);
      expectPacket(
        template,
        ascii('ATCP!'),
        1,
        0,
        '02a7c000009902a7c00000210800 ' +
          '45000025000040004011255d0a4d000a0a4d00c800509c400011a827000300014154435021',
        'number 1',
      );
      expectPacket(
        template,
        ascii('ATCP'),
        0x1_0000,
        0,
        '02a7c000009902a7c00000210800 ' +
          '45000024000040004011255e0a4d000a0a4d00c800509c400010c92a0003000041544350',
        'number 65,536',
      );
      expectPacket(
        load(LINK6 + IPV6_UDP + UDP_TFTP, 14, 54, 512, true),
        bytes(''),
        0xffff,
        0,
        '02a7c000009902a7c000002186dd ' +
          '60000000000c1140fd770000000000000000000000000010fd77000000000000000000000000020000509c40000c66430003ffff',
        'over IPv6',
      );
    },
  },
  {
    name: 'pseudo packet: which headers datagrams may have',
    run() {
      const check = (hex: string, l4: number, segmentBytes: number, numbered: boolean): number => {
        const b = bytes(hex);
        return checkTemplate(b, 0, b.length, 14, l4, segmentBytes, numbered, SOURCES);
      };
      const udp = LINK4 + IPV4_UDP + UDP;
      expectValue(check(udp + '00'.repeat(16), 34, 1456, true), Reason.none, '16 bytes, a full packet');
      expectValue(check(udp + '00'.repeat(16), 34, 1457, true), Reason.badCommand, 'beyond the MTU');
      expectValue(check(udp + '00'.repeat(18), 34, 512, true), Reason.badCommand, '18 bytes');
      expectValue(check(udp + '000000', 34, 512, false), Reason.badCommand, 'an odd number of bytes');
      expectValue(check(udp + '0000', 34, 512, false), Reason.none, 'without a number: 2 bytes');
      expectValue(check(udp + '0000', 34, 512, true), Reason.badCommand, 'no room for the number');
      expectValue(check(udp, 34, 512, true), Reason.badCommand, 'no header for the number');
      expectValue(check(LINK4 + IPV4 + TCP, 34, 512, true), Reason.badCommand, 'TCP has numbers of its own');
    },
  },
  {
    name: 'pseudo packet for a NIC that segments: lengths of the whole, sum of the pseudo header',
    run() {
      const template = load(LINK4 + IPV4 + TCP, 14, 34, 1460);
      template.setPair(0x0102_0304, 0x7fff, 0);
      const frame = dirty(54 + 3000 + MARGIN);
      frame.set(counting(3000), 54);
      const packetizer = packetizerFor(frame);
      expectValue(packetizer.finishSuper(template, 3000, 1000, TcpFlag.psh), 54 + 3000, 'length');
      expectBytes(
        frame,
        0,
        '02a7c0000099 02a7c0000021 0800 45000be0 00004000 400619ad 0a4d000a 0a4d00c8' +
          '00509c40 000003e8 01020304 50187fff 213e0000 00010203',
        'packet',
      );
      expectDirt(frame, 54 + 3000, MARGIN, 'behind it');
    },
  },
  {
    name: 'command decoder: a read command',
    run() {
      const hex =
        '19 05 0094 0e000001 0000002a 01 36 0e 22 05b4 0026 fffffff0 0000018bcfe56800 0000000000001000' +
        `${LINK4}${IPV4}${TCP} 0000` +
        '000102030405060708090a0b0c0d0e0f 0000000000000010 ffffffffffffffff 0004 66696c65 0000';
      const b = bytes(hex);
      const decoder = new CommandDecoder(SOURCES);
      const command = new Command();
      expectValue(decoder.decode(b, 0, command), Reason.none, 'reason');
      expectValue(command.epoch, 0x0e00_0001, 'epoch');
      expectValue(command.counter, 42, 'counter');
      expectValue(command.flags, 5, 'flags');
      expectValue(command.segmentBytes, 1460, 'segment bytes');
      expectValue(command.startSequence, 0xffff_fff0, 'start sequence');
      expectValue(command.firstOffset, 4096, 'first offset');
      expectValue(command.from, 16, 'from');
      expectValue(command.length, -1, 'length: to the end');
      expectBytes(b, command.nameAt, '66696c65', 'name');
      expectValue(command.nameBytes, 4, 'name bytes');
      expectBytes(b, command.versionAt, '000102030405060708090a0b0c0d0e0f', 'version');

      b[12] = 99;
      expectValue(decoder.decode(b, 0, command), Reason.unknownOpcode, 'opcode 99');
      expectValue(command.counter, 42, 'and its id');
      b[12] = 1;
      b[40 + 26] = 11;
      expectValue(decoder.decode(b, 0, command), Reason.forbiddenSource, 'another source address');
    },
  },
);
