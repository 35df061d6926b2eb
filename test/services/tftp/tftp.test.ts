/** TFTP from the request to the last acknowledgment: real firmware, virtual clock, a client made from the RFCs. */
import assert from 'node:assert/strict';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import { PEER_ADDRESS6 } from '../../front-end/rig.js';
import { type Datagram, portUnreachableFrame, tooBigFrame } from '../../front-end/udp/datagrams.js';
import { ackPacket, requestPacket, Scene, TftpClient, type SceneOptions } from './scene.js';

const SIZES = [0, 1, 511, 512, 513, 1024, 1428, 2856, 100_000];
const files = new Map(SIZES.map((size) => [`sizes/${size}.bin`, pattern(size, size + 1)]));
files.set('many.bin', pattern(525_000, 3));
const LARGE = pattern(700_000, 9);
files.set('large.bin', LARGE);

describe('tftp', function () {
  this.timeout(120_000);
  let card: Uint8Array;
  let scene: Scene;

  before(async () => {
    card = await volumeImage(files);
  });

  async function open(options: SceneOptions = {}): Promise<Scene> {
    scene = await new Scene(card, options).start();
    return scene;
  }

  afterEach(async () => {
    await scene.close();
  });

  it('delivers files of every size byte-exact in blocks of 512, an empty block behind full ones', async () => {
    await open();
    let total = 0;
    for (const [name, bytes] of [...files].slice(0, SIZES.length)) {
      const client = await scene.get(name);
      assert.equal(client.error, undefined, name);
      assert.equal(Buffer.compare(client.received, bytes), 0, name);
      assert.equal(client.blocks, Math.floor(bytes.length / 512) + 1, name);
      assert.equal(client.useless, 0, name);
      assert.equal(client.accepted, undefined, 'no options, no OACK');
      total += bytes.length;
    }
    assert.deepEqual([...scene.dataBytes], [[1, total]], 'the board sends every byte');
    await scene.world.run(1);
    assert.equal(scene.server.counters.completed, SIZES.length);
    assert.equal(scene.server.counters.timeouts, 0);
  });

  it('negotiates, and says what it took: blksize, tsize, timeout, windowsize', async () => {
    await open();
    const client = await scene.get('sizes/100000.bin', {
      options: { blksize: '1428', TSize: '0', timeout: '3', windowsize: '8', multicast: '' },
    });
    assert.deepEqual(client.accepted, {
      blksize: '1428',
      tsize: '100000',
      timeout: '3',
      windowsize: '8',
    });
    assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
    assert.equal(client.blocks, 71);
    assert.equal(client.useless, 0);
  });

  it('takes a block size down to what is never fragmented, and a window to its own limit', async () => {
    await open({ tftp: { maxWindowBlocks: 4 } });
    const client = await scene.get('sizes/2856.bin', { options: { blksize: '65464', windowsize: '65535' } });
    assert.deepEqual(client.accepted, { blksize: '1468', windowsize: '4' });
    assert.equal(Buffer.compare(client.received, files.get('sizes/2856.bin')!), 0);
  });

  it('serves over IPv6, whose longer header leaves 1,448 bytes for a block', async () => {
    await open();
    const client = await scene.get('sizes/100000.bin', {
      options: { blksize: '65464', windowsize: '8' },
      address6: PEER_ADDRESS6,
    });
    assert.deepEqual(client.accepted, { blksize: '1448', windowsize: '8' });
    assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
    assert.deepEqual([...scene.dataBytes], [[1, 100_000]]);
  });

  it('leaves out values that can not be', async () => {
    await open();
    const bad = { blksize: '7', windowsize: '0', timeout: '256', tsize: 'x' };
    const client = await scene.get('sizes/513.bin', { options: bad });
    assert.equal(client.accepted, undefined);
    assert.equal(Buffer.compare(client.received, files.get('sizes/513.bin')!), 0);
  });

  it('ends with an empty block within a window, too', async () => {
    await open();
    for (const windowsize of ['2', '3', '16']) {
      const client = await scene.get('sizes/2856.bin', { options: { blksize: '1428', windowsize } });
      assert.equal(client.blocks, 3);
      assert.equal(client.useless, 0, windowsize);
      assert.equal(Buffer.compare(client.received, files.get('sizes/2856.bin')!), 0);
    }
    const empty = await scene.get('sizes/0.bin', { options: { windowsize: '4', tsize: '0' } });
    assert.deepEqual([empty.blocks, empty.received.length], [1, 0]);
    assert.deepEqual(empty.accepted, { windowsize: '4' }, 'curl would not take a tsize of 0');
    assert.equal(scene.server.counters.timeouts, 0);
  });

  it('goes on behind block 65,535 with block 0', async () => {
    await open();
    const client = await scene.get('many.bin', { options: { blksize: '8', windowsize: '64' } });
    assert.equal(client.blocks, 65_626);
    assert.equal(Buffer.compare(client.received, files.get('many.bin')!), 0);
    assert.equal(client.useless, 0);
  });

  it('answers every ACK once: a client that says each twice gets nothing twice (RFC 1123 4.2.3.1)', async () => {
    await open();
    const client = new TftpClient(scene, 'sizes/100000.bin', {});
    client.stutters = true;
    client.begin();
    await scene.world.until(() => client.over, 30_000);
    assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
    assert.equal(client.useless, 0);
    assert.equal(scene.dataBytes.get(1), 100_000);
  });

  for (const [what, options] of [
    ['one block at a time', {}],
    ['windows', { blksize: '1428', windowsize: '16' }],
  ] as const)
    it(`repairs a network that loses, delays and reorders: ${what}`, async () => {
      await open({ boards: 2 });
      for (let seed = 1; seed <= 6; seed++) {
        scene.lose(0.03, seed * 7919);
        const client = await scene.get('sizes/100000.bin', { options }, 300_000);
        assert.equal(client.error, undefined);
        assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
        const exact = await scene.get('sizes/1024.bin', { options }, 300_000);
        assert.equal(exact.error, undefined);
        assert.equal(Buffer.compare(exact.received, files.get('sizes/1024.bin')!), 0);
      }
      assert.ok(scene.server.counters.windowsRepeated > 0);
    });

  it('goes on from another board when one dies in the middle', async () => {
    await open({ boards: 2 });
    const client = new TftpClient(scene, 'large.bin', { options: { blksize: '1428', windowsize: '8' } });
    client.begin();
    await scene.world.until(() => client.blocks > 100, 20_000);
    const sender = [...scene.dataBytes.keys()][0] as number;
    scene.world.boards[sender - 1]!.powerOff();
    await scene.world.until(() => client.over, 60_000);
    assert.equal(client.error, undefined);
    assert.equal(Buffer.compare(client.received, LARGE), 0);
    assert.equal(scene.dataBytes.size, 2);
  });

  it('serves more clients at once than the boards have slots', async () => {
    await open({ tftp: { maxTransfersPerClient: 100 } });
    const clients = Array.from({ length: 40 }, (_, i) => {
      const options: Record<string, string> = i % 2 === 0 ? {} : { blksize: '1428', windowsize: '8' };
      return new TftpClient(scene, 'sizes/100000.bin', { options });
    });
    for (const client of clients) client.begin();
    await scene.world.until(() => clients.every(({ over }) => over), 120_000, 'all are served');
    for (const client of clients) {
      assert.equal(client.error, undefined);
      assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
    }
    assert.equal(new Set(clients.map(({ serverPort }) => serverPort)).size, 40, 'a port each');
  });

  it('gives up, and frees everything, when the client falls silent', async () => {
    await open({ tftp: { retries: 3 } });
    const never = scene.nextPort();
    scene.send(never, 69, requestPacket('large.bin', 'octet', {}));
    await scene.world.until(() => scene.server.counters.unanswered === 1, 60_000);
    await scene.world.run(1);
    const first = scene.arrived.splice(0).filter(({ payload }) => payload[1] === 3);
    assert.equal(first.length, 3, 'somebody who has not answered at all gets it once and twice again');

    const port = scene.nextPort();
    scene.send(port, 69, requestPacket('large.bin', 'octet', {}));
    await scene.world.run(100);
    const [{ sourcePort }] = scene.arrived.splice(0) as [Datagram];
    scene.send(port, sourcePort, ackPacket(1));
    await scene.world.run(10);
    assert.equal(scene.server.transfers, 1);
    await scene.world.until(() => scene.server.transfers === 0, 60_000);
    await scene.world.run(1);
    assert.equal(scene.server.counters.unanswered, 2);
    assert.equal(
      scene.arrived.filter(({ payload }) => payload[1] === 3).length,
      4,
      'once and three times again',
    );
    assert.equal(scene.arrived.at(-1)!.payload.readUInt16BE(0), 5);
  });

  it('stops at an ERROR of the client, and at an ICMP "port unreachable"', async () => {
    await open();
    const port = scene.nextPort();
    scene.send(port, 69, requestPacket('large.bin', 'octet', {}));
    await scene.world.run(50);
    const [data] = scene.arrived;
    scene.send(port, data!.sourcePort, Buffer.from('\0\x05\0\0enough\0', 'latin1'));
    await scene.world.run(10);
    assert.equal(scene.server.counters.aborted, 1);
    assert.equal(scene.server.transfers, 0);

    const other = scene.nextPort();
    scene.send(other, 69, requestPacket('large.bin', 'octet', {}));
    await scene.world.run(50);
    const { sourcePort } = scene.arrived.at(-1)!;
    for (const port of [other + 1, other]) {
      assert.equal(scene.server.counters.aborted, 1, 'not of that port');
      scene.world.sendFromClient(portUnreachableFrame(sourcePort, port));
      await scene.world.run(10);
    }
    assert.equal(scene.server.counters.aborted, 2);
  });

  it('tells a client behind a narrow network which blocks would reach it', async () => {
    await open();
    const client = new TftpClient(scene, 'large.bin', { options: { blksize: '1428' } });
    scene.world.fault = (_from, to, frame) => {
      if (to !== 'client' || frame.length <= 1014) return 0;
      scene.world.inject('front-end', tooBigFrame(client.serverPort, client.port, 1000));
      return 'drop';
    };
    client.begin();
    await scene.world.until(() => client.over, 5_000);
    assert.match(client.error!.message, /at most 968$/);
    const second = await scene.get('sizes/100000.bin', { options: { blksize: '968' } });
    assert.equal(Buffer.compare(second.received, files.get('sizes/100000.bin')!), 0);
    scene.world.fault = () => 0;
    const third = new TftpClient(scene, 'sizes/100000.bin', { options: { blksize: '1428' } });
    third.begin();
    await scene.world.until(() => third.blocks > 5, 5_000);
    for (const mtuBytes of [0, 68, 1000, 1500]) {
      scene.world.inject('front-end', tooBigFrame(third.serverPort, third.port, mtuBytes));
    }
    await scene.world.until(() => third.over, 5_000);
    assert.equal(third.error, undefined, 'blocks have reached this one: nobody stops it');
  });

  describe('refuses', () => {
    const cases: [what: string, name: string, mode: string, code: number][] = [
      ['what is not there', 'nothing.bin', 'octet', 1],
      ['a directory', 'sizes', 'octet', 2],
      ['a way up', '../etc/passwd', 'octet', 2],
      ['a way up within', 'sizes/../../etc/passwd', 'octet', 2],
      ['an empty name', '', 'octet', 2],
      ['a name of slashes', '////', 'octet', 2],
      ['a name that is too long', 'x'.repeat(300), 'octet', 2],
      ['netascii', 'sizes/1.bin', 'NetASCII', 0],
      ['mail', 'sizes/1.bin', 'mail', 4],
    ];
    for (const [what, name, mode, code] of cases)
      it(`${what}: ERROR ${code}`, async () => {
        await open();
        const client = await scene.get(name, { mode });
        assert.equal(client.error?.code, code, client.error?.message);
        assert.equal(scene.server.counters.refused, 1);
      });

    it('writing: ERROR 2', async () => {
      await open();
      const packet = requestPacket('new.bin', 'octet', {});
      packet[1] = 2;
      scene.send(scene.nextPort(), 69, packet);
      await scene.world.run(10);
      assert.deepEqual([...scene.arrived[0]!.payload.subarray(0, 4)], [0, 5, 0, 2]);
    });

    it('more transfers than it may have, in all and for one client', async () => {
      await open({ tftp: { maxTransfersPerClient: 2, retries: 0 } });
      const ask = (): number => {
        const port = scene.nextPort();
        scene.send(port, 69, requestPacket('large.bin', 'octet', {}));
        return port;
      };
      ask();
      ask();
      const third = ask();
      await scene.world.run(50);
      const answers = scene.arrived.filter(({ destinationPort }) => destinationPort === third);
      assert.deepEqual(
        answers.map(({ payload }) => payload.readUInt16BE(0)),
        [5],
      );
      assert.equal(scene.server.transfers, 2);
    });
  });

  describe('is not impressed by', () => {
    it('a request that comes twice, or again while it is served', async () => {
      await open();
      const client = new TftpClient(scene, 'sizes/513.bin', {});
      client.begin();
      client.begin();
      await scene.world.until(() => client.over, 5_000);
      assert.equal(scene.server.counters.requestsRepeated, 1);
      assert.equal(client.useless, 0);
    });

    it('a client that asks for something else from the same port', async () => {
      await open();
      const port = scene.nextPort();
      scene.send(port, 69, requestPacket('large.bin', 'octet', {}));
      await scene.world.run(20);
      scene.send(port, 69, requestPacket('sizes/1.bin', 'octet', {}));
      await scene.world.run(20);
      const ports = new Set(scene.arrived.map(({ sourcePort }) => sourcePort));
      assert.equal(ports.size, 2, 'another port for another transfer');
      assert.deepEqual([...scene.arrived.at(-1)!.payload.subarray(4)], [...files.get('sizes/1.bin')!]);
      assert.equal(scene.server.transfers, 1);
      assert.equal(
        scene.arrived.some(({ payload }) => payload[1] === 5),
        false,
      );
    });

    it('strangers at the port of a transfer: ERROR 5 to them, and the transfer goes on', async () => {
      await open();
      const client = new TftpClient(scene, 'sizes/100000.bin', {});
      client.begin();
      await scene.world.until(() => client.blocks > 10, 5_000);
      const stranger = scene.nextPort();
      scene.send(stranger, client.serverPort, ackPacket(client.blocks + 1));
      scene.send(stranger, client.serverPort, Buffer.from('\0\x05\0\0stop\0', 'latin1'));
      scene.send(client.port, client.serverPort, ackPacket(11), { address: 0x0a00_00c9 });
      await scene.world.until(() => client.over, 30_000);
      assert.equal(client.error, undefined);
      assert.equal(Buffer.compare(client.received, files.get('sizes/100000.bin')!), 0);
      const answers = scene.arrived.filter(({ destinationPort }) => destinationPort === stranger);
      assert.deepEqual(
        answers.map(({ payload }) => [...payload.subarray(0, 4)]),
        [[0, 5, 0, 5]],
      );
      assert.equal(scene.server.counters.strangers, 3);
    });

    it('ACKs of blocks that were never sent', async () => {
      await open();
      const port = scene.nextPort();
      scene.send(port, 69, requestPacket('large.bin', 'octet', { windowsize: '4' }));
      await scene.world.run(20);
      const to = scene.arrived[0]!.sourcePort;
      scene.send(port, to, ackPacket(1));
      await scene.world.run(20);
      assert.equal(
        scene.arrived.filter(({ payload }) => payload[1] === 3).length,
        0,
        'the OACK is not accepted yet',
      );
      scene.send(port, to, ackPacket(0));
      await scene.world.run(20);
      for (const block of [5, 6, 0x7fff, 0xffff]) scene.send(port, to, ackPacket(block));
      await scene.world.run(20);
      const numbers = scene.arrived
        .filter(({ payload }) => payload[1] === 3)
        .map(({ payload }) => payload.readUInt16BE(2));
      assert.deepEqual(numbers, [1, 2, 3, 4]);
      assert.equal(scene.server.counters.acksIgnored, 5);
    });

    it('malformed requests of any kind', async () => {
      await open();
      const packets: Buffer[] = [
        Buffer.of(),
        Buffer.of(0),
        Buffer.of(0, 1),
        Buffer.of(0, 1, 0, 0),
        Buffer.from('\0\x01name', 'latin1'),
        Buffer.from('\0\x01name\0octet', 'latin1'),
        Buffer.from('\0\x01name\0octet\0blksize\0', 'latin1'),
        Buffer.from('\0\x01na\xffme\0octet\0', 'latin1'),
        Buffer.concat([requestPacket('sizes/1.bin', 'octet', {}), Buffer.from('a\0\0'.repeat(400))]),
        Buffer.concat([requestPacket('sizes/1.bin', 'octet', {}), Buffer.from('a\0\0a\0\0')]),
        ackPacket(1),
        Buffer.from('\0\x05\0\0no\0', 'latin1'),
        Buffer.of(0xff, 0xff, 0xff, 0xff),
      ];
      for (const packet of packets) scene.send(scene.nextPort(), 69, packet);
      for (let i = 0; i < 300; i++) {
        const b = Buffer.from(pattern(4 + (i % 200), i));
        b[0] = 0;
        b[1] = i % 8;
        scene.send(scene.nextPort(), 69, b);
      }
      await scene.world.run(100);
      assert.equal(
        scene.arrived.every(({ payload }) => payload.readUInt16BE(0) === 5),
        true,
      );
      assert.equal(scene.server.transfers, 0);
      const client = await scene.get('sizes/513.bin');
      assert.equal(client.error, undefined);
    });
  });
});
