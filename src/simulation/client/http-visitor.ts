/** A client's program: asks for files over one connection, and compares every byte of every reply. */
import type { ClientPlan, RequestPlan } from '../plan.js';
import { TcpClient, type ClientTcpOptions, type ClientUser, type ClientWorld } from './tcp-client.js';

export interface VisitorOptions {
  readonly name: string;
  readonly plan: ClientPlan;
  readonly tcp: ClientTcpOptions;
  /** By number of the file: what is right. */
  readonly contents: readonly Uint8Array[];
  readonly fileName: (file: number) => string;
  /** Every reply must be a success, and complete. */
  readonly strict: boolean;
  /** No board is ever harmed: then one knows for sure what is not there. */
  readonly harmless: boolean;
  /** The server may forget the connection without a word: its process ends. */
  readonly forgettable: boolean;
}

export interface VisitorWorld extends ClientWorld {
  onEnded(visitor: HttpVisitor): void;
}

/** A client to which nothing has come for so long has been forgotten. */
const PATIENCE_US = 100_000_000;
const READ_EVERY_US = 2_000;
const LONGEST_HEAD_BYTES = 4_096;
const HEAD_END = '\r\n\r\n';

interface Reply {
  readonly request: RequestPlan;
  readonly status: number;
  /** What the body must be; undefined for one that only its length is known of. */
  readonly expected: Uint8Array | undefined;
  readonly length: number;
  at: number;
}

export class HttpVisitor implements ClientUser {
  readonly name: string;
  readonly tcp: TcpClient;
  /** How the connection ended. */
  outcome: 'closed' | 'reset' | 'gaveUp' | 'left' | undefined;
  bodyBytes = 0;
  replies = 0;
  /** Replies of 500 and above. */
  refusals = 0;
  readonly #options: VisitorOptions;
  readonly #plan: ClientPlan;
  readonly #world: VisitorWorld;
  readonly #tags = new Map<number, string>();
  #asked = 0;
  #head = '';
  #reply: Reply | undefined;
  #received = 0;
  #heardUs = 0;
  #finished = false;
  #serverFinished = false;
  #paused = false;
  #hasPaused = false;
  #reading = false;

  constructor(options: VisitorOptions, world: VisitorWorld) {
    this.name = options.name;
    this.#options = options;
    this.#plan = options.plan;
    this.#world = world;
    this.tcp = new TcpClient(options.tcp, world, this);
  }

  start(): void {
    this.#heardUs = this.#world.nowUs;
    this.#watch();
    this.tcp.connect();
  }

  // ClientUser.

  onOpen(): void {
    this.#ask();
  }

