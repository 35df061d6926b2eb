/** A site with a TFTP service, real firmware and a virtual clock; and a client made from the RFCs alone. */
import assert from 'node:assert/strict';
import {
  createTftpServer,
  type TftpConfiguration,
  type TftpServer,
} from '../../../src/services/tftp/index.js';
import { PEER_ADDRESS } from '../../front-end/rig.js';
import {
  type Datagram,
  datagramFrame,
  readDatagram,
  type SenderAddress,
} from '../../front-end/udp/datagrams.js';
import { type Fault, isUdp, type Port, World, type WorldOptions } from '../../hostile/world.js';

export interface SceneOptions extends Omit<WorldOptions, 'cards'> {
  readonly boards?: number;
  readonly tftp?: Partial<TftpConfiguration>;
}

export class Scene {
  readonly world: World;
  readonly server: TftpServer;
  /** Which port sent datagrams with bytes of objects (DATA that is not empty), and how many bytes. */
  readonly dataBytes = new Map<Port, number>();
  /** Everything that arrived at the client, in order. */
  readonly arrived: Datagram[] = [];
  readonly #clients = new Map<number, (datagram: Datagram) => void>();
  #clientPort = 50_000;

  constructor(card: Uint8Array, options: SceneOptions = {}) {
    const { boards = 1, tftp = {}, ...rest } = options;
    this.world = new World({ ...rest, cards: new Array<Uint8Array>(boards).fill(card), sourcePort: 0 });
    this.server = createTftpServer({
      udp: this.world.host.udp,
      backEnds: this.world.backEnds,
      configuration: tftp,
    });
    this.world.tap = (from, to, frame) => {
      if (to !== 'client' || !isUdp(frame)) return;
      const { payload } = readDatagram(frame);
      if (payload.readUInt16BE(0) !== 3 || payload.length === 4) return;
      this.dataBytes.set(from, (this.dataBytes.get(from) ?? 0) + payload.length - 4);
    };
    this.world.onDatagram = (frame) => {
      if (frame[12] === 0x08 && Buffer.from(frame).readUInt32BE(30) !== PEER_ADDRESS) return;
      const datagram = readDatagram(frame);
      this.arrived.push(datagram);
      this.#clients.get(datagram.destinationPort)?.(datagram);
    };
  }

  async start(): Promise<this> {
    await this.world.start();
    return this;
  }

  nextPort(): number {
    return this.#clientPort++;
  }

  onDatagram(port: number, listener: (datagram: Datagram) => void): void {
    this.#clients.set(port, listener);
  }

  send(from: number, to: number, payload: Uint8Array, address: SenderAddress = {}): void {
    this.world.sendFromClient(datagramFrame(from, to, payload, address));
  }

  /** Asks for a file, and takes it to the end. */
  async get(name: string, options: ClientOptions = {}, withinMs = 60_000): Promise<TftpClient> {
    const client = new TftpClient(this, name, options);
    client.begin();
    await this.world.until(() => client.over, withinMs, `${name} is read to its end`);
    return client;
  }

  /** Loses each frame between front-end, boards and client with this probability. */
  lose(probability: number, seed: number): void {
    let state = seed;
    const fault: Fault = () => {
      state = (Math.imul(state, 48_271) & 0x7fff_ffff) >>> 0;
      return state / 0x7fff_ffff < probability ? 'drop' : (state % 7) * 100;
    };
    this.world.fault = fault;
  }

  /** Nothing of any transfer is left. */
  async close(): Promise<void> {
    this.world.fault = () => 0;
    await this.world.until(() => this.server.transfers === 0, 60_000, 'all transfers are over');
    this.server.close();
    await this.world.assertEmpty();
    this.world.close();
  }
}

export interface ClientOptions {
  readonly mode?: string;
  /** Over IPv6, from this address. */
  readonly address6?: Uint8Array;
  readonly options?: Readonly<Record<string, string>>;
}

export function requestPacket(name: string, mode: string, options: Readonly<Record<string, string>>): Buffer {
  const texts = [name, mode, ...Object.entries(options).flat()].map((text) => `${text}\0`).join('');
  return Buffer.concat([Buffer.of(0, 1), Buffer.from(texts)]);
}

export function ackPacket(block: number): Buffer {
  return Buffer.of(0, 4, block >>> 8, block & 255);
}

const CLIENT_TIMEOUT_US = 1_000_000;

