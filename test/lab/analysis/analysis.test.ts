import assert from 'node:assert/strict';
import { formatLadder, ladderOf } from '../../../src/lab/analysis/ladder.js';
import { payloadShare } from '../../../src/lab/analysis/payload-share.js';
import { segmentOf, statementsOf } from '../../../src/lab/analysis/segments.js';
import type { CapturedFrame } from '../../../src/lab/pcapng/reader.js';
import { emitAckDown } from '../../../src/wire/atcp/ack-down.js';
import { DelegationState, emitAckUp, Reason } from '../../../src/wire/atcp/ack-up.js';
import {
  commandArguments,
  COMMAND_TEMPLATE,
  emitCommand,
  Opcode,
  ReadArgument,
} from '../../../src/wire/atcp/command.js';
import { ATCP_HEADER_BYTES, AtcpKey, AtcpType, emitAtcp } from '../../../src/wire/atcp/header.js';
import { put16 } from '../../../src/wire/bytes.js';
import { emitEthernet, ETHERNET_HEADER_BYTES, EtherType } from '../../../src/wire/ethernet.js';
import { emitIpv4, IpProtocol } from '../../../src/wire/ipv4.js';
import { emitIpv6, IPV6_DESTINATION, IPV6_SOURCE, Ipv6Extension } from '../../../src/wire/ipv6.js';
import { parseIpv6 } from '../../../src/wire/ipv6-address.js';
import { emitTcp, TcpFlag } from '../../../src/wire/tcp.js';

const VIP = 0x0a4d000a;
const CLIENT = 0x0a4d0064;
const CLIENT_PORT = 50_123;
const MAC = new Uint8Array(6);
let clockUs = 0;

function frame(port: string, build: (b: Uint8Array) => number): CapturedFrame {
  const b = new Uint8Array(1600).fill(0xa5);
  const length = build(b);
  clockUs += 100;
  return {
    interfaceName: port,
    timestampUs: clockUs,
    direction: 'inbound',
    bytes: b.slice(0, length),
    originalBytes: length,
  };
}

function tcp6(port: string, flags: number, payload = ''): CapturedFrame {
  const fromClient = port === 'client';
  const ends = [parseIpv6('fd77::10')!, parseIpv6('fd77::100')!];
  if (fromClient) ends.reverse();
  return frame(port, (b) => {
    emitEthernet(b, 0, MAC, MAC, EtherType.ipv6);
    // Padded destination options in front: a hop along the way may put such in.
    emitIpv6(b, 14, 28 + payload.length, Ipv6Extension.destination, 64, 0);
    b.set(ends[0]!, 14 + IPV6_SOURCE);
    b.set(ends[1]!, 14 + IPV6_DESTINATION);
    b.set([IpProtocol.tcp, 0, 1, 4, 0, 0, 0, 0], 54);
    emitTcp(b, 62, fromClient ? CLIENT_PORT : 80, fromClient ? 80 : CLIENT_PORT, 1, 1, flags, 100, 20);
    b.set(Buffer.from(payload), 82);
    return 82 + payload.length;
  });
}

function tcp(port: string, flags: number, payload = ''): CapturedFrame {
  const fromClient = port === 'client';
  return frame(port, (b) => {
    emitEthernet(b, 0, MAC, MAC, EtherType.ipv4);
    emitIpv4(
      b,
      14,
      20 + payload.length,
      IpProtocol.tcp,
      fromClient ? CLIENT : VIP,
      fromClient ? VIP : CLIENT,
    );
    emitTcp(b, 34, fromClient ? CLIENT_PORT : 80, fromClient ? 80 : CLIENT_PORT, 1, 1, flags, 100, 20);
    b.set(Buffer.from(payload), 54);
    return 54 + payload.length;
  });
}

function atcp(port: string, emit: (b: Uint8Array, at: number) => number): CapturedFrame {
  return frame(port, (b) => {
    emitEthernet(b, 0, MAC, MAC, EtherType.atcp);
    const body = ETHERNET_HEADER_BYTES + ATCP_HEADER_BYTES;
    const length = emit(b, body);
    emitAtcp(b, 14, AtcpType.statements, AtcpKey.session, ATCP_HEADER_BYTES + length, 1, 1, 1);
    return body + length;
  });
}