  onBytes(bytes: Uint8Array): void {
    this.#heardUs = this.#world.nowUs;
    this.#received += bytes.length;
    this.#check(bytes);
    if (this.tcp.ended) return;
    const { ending, endsAfterBytes, pauseAfterBytes, pauseUs } = this.#plan;
    if ((ending === 'reset' || ending === 'vanish') && this.#received >= endsAfterBytes) {
      if (ending === 'reset') this.tcp.reset();
      else this.tcp.vanish();
      this.#end('left');
      return;
    }
    if (pauseAfterBytes > 0 && this.#received >= pauseAfterBytes && !this.#hasPaused) {
      this.#hasPaused = true;
      this.#paused = true;
      this.#world.in(pauseUs, () => {
        this.#paused = false;
        this.#heardUs = this.#world.nowUs;
        this.#read();
      });
    }
    this.#read();
  }

  onFin(): void {
    this.#serverFinished = true;
    this.#heardUs = this.#world.nowUs;
    this.#finish();
  }

  onEnd(how: 'closed' | 'reset' | 'gaveUp'): void {
    const isComplete = this.replies === this.#plan.requests.length && this.#reply === undefined;
    if (this.#options.strict) {
      if (how === 'gaveUp') this.#wrong('the server does not answer any more');
      else if (!isComplete && !this.#leaves)
        this.#wrong(
          `the connection was ${how} after ${this.replies} of ${this.#plan.requests.length} replies and ` +
            `${this.#received} bytes`,
        );
    }
    this.#end(how);
  }

  get #leaves(): boolean {
    return this.#plan.ending === 'reset' || this.#plan.ending === 'vanish';
  }

  // Asking.

  #ask(): void {
    const { requests, pipeline, ending } = this.#plan;
    let text = '';
    while (this.#asked < requests.length && this.#asked - this.replies < pipeline) {
      const last = ++this.#asked === requests.length;
      text += this.#request(requests[this.#asked - 1]!, last && ending === 'serverCloses');
    }
    if (text !== '') this.tcp.write(Buffer.from(text, 'latin1'));
    if (this.#asked === requests.length && ending === 'halfClose') this.#finish();
    if (this.replies === requests.length && (ending === 'close' || this.#leaves)) this.#finish();
  }

  #request({ method, file, range, conditional }: RequestPlan, last: boolean): string {
    const lines = [`${method} /${this.#options.fileName(file)} HTTP/1.1`, 'Host: site.example'];
    if (range !== undefined) lines.push(`Range: bytes=${range[0]}-${range[1]}`);
    const tag = conditional === true ? this.#tags.get(file) : undefined;
    if (tag !== undefined) lines.push(`If-None-Match: ${tag}`);
    if (last) lines.push('Connection: close');
    return lines.join('\r\n') + HEAD_END;
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.tcp.finish();
  }

  // Checking.

  #check(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#reply === undefined) at = this.#takeHead(bytes, at);
      else at = this.#takeBody(bytes, at);
      if (at < 0) return;
      this.#lookForEnd();
    }
  }

  /** Returns where to go on, -1 when there is no sense in it. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const before = this.#head.length;
    const rest = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    this.#head += rest.toString('latin1', 0, LONGEST_HEAD_BYTES);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#head.length < LONGEST_HEAD_BYTES) return bytes.length;
      this.#wrong('a head without an end');
      return -1;
    }
    const head = this.#head.slice(0, end);
    this.#head = '';
    const request = this.#plan.requests[this.replies];
    if (request === undefined) {
      this.#wrong(`a reply to nothing: ${head}`);
      return -1;
    }
    this.#reply = this.#begin(request, head);
    return at + end + HEAD_END.length - before;
  }

  #begin(request: RequestPlan, head: string): Reply {
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0);
    const content = this.#options.contents[request.file];
    const { range } = request;
    const named = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    const length = request.method === 'HEAD' || status === 304 ? 0 : Number(named ?? 0);
    let expected: Uint8Array | undefined;
    if (status >= 500) {
      this.refusals++;
      const { strict, harmless } = this.#options;
      if (strict && (content !== undefined || harmless)) this.#wrong(`refused: ${head}`);
    } else if (content === undefined) this.#demand(status === 404, request, head);
    else if (status === 304) this.#demand(request.conditional === true, request, head);
    else {
      const wanted = range === undefined ? content : content.subarray(range[0], range[1] + 1);
      this.#demand(status === (range === undefined ? 200 : 206), request, head);
      this.#demand(named !== undefined && Number(named) === wanted.length, request, head);
      const tag = /\r\netag: ([^\r]+)/i.exec(head)?.[1];
      if (tag !== undefined) this.#tags.set(request.file, tag);
      if (request.method === 'GET') expected = wanted;
    }
    return { request, status, expected, length, at: 0 };
  }

  #demand(holds: boolean, request: RequestPlan, head: string): void {
    if (!holds) this.#wrong(`not the reply to ${JSON.stringify(request)}: ${head}`);
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const reply = this.#reply!;
    const count = Math.min(bytes.length - at, reply.length - reply.at);
    const { expected } = reply;
    if (expected !== undefined) {
      const right = expected.subarray(reply.at, reply.at + count);
      if (Buffer.compare(right, bytes.subarray(at, at + count)) !== 0) {
        let i = 0;
        while (right[i] === bytes[at + i]) i++;
        this.#wrong(
          `byte ${reply.at + i} of ${reply.length} of ${this.#options.fileName(reply.request.file)} is ` +
            `${bytes[at + i]} and not ${right[i]}`,
        );
        return -1;
      }
    }
    reply.at += count;
    this.bodyBytes += count;
    return at + count;
  }

  #lookForEnd(): void {
    if (this.#reply === undefined || this.#reply.at < this.#reply.length) return;
    this.#reply = undefined;
    this.replies++;
    if (!this.#serverFinished) this.#ask();
  }

  // Reading.

  #read(): void {
    const { readBytesPerMs } = this.#plan;
    if (this.#paused || this.tcp.ended) return;
    if (readBytesPerMs === 0) {
      this.tcp.read(this.tcp.receiver.unread);
      return;
    }
    if (this.#reading) return;
    this.#reading = true;
    this.#world.in(READ_EVERY_US, () => {
      this.#reading = false;
      const { unread } = this.tcp.receiver;
      this.#heardUs = this.#world.nowUs;
      if (!this.#paused && !this.tcp.ended)
        this.tcp.read(Math.min(unread, Math.ceil((readBytesPerMs * READ_EVERY_US) / 1000)));
      if (this.tcp.receiver.unread > 0) this.#read();
    });
  }

  // Ending.

  #watch(): void {
    this.#world.in(PATIENCE_US / 4, () => {
      if (this.outcome !== undefined) return;
      if (this.#world.nowUs - this.#heardUs < PATIENCE_US) {
        // A reset may have been lost, and the server may know nothing any more.
        if (!this.#options.strict) this.tcp.probe();
        this.#watch();
      } else {
        if (!this.#options.forgettable)
          this.#wrong(
            `nothing has come for ${PATIENCE_US / 1e6} s; ${this.replies} of ` +
              `${this.#plan.requests.length} replies, ${this.#received} bytes`,
          );
        this.tcp.vanish();
        this.#end('left');
      }
    });
  }

  #end(how: 'closed' | 'reset' | 'gaveUp' | 'left'): void {
    if (this.outcome !== undefined) return;
    this.outcome = how;
    this.#world.onEnded(this);
  }

  #wrong(what: string): void {
    this.#world.violation(`${this.name}: ${what}`);
  }
}
