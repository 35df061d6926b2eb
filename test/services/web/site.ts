/**
 * A whole site on one virtual clock: the front-end's engine, its web service on Node's `http`, boards that run the
 * real firmware on memory disks, and a client that takes TCP segments from whoever sends them.
 */
import assert from 'node:assert/strict';
import { Board } from '../../../src/back-end/board.js';
import { BackEnds } from '../../../src/front-end/index.js';
import { createWebServer, type WebConfiguration } from '../../../src/services/web/index.js';
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { FakeNic } from '../../back-end/support/fake-nic.js';
import { MemoryDisk } from '../../back-end/support/memory-disk.js';
import {
  HOST_MAC,
  PEER_ADDRESS,
  PEER_MAC,
  parseSent,
  Rig,
  seededEntropy,
  segmentFrame,
  settle,
} from '../../front-end/rig.js';

const STEP_US = 50;
const VIP_SOURCE = { address: Uint8Array.of(10, 0, 0, 1), port: 80 };

export class SiteBoard {
  readonly nic = new FakeNic();
  readonly board: Board;
  powered = true;
  segments = 0;

  constructor(id: number, key: Uint8Array, image: Uint8Array) {
    this.nic.macAddress[5] = id;
    const ports = {
      nic: this.nic,
      disk: new MemoryDisk(image),
      entropy: seededEntropy(id),
      console: { write: () => {} },
    };
    this.board = new Board(ports, {
      boardId: id,
      boardKey: key,
      pseudoSources: [VIP_SOURCE],
      etherType: EtherType.atcp,
    });
  }
}

export class Site {
  readonly rig = new Rig();
  readonly boards: SiteBoard[];
  readonly backEnds: BackEnds;
  readonly clients = new Map<number, Client>();
  /** True loses a frame on its way to a client. */
  lose: (fromBoard: boolean) => boolean = () => false;
  /** How often a frame of the data link arrives, on its way to the front-end and to a board. */
  copiesFromBoard: (frame: Uint8Array) => number = () => 1;
  copiesToBoard: (frame: Uint8Array) => number = () => 1;
  frontEndPayloadBytes = 0;

  constructor(boardCount: number, image: Uint8Array, configuration: Partial<WebConfiguration> = {}) {
    const keys = Array.from({ length: boardCount }, (_, i) => new Uint8Array(16).fill(0x60 + i));
    this.boards = keys.map((key, i) => new SiteBoard(i + 1, key, image));
    const { host } = this.rig;
    this.backEnds = new BackEnds({
      provisioning: keys.map((key, i) => ({ id: i + 1, key })),
      macAddress: HOST_MAC,
      epoch: 9,
      entropy: seededEntropy(3),
      transmit: host.transmit,
      unixTimeMs: () => 1_800_000_000_000,
    });
    host.addPart(this.backEnds);
    const server = createWebServer({ backEnds: this.backEnds, configuration });
    this.rig.serve(() => {}).attachHttp(server);
    this.rig.onFrameOut = (frame) => this.#fromFrontEnd(frame);
  }

  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    const { rig } = this;
    const endUs = rig.nowUs + ms * 1000;
    while (rig.nowUs < endUs && !until()) {
      rig.nowUs += STEP_US;
      for (const board of this.boards) this.#stepBoard(board);
      for (const client of this.clients.values()) client.speak();
      rig.batch();
      await settle();
    }
  }

  #stepBoard(board: SiteBoard): void {
    if (!board.powered) {
      board.nic.arrived.length = 0;
      return;
    }
    board.board.step(this.rig.nowUs);
    for (const frame of board.nic.sent.splice(0)) {
      if (etherType(frame, 0) === EtherType.atcp) {
        for (let copies = this.copiesFromBoard(frame); copies > 0; copies--) this.rig.frameIn(frame);
      } else {
        board.segments++;
        this.#toClient(frame, true);
      }
    }
  }

  #fromFrontEnd(frame: Uint8Array): void {
    if (etherType(frame, 0) === EtherType.ipv4) {
      this.#toClient(frame, false);
      return;
    }
    for (const { nic } of this.boards)
      if (frame[0] === 0xff || Buffer.compare(frame.subarray(0, 6), nic.macAddress) === 0)
        for (let copies = this.copiesToBoard(frame); copies > 0; copies--) nic.arrived.push(frame);
  }

  #toClient(frame: Uint8Array, fromBoard: boolean): void {
    if (this.lose(fromBoard)) return;
    const sent = parseSent(frame, this.rig.nowUs);
    if (!fromBoard) this.frontEndPayloadBytes += sent.payload.length;
    this.clients.get(sent.remotePort)?.hear(sent);
  }
}

