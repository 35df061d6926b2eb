/** Paced streams: real firmware, virtual clock, and a client that looks at its watch. */
import assert from 'node:assert/strict';
import type { UdpPeer } from '../../../src/front-end/index.js';
import {
  createStreamServer,
  PacedSource,
  type StreamConfiguration,
  streamConfiguration,
  type StreamServer,
} from '../../../src/services/stream/index.js';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import { datagramFrame, portUnreachableFrame, readDatagram } from '../../front-end/udp/datagrams.js';
import { World } from '../../hostile/world.js';

const FILM = pattern(400_000, 21);
const DATAGRAM = 1316;
const RATE = 2_000_000;
const CONTROL = 5_004;
const OUTPUT = 5_005;
const CLIENT = 50_000;

interface Arrival {
  readonly atUs: number;
  /** Where in the object its bytes are. */
  readonly offset: number;
  readonly payload: Buffer;
}

describe('stream', function () {
  this.timeout(60_000);
  let card: Uint8Array;
  let world: World;
  let server: StreamServer;
  let said: string[];
  let arrivals: Arrival[];
  let other: number;

  before(async () => {
    card = await volumeImage(
      new Map([
        ['film.ts', FILM],
        ['empty', new Uint8Array(0)],
      ]),
    );
  });

  async function open(boards = 1, configuration: Partial<StreamConfiguration> = {}): Promise<void> {
    world = new World({ cards: new Array<Uint8Array>(boards).fill(card), sourcePort: 0 });
    server = createStreamServer({ udp: world.host.udp, backEnds: world.backEnds, configuration });
    said = [];
    arrivals = [];
    other = 0;
    world.onDatagram = (frame) => {
      const { sourcePort, destinationPort, payload } = readDatagram(frame);
      if (destinationPort !== CLIENT) other++;
      else if (sourcePort === CONTROL) said.push(payload.toString());
      else {
        assert.equal(sourcePort, OUTPUT);
        const offset = Buffer.from(FILM.buffer, FILM.byteOffset, FILM.length).indexOf(payload);
        assert.ok(offset >= 0 && offset % DATAGRAM === 0, 'whole datagrams of the object');
        assert.equal(payload.length, Math.min(DATAGRAM, FILM.length - offset));
        arrivals.push({ atUs: world.nowUs, offset, payload });
      }
    };
    await world.start();
  }

  afterEach(async () => {
    server.close();
    await world.assertEmpty();
    world.close();
  });

  function say(text: string, port = CLIENT): void {
    world.sendFromClient(datagramFrame(port, CONTROL, Buffer.from(text)));
  }

  /** Gets a token, asks for the film, and returns the token. */
  async function begin(rate = RATE, name = 'film.ts'): Promise<string> {
    said.length = 0;
    arrivals.length = 0;
    say(`GET ${rate} - ${name}\n`);
    await world.run(2);
    const token = /^TOKEN ([0-9a-f]{16})$/.exec(said.shift() ?? '')?.[1];
    assert.ok(token);
    assert.equal(arrivals.length, 0, 'nothing before the client has shown where it is');
    say(`GET ${rate} ${token} ${name}`);
    await world.run(10);
    return token;
  }

  /** Bits a second, by the arrivals between two moments. */
  function rateOf(some: readonly Arrival[]): number {
    const bytes = some.slice(1).reduce((sum, { payload }) => sum + payload.length, 0);
    return (bytes * 8 * 1e6) / (some.at(-1)!.atUs - some[0]!.atUs);
  }

  it('sends an object once, in order, at its rate, evenly, from the board', async () => {
    await open();
    let fromFrontEnd = 0;
    world.tap = (from, to, frame) => {
      if (from === 'front-end' && to === 'client' && frame.length > 200) fromFrontEnd++;
    };
    await begin();
    assert.equal(said.shift(), `OK ${FILM.length}`);
    await world.until(() => said.length > 0, 3_000, 'the end is told');
    assert.equal(said.shift(), `END ${FILM.length}`);
    assert.deepEqual(
      arrivals.map(({ offset }) => offset),
      Array.from({ length: Math.ceil(FILM.length / DATAGRAM) }, (_, i) => i * DATAGRAM),
    );
    assert.equal(Buffer.compare(Buffer.concat(arrivals.map(({ payload }) => payload)), FILM), 0);
    const rate = rateOf(arrivals.slice(0, -1));
    assert.ok(Math.abs(rate / RATE - 1) < 0.01, `${rate} bits a second`);
    const intervalUs = (DATAGRAM * 8 * 1e6) / RATE;
    for (const [i, { atUs }] of arrivals.entries()) {
      const dueUs = arrivals[0]!.atUs + i * intervalUs;
      assert.ok(Math.abs(atUs - dueUs) < 2_000, `datagram ${i} is ${atUs - dueUs} µs off`);
    }
    assert.equal(fromFrontEnd, 0);
    assert.equal(server.streams, 0);
  });

  it('changes the rate when the request is repeated with another', async () => {
    await open();
    const token = await begin();
    await world.run(300);
    const slow = arrivals.splice(0);
    say(`GET ${3 * RATE} ${token} film.ts`);
    await world.run(10);
    arrivals.length = 0;
    await world.run(200);
    assert.ok(Math.abs(rateOf(slow) / RATE - 1) < 0.02);
    assert.ok(Math.abs(rateOf(arrivals) / (3 * RATE) - 1) < 0.02, `${rateOf(arrivals)}`);
    say(`GET 200000000 ${token} film.ts`);
    await world.run(5);
    assert.match(said.at(-1)!, /^ERROR the rate must be from 10528 to 100000000 bits a second$/);
  });

  it('stops for a client that is silent, goes on for one that is not', async () => {
    await open(1, { silenceMs: 400 });
    const token = await begin(500_000);
    for (let i = 0; i < 4; i++) {
      await world.run(300);
      say(`GET 500000 ${token} film.ts`);
    }
    await world.run(10);
    assert.equal(server.streams, 1);
    await world.run(400);
    assert.equal(server.streams, 0);
    arrivals.length = 0;
    await world.run(500);
    assert.equal(arrivals.length, 0);
  });

  it('stops when it is told to, and when nobody listens any more', async () => {
    await open();
    const token = await begin();
    say('STOP 0123456789abcdef');
    await world.run(50);
    assert.equal(server.streams, 1, 'not by somebody else’s token');
    say(`STOP ${token}`);
    await world.run(5);
    assert.equal(server.streams, 0);
    const count = arrivals.length;
    await world.run(100);
    assert.equal(arrivals.length, count);

    await begin();
    assert.equal(server.streams, 1);
    world.sendFromClient(portUnreachableFrame(OUTPUT, CLIENT));
    await world.run(5);
    assert.equal(server.streams, 0);
  });

  it('sends nothing to where a token was not answered from', async () => {
    await open();
    const token = await begin();
    say(`STOP ${token}`);
    await world.run(5);
    say(`GET ${RATE} ${token} film.ts`, CLIENT + 1);
    say(`GET ${RATE} 0123456789abcdef film.ts`, CLIENT + 2);
    for (const noise of ['', 'GET', 'GET 1 2 3', 'GET 1000000 - ', `GET 9e9 - film.ts`, 'x'.repeat(1400)])
      say(noise, CLIENT + 3);
    await world.run(100);
    assert.equal(other, 2, 'a new token each for those that asked, nothing for noise');
    assert.equal(server.streams, 0);
  });

  it('says what it can not do', async () => {
    await open(1, { maxStreams: 1 });
    for (const name of ['nothing.ts', 'empty', 'x'.repeat(300)]) {
      await begin(RATE, name);
      assert.equal(said.shift(), 'ERROR there is no such object', name);
    }
    await begin(100);
    assert.match(said.shift()!, /^ERROR the rate must be/);
    await begin();
    assert.match(said.shift()!, /^OK /);
    const mine = server.streams;
    assert.equal(mine, 1);
  });

  it('goes on from another board when one dies', async () => {
    await open(2);
    await begin();
    await world.run(300);
    const before = arrivals.length;
    const busy = world.boards.find(({ board }) => board.slotsUsed > 0)!;
    busy.powerOff();
    await world.until(() => said.some((text) => text.startsWith('END')), 10_000);
    const offsets = new Set(arrivals.map(({ offset }) => offset));
    assert.equal(offsets.size, Math.ceil(FILM.length / DATAGRAM), 'nothing is missing');
    assert.ok(arrivals.length - offsets.size < 10, 'and little came twice');
    assert.ok(before > 50 && before < offsets.size);
    busy.reboot(world.nowUs);
  });

  it('falls silent with the front-end: its lease ends', async () => {
    await open();
    await begin(500_000);
    await world.run(500);
    const count = arrivals.length;
    assert.ok(count > 20);
    world.fault = (from, to) => (from === 'front-end' || to === 'front-end' ? 'drop' : 0);
    await world.run(2_500);
    const atEnd = arrivals.length;
    await world.run(1_000);
    assert.equal(arrivals.length, atEnd, 'nothing after the lease');
    world.fault = () => 0;
    await world.run(3_000);
    assert.ok(arrivals.length > atEnd, 'and it goes on when the front-end is back');
  });

  it('sends an object several times, one after the other', async () => {
    await open();
    let peer: UdpPeer | undefined;
    const socket = world.host.udp.bind(6_000);
    socket.on('message', (_message, from) => (peer = from));
    world.sendFromClient(datagramFrame(CLIENT + 5, 6_000, Buffer.from('here')));
    await world.run(2);
    const offsets: number[] = [];
    world.onDatagram = (frame) => {
      const { payload } = readDatagram(frame);
      offsets.push(Buffer.from(FILM.buffer, FILM.byteOffset, FILM.length).indexOf(payload));
    };
    let ends = 0;
    const source = new PacedSource({
      socket,
      client: peer!,
      lengthBytes: 10_000,
      createSpan: () => world.backEnds.createSpan({ name: 'film.ts', length: 10_000 }),
      datagramBytes: 1000,
      bitsPerSecond: 1_000_000,
      times: 3,
      aheadMs: 2_000,
      onEnd: (error) => {
        assert.equal(error, undefined);
        ends++;
      },
    });
    await world.until(() => ends > 0, 2_000);
    const once = Array.from({ length: 10 }, (_, i) => i * 1000);
    assert.deepEqual(offsets, [...once, ...once, ...once]);
    assert.equal(source.sentBytes, 30_000);
    await world.run(100);
    assert.equal(ends, 1);
  });

  it('checks what is set', async () => {
    await open();
    assert.throws(() => streamConfiguration({ datagramBytes: 1453 }), /datagramBytes is 1453/);
    assert.throws(() => streamConfiguration({ port: 5005 }), /must differ/);
    assert.throws(() => streamConfiguration({ speed: 1 } as never), /no setting "speed"/);
  });
});
