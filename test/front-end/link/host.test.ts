import assert from 'node:assert/strict';
import { FrontEndHost, type HostPart } from '../../../src/front-end/link/host.js';
import { emitArp } from '../../../src/wire/arp.js';
import { sum16 } from '../../../src/wire/byte-loops.js';
import { put16, put32 } from '../../../src/wire/bytes.js';
import { EtherType, emitEthernet } from '../../../src/wire/ethernet.js';
import { IpProtocol, emitIpv4 } from '../../../src/wire/ipv4.js';
import { HOST_MAC, PEER_ADDRESS, PEER_MAC, Rig, SECOND, VIP_NUMBER, seededEntropy } from '../rig.js';

const BROADCAST = new Uint8Array(6).fill(0xff);

function addressBytes(address: number): Uint8Array {
  const b = new Uint8Array(4);
  put32(b, 0, address);
  return b;
}

function arpFrame(
  operation: number,
  senderMac: Uint8Array,
  senderAddress: number,
  targetAddress: number,
  destination: Uint8Array = BROADCAST,
): Uint8Array {
  const frame = new Uint8Array(60);
  emitEthernet(frame, 0, destination, senderMac, EtherType.arp);
  emitArp(
    frame,
    14,
    operation,
    senderMac,
    addressBytes(senderAddress),
    new Uint8Array(6),
    addressBytes(targetAddress),
  );
  return frame;
}

function echoFrame(dataBytes: number, destination = VIP_NUMBER, source = PEER_ADDRESS): Uint8Array {
  const icmpBytes = 8 + dataBytes;
  const frame = new Uint8Array(34 + icmpBytes);
  emitEthernet(frame, 0, HOST_MAC, PEER_MAC, EtherType.ipv4);
  emitIpv4(frame, 14, icmpBytes, IpProtocol.icmp, source, destination);
  frame.set([8, 0, 0, 0, 0x12, 0x34, 0, 7], 34);
  for (let i = 0; i < dataBytes; i++) frame[42 + i] = i;
  put16(frame, 36, ~sum16(frame, 34, icmpBytes, 0) & 0xffff);
  return frame;
}