/** Receives in order, acknowledges once a step, and says what it is told to say. */
export class Client {
  readonly port: number;
  received = Buffer.alloc(0);
  reset = false;
  finished = false;
  /** The window field of what it sends; its scale is 7. */
  window = 1024;
  readonly #site: Site;
  readonly #early = new Map<number, Buffer>();
  #seq = 0x7000_0000;
  #ack = 0;
  #connected = false;
  #owesAck = false;
  #unsent: string[] = [];

  constructor(site: Site, port: number) {
    this.#site = site;
    this.port = port;
    site.clients.set(port, this);
    this.#send('S', '', [2, 4, 5, 0xb4, 3, 3, 7]);
    this.#seq++;
  }

  say(text: string): void {
    this.#unsent.push(text);
  }

  /** Responses so far: head and body of each, by Content-Length. */
  responses(): { head: string; body: Buffer }[] {
    const responses: { head: string; body: Buffer }[] = [];
    let at = 0;
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n', at);
      if (end === -1) return responses;
      const head = this.received.toString('latin1', at, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.received.length < end + 4 + length) return responses;
      responses.push({ head, body: this.received.subarray(end + 4, end + 4 + length) });
      at = end + 4 + length;
    }
  }

  hear(sent: ReturnType<typeof parseSent>): void {
    if (sent.flags.includes('R')) {
      this.reset = true;
      return;
    }
    if (sent.flags === 'SA') {
      this.#ack = (sent.seq + 1) >>> 0;
      this.#connected = true;
      this.#owesAck = true;
      return;
    }
    if (sent.payload.length > 0) {
      this.#early.set(sent.seq, sent.payload);
      this.#owesAck = true;
    }
    for (let moved = true; moved;) {
      moved = false;
      for (const [seq, payload] of this.#early) {
        const ahead = (this.#ack - seq) | 0;
        if (ahead < 0) continue;
        this.#early.delete(seq);
        if (ahead >= payload.length) continue;
        this.received = Buffer.concat([this.received, payload.subarray(ahead)]);
        this.#ack = (this.#ack + payload.length - ahead) >>> 0;
        moved = true;
      }
    }
    if (sent.flags.includes('F') && sent.seq + sent.payload.length === this.#ack) this.finished = true;
  }

  speak(): void {
    if (this.#owesAck) {
      this.#owesAck = false;
      this.#send('A', '');
    }
    if (!this.#connected) return;
    for (const text of this.#unsent.splice(0)) {
      this.#send('PA', text);
      this.#seq += Buffer.byteLength(text, 'latin1');
    }
  }

  /** Says again what it has and what it takes. */
  acknowledge(): void {
    this.#owesAck = true;
  }

  /** A client that crashed, and says so. */
  hangUp(): void {
    this.#send('RA', '');
  }

  #send(flags: string, payload: string, options: readonly number[] = []): void {
    const endpoint = { mac: PEER_MAC, address: PEER_ADDRESS, port: this.port, localPort: 80 };
    const fields = {
      flags,
      seq: this.#seq,
      ack: this.#ack,
      window: this.window,
      payload: Buffer.from(payload, 'latin1'),
      options,
    };
    this.#site.rig.frameIn(segmentFrame(endpoint, fields));
  }
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: site\r\n\r\n`;
}

export function assertBody(response: { head: string; body: Buffer } | undefined, expected: Uint8Array): void {
  assert.ok(response, 'a complete response');
  assert.match(response.head, /^HTTP\/1\.1 200 OK/);
  assert.equal(Buffer.compare(response.body, expected), 0, 'every byte');
}
