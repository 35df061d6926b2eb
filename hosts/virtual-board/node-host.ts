/**
 * {@link VirtualHost} on Node: a UDP socket on the loopback interface and an image file. Datagrams arrive as
 * events and wait in a queue until the board takes them; sending copies, since the socket sends later.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import type { VirtualHost } from './device/host.js';
import type { BoardOptions } from './device/options.js';

const LOOPBACK = '127.0.0.1';
/** Linux grants at most net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Frames that may wait for the board; later ones are dropped and counted, as a switch would. */
const QUEUE_FRAMES = 8192;

export class NodeHost implements VirtualHost {
  readonly imageBytes: number;
  readonly #image: number;
  readonly #socket: Socket;
  readonly #options: BoardOptions;
  readonly #wake: () => void;
  readonly #queue: (Buffer | undefined)[] = new Array<Buffer | undefined>(QUEUE_FRAMES);
  readonly #start = process.hrtime.bigint();
  #head = 0;
  #length = 0;
  #lost = 0;
  #unsent = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Opens the image, binds the socket; `wake` is called when a wait is over. */
  static async open(options: BoardOptions, wake: () => void): Promise<NodeHost> {
    const image = openSync(options.image, 'r+');
    // Without its own lookup, dgram would resolve the address anew for each datagram, and later than asked.
    const socket = createSocket({ type: 'udp4', lookup: (_host, _options, done) => done(null, LOOPBACK, 4) });
    const listening = once(socket, 'listening'); // Before bind, which is done at once with such a lookup.
    socket.bind(options.localPort, LOOPBACK);
    await listening;
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    return new NodeHost(options, image, socket, wake);
  }

  private constructor(options: BoardOptions, image: number, socket: Socket, wake: () => void) {
    this.#options = options;
    this.#image = image;
    this.#socket = socket;
    this.#wake = wake;
    this.imageBytes = fstatSync(image).size;
    socket.on('message', (frame) => this.#enqueue(frame));
  }

  #enqueue(frame: Buffer): void {
    if (this.#length === QUEUE_FRAMES) {
      this.#lost++;
      return;
    }
    this.#queue[(this.#head + this.#length) % QUEUE_FRAMES] = frame;
    this.#length++;
    this.#endWait();
    this.#wake();
  }

  nowUs(): number {
    return Number((process.hrtime.bigint() - this.#start) / 1000n);
  }

  waitUntil(us: number): void {
    this.#endWait();
    if (this.#length > 0) {
      this.#wake();
      return;
    }
    const ms = Math.max(1, Math.ceil((us - this.nowUs()) / 1000));
    this.#timer = setTimeout(this.#wake, Math.min(ms, 0x7fff_ffff));
  }

  #endWait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    while (this.#length > 0) {
      const frame = this.#queue[this.#head]!;
      this.#queue[this.#head] = undefined;
      this.#head = (this.#head + 1) % QUEUE_FRAMES;
      this.#length--;
      if (frame.length > 0 && frame.length <= capacity) {
        b.set(frame, at);
        return frame.length;
      }
      this.#lost++;
    }
    return 0;
  }

  send(b: Uint8Array, at: number, length: number): void {
    this.#socket.send(
      Buffer.from(b.subarray(at, at + length)),
      this.#options.remotePort,
      LOOPBACK,
      (error) => {
        if (error) this.#unsent++;
      },
    );
  }

  readImage(offset: number, b: Uint8Array, at: number, length: number): boolean {
    return transferAll(readSync, this.#image, offset, b, at, length);
  }

  writeImage(offset: number, b: Uint8Array, at: number, length: number): boolean {
    return transferAll(writeSync, this.#image, offset, b, at, length);
  }

  fillEntropy(b: Uint8Array, at: number, length: number): void {
    randomFillSync(b, at, length);
  }

  print(line: string): void {
    writeSync(process.stdout.fd, `${line}\n`);
  }

  /** Frames for the board that found no room, in the kernel or here. */
  get lost(): number {
    return this.#lost + kernelDrops(this.#options.localPort);
  }

  get unsent(): number {
    return this.#unsent;
  }

  close(): void {
    this.#endWait();
    this.#socket.close();
    closeSync(this.#image);
  }
}

type Transfer = (fd: number, b: Uint8Array, at: number, length: number, position: number) => number;

function transferAll(
  transfer: Transfer,
  fd: number,
  offset: number,
  b: Uint8Array,
  at: number,
  length: number,
) {
  let done = 0;
  while (done < length) {
    let step: number;
    try {
      step = transfer(fd, b, at + done, length - done, offset + done);
    } catch {
      return false; // An I/O error is the card's answer to the firmware, not a fault of the board.
    }
    if (step === 0) return false;
    done += step;
  }
  return true;
}

/** What Linux dropped at our socket for want of buffer: the last column of /proc/net/udp. */
function kernelDrops(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  try {
    for (const line of readFileSync('/proc/net/udp', 'latin1').split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[1] === local) return Number(columns.at(-1));
    }
  } catch {
    // Only Linux tells.
  }
  return 0;
}
