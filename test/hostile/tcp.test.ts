/** Segments and packets that no honest client sends, from beside and from within a connection. */
import assert from 'node:assert/strict';
import { put16, put32 } from '../../src/wire/bytes.js';
import { ipv4PseudoHeaderSum, setIpv4Length } from '../../src/wire/ipv4.js';
import { setTcpChecksum } from '../../src/wire/tcp.js';
import { HOST_MAC, PEER_MAC, segmentFrame, VIP_NUMBER } from '../front-end/rig.js';
import type { Client } from './client.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { LARGE, siteCard, SMALL } from './site-files.js';
import { World } from './world.js';

const L3 = 14;
const L4 = 34;

/** Changes a segment's bytes and makes both checksums right again. */
function edited(frame: Uint8Array, change: (frame: Uint8Array) => void): Uint8Array {
  const copy = frame.slice();
  change(copy);
  const tcpBytes = copy.length - L4;
  setIpv4Length(copy, L3, copy.length - L3);
  setTcpChecksum(copy, L4, tcpBytes, ipv4PseudoHeaderSum(copy, L3, 6, tcpBytes));
  return copy;
}

describe('hostile: TCP and IP', function () {
  this.timeout(60_000);
  let world: World;
  let moved: ReturnType<typeof watch<World['host']['counters']>>;

  beforeEach(async () => {
    world = new World({ cards: [await siteCard()] });
    await world.start();
    moved = watch(world.host.counters);
  });
  afterEach(() => world.close());

  /** A download of which something has arrived and much has not. */
  async function victim(): Promise<Client> {
    const client = world.download('/large.bin', { bufferBytes: 8_000 });
    await world.until(() => client.receivedBytes > 50_000, 1_000);
    return client;
  }

  function toFrontEnd(frame: Uint8Array): void {
    world.inject('front-end', frame);
  }

  it('resets, SYNs, data and ACKs beside the window leave a download alone', async () => {
    const client = await victim();
    const { seq, ack } = client;
    for (const offset of [0x10_0000, -100, -70_000, 0x7fff_ffff]) {
      toFrontEnd(client.frame({ flags: 'R', seq: seq + offset }));
      toFrontEnd(client.frame({ flags: 'S', seq: seq + offset }));
      toFrontEnd(client.frame({ flags: 'PA', seq: seq + offset, payload: 'GET /evil HTTP/1.1\r\n\r\n' }));
      await world.run(0.3);
    }
    assert.equal(moved('segmentsOutOfWindow'), 12);
    for (const offset of [1, 1000, 60_000]) {
      toFrontEnd(client.frame({ flags: 'R', seq: seq + offset }));
      toFrontEnd(client.frame({ flags: 'SA', seq: seq + offset }));
      await world.run(0.3);
    }
    assert.ok(moved('challengeAcksSent') >= 1, 'RFC 5961 3.2 and 4.2');
    const beyond = moved('step126AckBeyondSent');
    for (const offset of [0x10_0000, 0x4000_0000])
      toFrontEnd(client.frame({ flags: 'A', ack: ack + offset }));
    for (const offset of [-0x10_0000, -0x4000_0000])
      toFrontEnd(client.frame({ flags: 'A', ack: ack + offset }));
    await world.run(0.3);
    assert.equal(moved('step126AckBeyondSent') - beyond, 2);
    assert.equal(moved('step126AckTooOld'), 2);
    assert.equal(moved('connectionsResetByPeer'), 0);
    await client.expectBody(LARGE);
    await world.assertEmpty();
  });

  it('a storm of unacceptable segments is answered twice a second', async () => {
    const client = await victim();
    const startedUs = world.nowUs;
    const sent = watch(world.host.counters);
    for (let i = 0; i < 3_000; i++) {
      toFrontEnd(client.frame({ flags: 'A', seq: client.seq - 1000, ack: client.ack + 0x100_0000 }));
      if (i % 10 === 0) await world.run(5);
    }
    await world.run(1);
    const seconds = (world.nowUs - startedUs) / 1e6;
    assert.equal(sent('challengeAcksSent') + sent('challengeAcksSuppressed'), 3_000);
    assert.ok(sent('challengeAcksSent') <= 2 * seconds + 1, `${sent('challengeAcksSent')} in ${seconds} s`);
    await client.expectBody(LARGE);
  });

  it('a storm of duplicate ACKs makes nobody send without end', async () => {
    const client = await victim();
    const firmware = watch(world.boards[0]!.board.counters);
    for (let i = 0; i < 2_000; i++) {
      toFrontEnd(client.frame({ flags: 'A' }));
      if (i % 20 === 0) await world.run(0.1);
    }
    await client.expectBody(LARGE);
    const needed = Math.ceil(LARGE.length / 1460);
    assert.ok(firmware('replySent119') < 2 * needed, `${firmware('replySent119')} packets, ${needed} needed`);
    await world.assertEmpty();
  });

  it('of overlapping segments with different bytes the first one counts', async () => {
    const client = world.client();
    client.connect();
    await world.until(() => client.connected, 100);
    const request = 'GET /small.bin HTTP/1.1\r\nHost: site\r\n\r\n';
    const at = (from: number, payload: string): void =>
      client.segment({ flags: 'PA', seq: client.seq + from, payload });
    at(10, request.slice(10, 30));
    at(5, `XXXXX${'Y'.repeat(20)}${request.slice(30)}`);
    at(20, '!'.repeat(5));
    await world.run(5);
    assert.equal(moved('outOfOrderSegments'), 3);
    at(0, request.slice(0, 5));
    const { status } = await client.response();
    assert.equal(status, 404, 'there is no /XXXXX.bin; with Y or ! in it there would be no request');
    client.seq += request.length;
    client.una = client.seq;
    client.end();

    const other = world.client();
    other.connect();
    await world.until(() => other.connected, 100);
    other.segment({ flags: 'PA', seq: other.seq + 10, payload: request.slice(10) });
    other.segment({ flags: 'PA', seq: other.seq + 10, payload: 'X'.repeat(request.length - 10) });
    other.segment({ flags: 'PA', seq: other.seq + 12, payload: 'X'.repeat(3) });
    other.segment({ flags: 'PA', payload: request.slice(0, 12) });
    other.seq += request.length;
    other.una = other.seq;
    await other.expectBody(SMALL);
    await world.assertEmpty();
  });

  it('holes of one byte each do not fill the memory', async () => {
    const client = world.client();
    client.connect();
    await world.until(() => client.connected, 100);
    for (let i = 0; i < 3_000; i++) {
      client.segment({ flags: 'A', seq: client.seq + 1 + 2 * i, payload: 'x' });
      if (i % 50 === 0) await world.run(0.2);
    }
    await world.run(1);
    assert.ok(moved('outOfOrderRefused') > 2_000);
    client.reset();
    await new HonestTraffic(world).finish();
    await world.assertEmpty();
  });

  it('windows and segments as small as can be', async () => {
    const tiny = world.download('/small.bin', { bufferBytes: 10 });
    const small = world.download('/small.bin', { mss: 1 });
    const none = world.download('/small.bin', { mss: 0 });
    const honest = new HonestTraffic(world);
    await small.expectBody(SMALL);
    await none.expectBody(SMALL);
    await honest.finish();
    await tiny.expectBody(SMALL, 600_000);
    await world.assertEmpty();
  });

  it('the urgent pointer changes nothing', async () => {
    const client = world.client();
    client.connect();
    await world.until(() => client.connected, 100);
    const frame = client.frame({ flags: 'PA', payload: 'GET /small.bin HTTP/1.1\r\nHost: site\r\n\r\n' });
    const urgent = edited(frame, (b) => {
      b[L4 + 13]! |= 0x20;
      put16(b, L4 + 18, 5);
    });
    toFrontEnd(urgent);
    client.seq += frame.length - L4 - 20;
    client.una = client.seq;
    await client.expectBody(SMALL);
  });

  it('options of every sort', async () => {
    const odd: readonly (readonly number[])[] = [
      [2, 4, 0, 0],
      [2, 0, 5, 0xb4],
      [2, 1, 5, 0xb4],
      [2, 3, 5, 0xb4],
      [3, 3, 255, 0],
      [2, 40, 0, 0],
      [254, 2, 254, 255],
      [5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1],
      [8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 4, 2],
      new Array<number>(40).fill(1),
      new Array<number>(40).fill(0),
      new Array<number>(40).fill(2),
      [4, 2, 4, 2, 3, 3, 0, 3, 3, 14, 2, 4, 0, 1, 2, 4, 0xff, 0xff],
    ];
    for (const options of odd) {
      const client = world.client();
      client.segment({ flags: 'S', ack: 0, options });
      client.seq = (client.seq + 1) >>> 0;
      await world.until(() => client.connected, 1_000, `a connection with options ${options.join(' ')}`);
      client.segment({ flags: 'A', options });
      client.get('/small.bin');
      await client.expectBody(SMALL, 10_000);
    }
    await world.assertEmpty();
  });

  it('closed ports answer with a reset, floods of SYNs with the backlog and cookies', async () => {
    for (const localPort of [0, 1, 79, 81, 65_535]) {
      const client = world.client({ localPort });
      client.connect();
      await world.until(() => client.wasReset, 10, `port ${localPort} refuses`);
      client.gone = true;
    }
    assert.equal(moved('resetsSent'), 5);
    const honest = new HonestTraffic(world);
    await world.run(3);
    const from = { mac: PEER_MAC, localPort: 80 };
    for (let i = 0; i < 3_000; i++) {
      const syn = { flags: 'S', seq: i, ack: 0, window: 1000, payload: '', options: [] };
      toFrontEnd(segmentFrame({ ...from, address: 0x0b00_0001 + i, port: 1024 + i }, syn));
      if (i % 100 === 0) await world.run(0.1);
    }
    assert.ok(moved('synCookiesSent') > 2_000);
    assert.ok(world.host.tcp.table.size < 600);
    // The backlog is full, and a new client is served all the same.
    const late = world.download('/small.bin');
    await late.expectBody(SMALL, 10_000);
    late.end();
    await honest.finish();
    assert.ok(moved('synCookiesTaken') > 0);
    // Handshakes that nobody completes are over after about a minute.
    await world.until(() => world.host.tcp.table.size < 5, 200_000);
    await world.assertEmpty();
  });

  it('packets from ourselves and from nobody', async () => {
    const syn = { flags: 'S', seq: 1, ack: 0, window: 1000, payload: '', options: [] };
    const sources = [VIP_NUMBER, 0, 0xffff_ffff, 0x7f00_0001, 0xe000_0001, 0x0000_0001];
    for (const address of sources) {
      toFrontEnd(segmentFrame({ mac: PEER_MAC, address, port: 80, localPort: 80 }, syn));
      toFrontEnd(segmentFrame({ mac: HOST_MAC, address, port: 80, localPort: 80 }, syn));
    }
    const group = Uint8Array.of(0x01, 0, 0x5e, 0, 0, 1);
    toFrontEnd(segmentFrame({ mac: group, address: 0x0a00_0005, port: 80, localPort: 80 }, syn));
    const sent = moved('framesSent');
    await world.run(5);
    assert.equal(moved('ipv4BadSource'), 2 * sources.length + 1);
    assert.equal(moved('framesSent'), sent, 'nobody is answered');
    assert.equal(world.host.tcp.table.size, 0);
  });

  it('fragments, wrong lengths and wrong checksums', async () => {
    const client = await victim();
    const right = client.frame({ flags: 'PA', payload: 'GET /evil HTTP/1.1\r\n\r\n' });
    const damaged = (change: (b: Uint8Array) => void): Uint8Array => {
      const copy = right.slice();
      change(copy);
      return copy;
    };
    const fragments = [0x2000, 0x0001, 0x1fff, 0x3fff].map((field) =>
      edited(right, (b) => put16(b, L3 + 6, field)),
    );
    const packets = [
      ...fragments,
      damaged((b) => (b[L3 + 10]! ^= 1)),
      damaged((b) => (b[L3] = 0x44)),
      damaged((b) => (b[L3] = 0x65)),
      damaged((b) => put16(b, L3 + 2, 0xffff)),
      damaged((b) => put16(b, L3 + 2, 19)),
      right.subarray(0, L3 + 19),
    ];
    for (const packet of packets) toFrontEnd(packet);
    await world.run(0.2);
    assert.equal(moved('ipv4CheckFailed'), packets.length);
    const segments = [
      damaged((b) => (b[L4 + 16]! ^= 1)),
      damaged((b) => (b[b.length - 1]! ^= 1)),
      edited(right, (b) => (b[L4 + 12] = 0x40)),
      edited(right, (b) => (b[L4 + 12] = 0xf0)),
    ];
    for (let bit = 0; bit < 8 * 20; bit++)
      segments.push(damaged((b) => (b[L4 + (bit >> 3)]! ^= 1 << (bit & 7))));
    for (const segment of segments) toFrontEnd(segment);
    await world.run(0.2);
    assert.equal(moved('segmentCheckFailed'), segments.length);
    await client.expectBody(LARGE);
    await world.assertEmpty();
  });

  it('segments with every combination of flags, in a connection and without one', async () => {
    const client = await victim();
    const stranger = world.client();
    for (let flags = 0; flags < 256; flags++) {
      // What would end the connection by right is left out: the exact reset, the FIN in order.
      const isFatal = (flags & 0x04) !== 0 || (flags & 0x11) === 0x11;
      const seq = isFatal ? client.seq + 5 : client.seq;
      for (const each of [client.frame({ flags: 'A', seq }), stranger.frame({ flags: 'A', ack: 5 })])
        toFrontEnd(edited(each, (b) => (b[L4 + 13] = flags)));
      await world.run(0.05);
    }
    await client.expectBody(LARGE);
    stranger.gone = true;
    await world.run(200_000);
    await world.assertEmpty();
  });

  it('ICMP garbage', async () => {
    const client = await victim();
    const icmp = (type: number, code: number, bytes: number, spoil = false): Uint8Array => {
      const frame = new Uint8Array(L4 + bytes);
      frame.set(client.frame({ flags: 'A' }).subarray(0, L4));
      frame[L3 + 9] = 1;
      frame[L4] = type;
      frame[L4 + 1] = code;
      // The packet that it claims to be about: one of the download's.
      if (bytes >= 36) {
        frame.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 200], L4 + 8);
        put16(frame, L4 + 28, 80);
        put16(frame, L4 + 30, client.port);
        put32(frame, L4 + 32, client.ack);
      }
      setIpv4Length(frame, L3, frame.length - L3);
      let sum = 0;
      for (let i = L4; i < frame.length; i += 2) sum += frame[i]! * 256 + (frame[i + 1] ?? 0);
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      put16(frame, L4 + 2, ~sum & 0xffff);
      if (spoil) frame[L4 + 2]! ^= 0x10;
      return frame;
    };
    let ignored = 0;
    for (let type = 0; type < 256; type++) {
      if (type === 8) continue;
      for (const code of [0, 1, 3, 4, 13]) {
        toFrontEnd(icmp(type, code, 36));
        ignored++;
      }
      await world.run(0.1);
    }
    for (const bytes of [0, 1, 7]) toFrontEnd(icmp(8, 0, Math.max(bytes, 4)).subarray(0, L4 + bytes));
    toFrontEnd(icmp(8, 0, 64, true));
    await world.run(0.2);
    // That one of the download's packets was too large is looked at; it names no MTU, so the next plateau is taken.
    assert.equal(moved('tooBigReceived'), 1);
    assert.equal(moved('icmpIgnored'), ignored - 1);
    assert.equal(moved('icmpCheckFailed') + moved('ipv4CheckFailed'), 4);
    assert.equal(moved('echoReplies'), 0);
    await client.expectBody(LARGE);
  });

  it('protocols, EtherTypes and ARP that are none of ours', async () => {
    const honest = new HonestTraffic(world);
    const base = world.client().frame({ flags: 'A' });
    for (let protocol = 0; protocol < 256; protocol++) {
      if (protocol === 1 || protocol === 6) continue;
      const frame = base.slice();
      frame[L3 + 9] = protocol;
      setIpv4Length(frame, L3, frame.length - L3);
      toFrontEnd(frame);
    }
    for (const type of [0x0000, 0x0600, 0x22f0, 0x8100, 0x86dd, 0x88a8, 0x8906, 0xffff]) {
      const frame = base.slice();
      put16(frame, 12, type);
      toFrontEnd(frame);
    }
    const arp = new Uint8Array(60);
    arp.set(HOST_MAC, 0);
    arp.set(PEER_MAC, 6);
    put16(arp, 12, 0x0806);
    for (let i = 0; i < 28; i++) toFrontEnd(arp.subarray(0, L3 + i));
    toFrontEnd(arp.fill(0xff, 14));
    // Somebody else claims the address: it is defended, but not for ever and a day.
    arp.set([0, 1, 8, 0, 6, 4, 0, 2, ...PEER_MAC, 10, 0, 0, 1, ...HOST_MAC, 10, 0, 0, 1], L3);
    for (let i = 0; i < 500; i++) toFrontEnd(arp);
    await world.run(1);
    // TCP and UDP take what is theirs, ICMP too.
    assert.equal(moved('protocolsUnserved'), 253);
    assert.equal(moved('datagramCheckFailed'), 1);
    assert.equal(moved('framesOfOtherTypes'), 7);
    assert.equal(moved('ipv6CheckFailed'), 1);
    assert.equal(moved('arpCheckFailed'), 29);
    assert.equal(moved('arpConflicts'), 500);
    assert.ok(moved('arpAnnouncements') <= 2);
    await honest.finish();
    await world.assertEmpty();
  });
});
