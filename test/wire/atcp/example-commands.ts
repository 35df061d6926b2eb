/** The commands among the examples of src/wire/README.md. */
import {
  COMMAND_TEMPLATE,
  commandArguments,
  CommandFlag,
  emitCommand,
  ListArgument,
  Opcode,
  ReadArgument,
  RelayArgument,
  RelayFlag,
  RelayMethod,
  RelayRange,
} from '../../../src/wire/atcp/command.js';
import { put16, put32, put64, UNKNOWN_U64 } from '../../../src/wire/bytes.js';
import { emitEthernet, EtherType } from '../../../src/wire/ethernet.js';
import { emitIpv4, IpProtocol } from '../../../src/wire/ipv4.js';
import { emitTcp, TcpFlag } from '../../../src/wire/tcp.js';
import { FRONT_END_EPOCH, OBJECT_VERSION, utf8 } from './example-site.js';

/** To 10.77.0.100:40000 from 10.77.0.10:80; lengths and checksums are the board's to fill in. */
function emitTcpTemplate(b: Uint8Array, at: number): void {
  emitEthernet(b, at, Uint8Array.of(2, 0, 0, 0, 0, 0x64), Uint8Array.of(2, 0, 0, 0, 0, 0x0a), EtherType.ipv4);
  emitIpv4(b, at + 14, 0, IpProtocol.tcp, 0x0a4d_000a, 0x0a4d_0064);
  put16(b, at + 14 + 2, 0);
  put16(b, at + 14 + 10, 0);
  emitTcp(b, at + 34, 80, 40_000, 0, 0, TcpFlag.ack, 0, 20);
}

export function emitRead(b: Uint8Array, at: number): number {
  const name = 'dir/file.bin';
  const flags = CommandFlag.psh | CommandFlag.restartable;
  const args = ReadArgument.name + name.length;
  const length = emitCommand(
    b,
    at,
    flags,
    FRONT_END_EPOCH,
    1,
    Opcode.read,
    54,
    14,
    34,
    1460,
    args,
    0xfedc_ba98,
    1_800_000_000_000,
    0,
  );
  emitTcpTemplate(b, at + COMMAND_TEMPLATE);
  const argument = commandArguments(b, at);
  b.set(OBJECT_VERSION, argument + ReadArgument.version);
  put64(b, argument + ReadArgument.from, 0);
  put64(b, argument + ReadArgument.length, 1_000_000);
  put16(b, argument + ReadArgument.nameLength, name.length);
  utf8(b, argument + ReadArgument.name, name);
  return length;
}

export function emitStat(b: Uint8Array, at: number): number {
  const name = 'dir/file.bin';
  const args = 2 + name.length;
  const length = emitCommand(
    b,
    at,
    0,
    FRONT_END_EPOCH,
    2,
    Opcode.stat,
    0,
    0,
    0,
    0,
    args,
    0,
    1_800_000_000_000,
    0,
  );
  const argument = commandArguments(b, at);
  put16(b, argument, name.length);
  utf8(b, argument + 2, name);
  return length;
}

export function emitList(b: Uint8Array, at: number): number {
  const name = 'dir';
  const args = 22 + name.length;
  const length = emitCommand(
    b,
    at,
    0,
    FRONT_END_EPOCH,
    4,
    Opcode.list,
    0,
    0,
    0,
    0,
    args,
    0,
    1_800_000_000_000,
    0,
  );
  const argument = commandArguments(b, at);
  b.set(OBJECT_VERSION, argument + ListArgument.version);
  put32(b, argument + ListArgument.cursor, 5);
  put16(b, argument + ListArgument.nameLength, name.length);
  utf8(b, argument + ListArgument.name, name);
  return length;
}

export function emitDatagramRead(b: Uint8Array, at: number): number {
  const name = 'boot/vmlinuz';
  const args = ReadArgument.name + name.length;
  const flags = CommandFlag.restartable | CommandFlag.numbered;
  const length = emitCommand(
    b,
    at,
    flags,
    FRONT_END_EPOCH,
    5,
    Opcode.read,
    46,
    14,
    34,
    1428,
    args,
    1,
    1_800_000_000_000,
    0,
  );
  const template = at + COMMAND_TEMPLATE;
  const link = Uint8Array.of(2, 0, 0, 0, 0, 0x64, 2, 0, 0, 0, 0, 0x0a);
  emitEthernet(b, template, link.subarray(0, 6), link.subarray(6), EtherType.ipv4);
  emitIpv4(b, template + 14, 0, IpProtocol.udp, 0x0a4d_000a, 0x0a4d_0064);
  put16(b, template + 14 + 2, 0);
  put16(b, template + 14 + 10, 0);
  put16(b, template + 34, 49_152);
  put16(b, template + 36, 40_000);
  put32(b, template + 38, 0);
  put16(b, template + 42, 3);
  put16(b, template + 44, 0);
  const argument = commandArguments(b, at);
  b.set(OBJECT_VERSION, argument + ReadArgument.version);
  put64(b, argument + ReadArgument.from, 0);
  put64(b, argument + ReadArgument.length, 1_000_000);
  put16(b, argument + ReadArgument.nameLength, name.length);
  utf8(b, argument + ReadArgument.name, name);
  return length;
}

/** GET of "dir/file.bin" with Range: bytes=4096-8191 and one entity tag in If-None-Match. */
export function emitRelay(b: Uint8Array, at: number): number {
  const name = 'dir/file.bin';
  const nameAt = RelayArgument.tags + 16;
  const length = emitCommand(
    b,
    at,
    CommandFlag.psh | CommandFlag.restartable | CommandFlag.open,
    FRONT_END_EPOCH,
    6,
    Opcode.relay,
    54,
    14,
    34,
    1460,
    nameAt + name.length,
    0xfedc_ba98,
    1_800_000_000_000,
    0,
  );
  emitTcpTemplate(b, at + COMMAND_TEMPLATE);
  const argument = commandArguments(b, at);
  b.fill(0, argument, argument + nameAt);
  b[argument + RelayArgument.method] = RelayMethod.get;
  b[argument + RelayArgument.flags] = RelayFlag.ifNoneMatch;
  b[argument + RelayArgument.range] = RelayRange.bytes;
  put64(b, argument + RelayArgument.rangeFirst, 4096);
  put64(b, argument + RelayArgument.rangeLast, 8191);
  put64(b, argument + RelayArgument.ifModifiedSince, UNKNOWN_U64);
  put64(b, argument + RelayArgument.ifUnmodifiedSince, UNKNOWN_U64);
  b[argument + RelayArgument.noneMatchTags] = 1;
  b[argument + RelayArgument.nameLength] = name.length;
  b.fill(0xee, argument + RelayArgument.tags, argument + nameAt);
  utf8(b, argument + nameAt, name);
  return length;
}
