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

function read(name: string): CapturedFrame {
  return atcp('front-end', (b, at) => {
    const length = emitCommand(
      b,
      at,
      0,
      9,
      1,
      Opcode.read,
      54,
      14,
      34,
      1460,
      ReadArgument.name + name.length,
      1,
      0,
      0,
    );
    put16(b, at + COMMAND_TEMPLATE + 34 + 2, CLIENT_PORT);
    put16(b, commandArguments(b, at) + ReadArgument.nameLength, name.length);
    b.set(Buffer.from(name), commandArguments(b, at) + ReadArgument.name);
    return length;
  });
}

function conversation(): CapturedFrame[] {
  const ack = TcpFlag.ack;
  return [
    tcp('client', TcpFlag.syn),
    tcp('front-end', TcpFlag.syn | ack),
    tcp('client', ack),
    tcp('client', ack | TcpFlag.psh, 'GET /a HTTP/1.1\r\n\r\n'),
    read('a'),
    tcp('front-end', ack, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n'),
    tcp('board-2', ack, 'abc'),
    tcp('board-2', ack, 'def'),
    atcp('board-2', (b, at) =>
      emitAckUp(b, at, 9, 1, 1, 6, 6, 0, 0, 0, DelegationState.sent, Reason.none, 0, 0, 0),
    ),
    tcp('client', ack),
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

  it('has no ladder for a path that nobody asked for', () => {
    assert.deepEqual(ladderOf(conversation(), '10.77.0.10', '/b'), []);
  });

  it('counts heads apart from bodies, by who sent them', () => {
    assert.deepEqual(payloadShare(conversation(), '10.77.0.10'), {
      headBytes: 38,
      frontEndBodyBytes: 0,
      boardBodyBytes: 6,
    });
    const local = [tcp('front-end', TcpFlag.ack, 'HTTP/1.1 404 Not Found\r\n\r\nnone')];
    assert.equal(payloadShare(local, '10.77.0.10').frontEndBodyBytes, 4);
  });

  it('takes nothing from frames that are not what they should be', () => {
    const cut = tcp('client', TcpFlag.ack, 'x');
    for (let length = 0; length < cut.bytes.length; length++) {
      const short = { ...cut, bytes: cut.bytes.slice(0, length) };
      assert.equal(segmentOf(short), undefined);
      assert.deepEqual(statementsOf(short), []);
    }
  });
});