/** Reads one file, as RFC 1350, 2347 and 7440 tell a client to. */
export class TftpClient {
  readonly port: number;
  received = Buffer.alloc(0);
  done = false;
  error: { readonly code: number; readonly message: string } | undefined;
  /** What the OACK said. */
  accepted: Record<string, string> | undefined;
  /** The server's port of this transfer. */
  serverPort = 0;
  /** DATA that it had already, or that came out of order. */
  useless = 0;
  blocks = 0;
  /** Says each acknowledgment twice. */
  stutters = false;
  readonly #scene: Scene;
  readonly #name: string;
  readonly #options: ClientOptions;
  readonly #parts: Buffer[] = [];
  #blockBytes = 512;
  #windowBlocks = 1;
  #sinceAck = 0;
  #timer = 0;
  #last: Buffer = Buffer.alloc(0);
  #repeatedAt = -1;

  constructor(scene: Scene, name: string, options: ClientOptions) {
    this.#scene = scene;
    this.#name = name;
    this.#options = options;
    this.port = scene.nextPort();
    scene.onDatagram(this.port, (datagram) => this.#onDatagram(datagram));
  }

  get over(): boolean {
    return this.done || this.error !== undefined;
  }

  begin(): void {
    const { mode = 'octet', options = {} } = this.#options;
    this.#say(requestPacket(this.#name, mode, options), 69);
  }

  #onDatagram({ sourcePort, payload }: Datagram): void {
    if (this.over) {
      // It dallies: its last ACK may have been lost (RFC 1350 6).
      if (this.done && payload.readUInt16BE(0) === 3) this.#ack();
      return;
    }
    if (this.serverPort === 0) this.serverPort = sourcePort;
    if (sourcePort !== this.serverPort) return;
    const opcode = payload.readUInt16BE(0);
    if (opcode === 5)
      this.error = {
        code: payload.readUInt16BE(2),
        message: payload.toString('utf8', 4, payload.length - 1),
      };
    else if (opcode === 6) this.#onOptions(payload);
    else if (opcode === 3) this.#onData(payload);
    else assert.fail(`opcode ${opcode}`);
  }

  #onOptions(payload: Buffer): void {
    const texts = payload.toString('utf8', 2).split('\0');
    const accepted: Record<string, string> = {};
    for (let i = 0; i + 1 < texts.length; i += 2) accepted[texts[i]!] = texts[i + 1]!;
    this.accepted = accepted;
    this.#blockBytes = Number(accepted['blksize'] ?? 512);
    this.#windowBlocks = Number(accepted['windowsize'] ?? 1);
    if (this.blocks === 0) this.#ack();
  }

  #onData(payload: Buffer): void {
    const data = payload.subarray(4);
    if (payload.readUInt16BE(2) !== ((this.blocks + 1) & 0xffff)) {
      this.useless++;
      // RFC 7440 4: out of order: says once what it has; an old one it has acknowledged already.
      const isNew = ((payload.readUInt16BE(2) - this.blocks) & 0xffff) < 0x8000;
      if (!isNew && this.#windowBlocks === 1) this.#ack();
      else if (isNew && this.#repeatedAt !== this.blocks) {
        this.#repeatedAt = this.blocks;
        this.#ack();
      }
      return;
    }
    assert.ok(data.length <= this.#blockBytes);
    this.blocks++;
    this.#parts.push(data);
    this.#sinceAck++;
    const isLast = data.length < this.#blockBytes;
    if (isLast) {
      this.done = true;
      this.received = Buffer.concat(this.#parts);
    }
    if (isLast || this.#sinceAck >= this.#windowBlocks) this.#ack();
  }

  #ack(): void {
    this.#sinceAck = 0;
    this.#say(ackPacket(this.blocks & 0xffff), this.serverPort);
    if (this.stutters) this.#send(this.serverPort, this.#last);
  }

  #send(to: number, packet: Buffer): void {
    const { address6 } = this.#options;
    this.#scene.send(this.port, to, packet, address6 === undefined ? {} : { address6 });
  }

  #say(packet: Buffer, to: number): void {
    this.#last = packet;
    this.#send(to, packet);
    this.#arm(to);
  }

  #arm(to: number): void {
    const timer = ++this.#timer;
    this.#scene.world.clock.in(CLIENT_TIMEOUT_US, () => {
      if (timer !== this.#timer || this.over) return;
      const again = this.blocks > 0 ? ackPacket(this.blocks & 0xffff) : this.#last;
      this.#send(to, again);
      this.#arm(to);
    });
  }
}