function read(name: string, l4Offset: number): CapturedFrame {
  return atcp('front-end', (b, at) => {
    const length = emitCommand(
      b,
      at,
      0,
      9,
      1,
      Opcode.read,
      l4Offset + 20,
      14,
      l4Offset,
      1400,
      ReadArgument.name + name.length,
      1,
      0,
      0,
    );
    put16(b, at + COMMAND_TEMPLATE + l4Offset + 2, CLIENT_PORT);
    put16(b, commandArguments(b, at) + ReadArgument.nameLength, name.length);
    b.set(Buffer.from(name), commandArguments(b, at) + ReadArgument.name);
    return length;
  });
}

function conversation(make = tcp): CapturedFrame[] {
  const ack = TcpFlag.ack;
  return [
    make('client', TcpFlag.syn),
    make('front-end', TcpFlag.syn | ack),
    make('client', ack),
    make('client', ack | TcpFlag.psh, 'GET /a HTTP/1.1\r\n\r\n'),
    read('a', make === tcp ? 34 : 54),
    make('front-end', ack, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n'),
    make('board-2', ack, 'abc'),
    make('board-2', ack, 'def'),
    atcp('board-2', (b, at) =>
      emitAckUp(b, at, 9, 1, 1, 6, 6, 0, 0, 0, DelegationState.sent, Reason.none, 0, 0, 0),
    ),
    make('client', ack),
    atcp('front-end', (b, at) => emitAckDown(b, at, 1, 9, 1, 2, 6, 6, 1, 1, 1, 0, 0, 0, 0, 0)),
  ];
}

describe('analysis of captures', () => {
  it('makes the ladder of Fig. 2 from a conversation', () => {
    const rungs = ladderOf(conversation(), '10.77.0.10', '/a');
    assert.deepEqual(
      rungs.map((r) => `${r.number} ${r.from}>${r.to}`),
      [
        '21 client>front-end',
        '22 front-end>client',
        '23 client>front-end',
        '24 client>front-end',
        '25 front-end>board-2',
        "24' front-end>client",
        '26 board-2>client',
        '27 board-2>front-end',
        '28 client>front-end',
        '29 front-end>board-2',
      ],
    );
    assert.match(rungs[6]!.text, /6 bytes as 10\.77\.0\.10:80 × 2/);
    assert.match(rungs[9]!.text, /client has 6, send up to 6, release/);
    assert.equal(formatLadder(rungs).split('\n').length, 10);
  });

  it('makes the same ladder from a conversation over IPv6', () => {
    const rungs = ladderOf(conversation(tcp6), 'fd77::10', '/a');
    const numbers = rungs.map((r) => r.number);
    assert.deepEqual(
      numbers,
      ladderOf(conversation(), '10.77.0.10', '/a').map((r) => r.number),
    );
    assert.match(rungs[6]!.text, /6 bytes as \[fd77::10\]:80 × 2/);
    const both = [...conversation(), ...conversation(tcp6)];
    const share = { headBytes: 38, frontEndBodyBytes: 0, boardBodyBytes: 6 };
    assert.deepEqual(payloadShare(both, ['fd77::10']), share);
    assert.equal(payloadShare(both, ['fd77::10', '10.77.0.10']).boardBodyBytes, 12);
  });

  it('has no ladder for a path that nobody asked for', () => {
    assert.deepEqual(ladderOf(conversation(), '10.77.0.10', '/b'), []);
    assert.deepEqual(ladderOf(conversation(), 'fd77::10', '/a'), []);
  });

  it('counts heads apart from bodies, by who sent them', () => {
    assert.deepEqual(payloadShare(conversation(), ['10.77.0.10']), {
      headBytes: 38,
      frontEndBodyBytes: 0,
      boardBodyBytes: 6,
    });
    const local = [tcp('front-end', TcpFlag.ack, 'HTTP/1.1 404 Not Found\r\n\r\nnone')];
    assert.equal(payloadShare(local, ['10.77.0.10']).frontEndBodyBytes, 4);
  });

  it('takes nothing from frames that are not what they should be', () => {
    for (const cut of [tcp('client', TcpFlag.ack, 'x'), tcp6('client', TcpFlag.ack, 'x')]) {
      assert.notEqual(segmentOf(cut), undefined);
      for (let length = 0; length < cut.bytes.length; length++) {
        const short = { ...cut, bytes: cut.bytes.slice(0, length) };
        assert.equal(segmentOf(short), undefined);
        assert.deepEqual(statementsOf(short), []);
      }
    }
  });
});