describe('FrontEndHost', () => {
  it('answers who-has for its address, to the asker alone', () => {
    const rig = new Rig();
    rig.frameIn(arpFrame(1, PEER_MAC, PEER_ADDRESS, VIP_NUMBER));
    const [reply, ...rest] = rig.takeFrames();
    assert.equal(rest.length, 0);
    assert.equal(
      Buffer.from(reply!).toString('hex'),
      // destination, source, type, then Ethernet/IPv4, reply, our pair, the asker's pair, padding
      '0200000000cc' +
        '020000000001' +
        '0806' +
        '00010800060400020200000000010a000001' +
        '0200000000cc0a0000c8' +
        '00'.repeat(18),
    );
    assert.equal(rig.counters.arpReplies, 1);
  });

  it('is silent when others are asked for', () => {
    const rig = new Rig();
    rig.frameIn(arpFrame(1, PEER_MAC, PEER_ADDRESS, VIP_NUMBER + 1));
    rig.frameIn(arpFrame(2, PEER_MAC, PEER_ADDRESS, VIP_NUMBER));
    assert.deepEqual(rig.takeFrames(), []);
  });

  it('announces its address twice, two seconds apart (RFC 5227 2.3)', () => {
    const rig = new Rig();
    const takeArp = (): Uint8Array[] => rig.takeFrames().filter((frame) => frame[13] === 0x06);
    rig.host.start(rig.nowUs);
    const [first] = takeArp();
    assert.equal(
      Buffer.from(first!).toString('hex', 0, 42),
      'ffffffffffff0200000000010806' + '00010800060400010200000000010a0000010000000000000a000001',
    );
    rig.pass(2 * SECOND - 1);
    assert.equal(takeArp().length, 0);
    rig.pass(1);
    assert.deepEqual(takeArp(), [first]);
    rig.pass(60 * SECOND);
    assert.equal(takeArp().length, 0);
  });

  it('defends its address, at most every ten seconds, and not against its own echo', () => {
    const rig = new Rig();
    const claim = arpFrame(1, PEER_MAC, VIP_NUMBER, VIP_NUMBER);
    rig.frameIn(arpFrame(1, HOST_MAC, VIP_NUMBER, VIP_NUMBER));
    assert.equal(rig.takeFrames().length, 0);
    rig.frameIn(claim);
    rig.frameIn(claim);
    assert.equal(rig.takeFrames().length, 1);
    assert.equal(rig.counters.arpConflicts, 2);
    rig.pass(10 * SECOND);
    rig.frameIn(claim);
    assert.equal(rig.takeFrames().length, 1);
  });

  it('answers echo requests with the same data', () => {
    const rig = new Rig();
    rig.frameIn(echoFrame(5));
    rig.frameIn(echoFrame(1472));
    const [small, large] = rig.takeFrames();
    assert.equal(
      Buffer.from(small!).toString('hex'),
      '0200000000cc020000000001' +
        '08004500002100004000400126140a0000010a0000c8'.replace('2614', hex16(ipSum(small!))) +
        '0000' +
        hex16(~icmpSumOf(small!, 13) & 0xffff) +
        '123400070001020304' +
        '00'.repeat(13),
    );
    assert.equal(small!.length, 60);
    assert.equal(sum16(large!, 34, 1480, 0), 0xffff);
    assert.deepEqual(large!.subarray(38), echoFrame(1472).subarray(38));
    assert.equal(rig.counters.echoReplies, 2);
  });

  it('does not answer what is damaged, for others, or from nowhere', () => {
    const rig = new Rig();
    const damaged = echoFrame(5);
    damaged[43]! ^= 1;
    rig.frameIn(damaged);
    const badHeader = echoFrame(5);
    badHeader[22]! ^= 1;
    rig.frameIn(badHeader);
    rig.frameIn(echoFrame(5, VIP_NUMBER + 1));
    for (const source of [0, VIP_NUMBER, 0x7f000001, 0xe0000001, 0xffffffff]) {
      rig.frameIn(echoFrame(5, VIP_NUMBER, source));
    }
    const toOther = echoFrame(5);
    toOther[5] = 9;
    rig.frameIn(toOther);
    const toAll = echoFrame(5);
    toAll.set(BROADCAST, 0);
    rig.frameIn(toAll);
    rig.frameIn(echoFrame(1473));
    rig.frameIn(new Uint8Array(13));
    rig.frameIn(Uint8Array.of(...HOST_MAC, ...PEER_MAC, 0x86, 0xdc));
    assert.deepEqual(rig.takeFrames(), []);
    const { counters } = rig;
    assert.equal(counters.icmpCheckFailed, 1);
    assert.equal(counters.ipv4CheckFailed, 1);
    assert.equal(counters.ipv4ForOthers, 1);
    assert.equal(counters.ipv4BadSource, 5);
    assert.equal(counters.framesForOthers, 2);
    assert.equal(counters.framesTooShort, 1);
    assert.equal(counters.framesOfOtherTypes, 1);
  });

  it('hands other EtherTypes to the part that has them, and keeps its deadlines', () => {
    const rig = new Rig();
    const calls: string[] = [];
    const part: HostPart & { nextDeadlineUs: number } = {
      etherType: EtherType.atcp,
      nextDeadlineUs: rig.nowUs + 500,
      onFrame: (b, at, length, nowUs) => {
        calls.push(
          `frame ${Buffer.from(b.subarray(at + 14, at + length)).toString()} ${nowUs - 10 * SECOND}`,
        );
      },
      onTimer: (nowUs) => {
        calls.push(`timer ${nowUs - 10 * SECOND}`);
        part.nextDeadlineUs = Infinity;
      },
      flush: (nowUs) => void calls.push(`flush ${nowUs - 10 * SECOND}`),
    };
    rig.host.addPart(part);
    assert.throws(() => rig.host.addPart(part), /0x88b5/);
    rig.frameIn(Uint8Array.of(...HOST_MAC, ...PEER_MAC, 0x88, 0xb5, ...Buffer.from('hello')));
    rig.pass(1000);
    assert.deepEqual(calls, ['frame hello 0', 'flush 0', 'timer 500', 'flush 500', 'flush 1000']);
    assert.equal(rig.deadlineUs, Infinity);
  });

  it('refuses addresses that can not be', () => {
    const make = (macAddress: Uint8Array, address: string): FrontEndHost =>
      new FrontEndHost({
        macAddress,
        address,
        transmit: () => true,
        entropy: seededEntropy(1),
        clock: () => 0,
      });
    assert.throws(() => make(Uint8Array.of(1, 0, 0, 0, 0, 1), '10.0.0.1'), RangeError);
    assert.throws(() => make(HOST_MAC.subarray(1), '10.0.0.1'), RangeError);
    for (const address of ['10.0.0', '10.0.0.256', '10.0.0.01', 'example', '1.2.3.4.5']) {
      assert.throws(() => make(HOST_MAC, address), RangeError, address);
    }
  });
});

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function ipSum(frame: Uint8Array): number {
  const header = frame.slice(14, 34);
  put16(header, 10, 0);
  return ~sum16(header, 0, 20, 0) & 0xffff;
}

function icmpSumOf(frame: Uint8Array, length: number): number {
  const message = frame.slice(34, 34 + length);
  put16(message, 2, 0);
  return sum16(message, 0, length, 0);
}
