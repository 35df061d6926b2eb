/** Objects at a bit rate in UDP datagrams, to clients that ask for them ({@link parseStreamRequest}). */
import {
  ObjectNotFoundError,
  type ObjectFacts,
  type ObjectRange,
  type Span,
  type UdpPeer,
  type UdpSocket,
  type UdpStack,
  type UdpTimer,
} from '../../front-end/index.js';
import { streamConfiguration, type StreamConfiguration } from './configuration.js';
import { PacedSource } from './paced-source.js';
import { parseStreamRequest, type StreamRequest } from './request.js';
import { Tokens } from './tokens.js';

export interface StreamServerOptions {
  /** The front-end's ({@link FrontEnd.udp}). */
  readonly udp: Pick<UdpStack, 'bind'>;
  readonly backEnds: {
    stat(name: string): Promise<ObjectFacts>;
    createSpan(range: ObjectRange): Span;
  };
  readonly configuration?: Partial<StreamConfiguration>;
}

/** From the request on; the source as soon as the object has been looked up. */
interface Stream {
  readonly name: string;
  readonly token: string;
  readonly client: UdpPeer;
  readonly silence: UdpTimer;
  bitsPerSecond: number;
  source?: PacedSource;
}

export class StreamServer {
  readonly configuration: StreamConfiguration;
  readonly #options: StreamServerOptions;
  readonly #control: UdpSocket;
  readonly #output: UdpSocket;
  readonly #tokens = new Tokens();
  /** By the client's address and port. */
  readonly #streams = new Map<string, Stream>();

  /** Serves from now on. Throws EADDRINUSE when a port is taken, a RangeError for a setting that can't be. */
  constructor(options: StreamServerOptions) {
    this.configuration = streamConfiguration(options.configuration);
    this.#options = options;
    this.#control = options.udp.bind(this.configuration.port);
    this.#output = options.udp.bind(this.configuration.streamPort);
    this.#control.on('message', (message, from) => this.#onMessage(message, from));
    const onUnreachable = (address: string, port: number): void => {
      for (const stream of this.#streams.values())
        if (stream.client.address === address && stream.client.port === port) this.#end(stream);
    };
    this.#control.on('unreachable', onUnreachable);
    this.#output.on('unreachable', onUnreachable);
  }

  /** Streams under way. */
  get streams(): number {
    return this.#streams.size;
  }

  close(): void {
    for (const stream of [...this.#streams.values()]) this.#end(stream);
    this.#control.close();
    this.#output.close();
  }

  #onMessage(message: Buffer, from: UdpPeer): void {
    const request = parseStreamRequest(message);
    // What is no request is not answered: nobody can be made to answer somebody else.
    if (request === undefined) return;
    const stream = this.#streams.get(String(from));
    if (stream !== undefined && stream.token === request.token) this.#onRepeated(stream, request, from);
    else if (request.verb === 'GET') this.#onNew(request, from, stream);
  }

  #onRepeated(stream: Stream, request: StreamRequest, from: UdpPeer): void {
    if (request.verb === 'STOP') {
      this.#end(stream);
      return;
    }
    if (request.name !== stream.name) {
      this.#end(stream);
      this.#begin(request, from);
      return;
    }
    stream.silence.start(this.configuration.silenceMs);
    stream.source?.heardAs(from);
    if (request.bitsPerSecond === stream.bitsPerSecond) return;
    const problem = this.#rateProblem(request.bitsPerSecond);
    if (problem !== undefined) this.#say(from, `ERROR ${problem}`);
    else {
      stream.bitsPerSecond = request.bitsPerSecond;
      stream.source?.pace(request.bitsPerSecond);
    }
  }

  #onNew(request: StreamRequest, from: UdpPeer, before: Stream | undefined): void {
    const { nowMs } = this.#control;
    if (!this.#tokens.accepts(request.token, String(from), nowMs)) {
      this.#say(from, `TOKEN ${this.#tokens.issue(String(from), nowMs)}`);
      return;
    }
    if (before !== undefined) this.#end(before);
    this.#begin(request, from);
  }

  #begin(request: StreamRequest, client: UdpPeer): void {
    const { maxStreams, silenceMs } = this.configuration;
    const { name, token, bitsPerSecond } = request;
    const problem = this.#streams.size >= maxStreams ? 'too many streams' : this.#rateProblem(bitsPerSecond);
    if (problem !== undefined) {
      this.#say(client, `ERROR ${problem}`);
      return;
    }
    const silence = this.#control.createTimer(() => this.#end(stream));
    const stream: Stream = { name, token, client, silence, bitsPerSecond };
    this.#streams.set(String(client), stream);
    silence.start(silenceMs);
    void this.#start(stream);
  }

  #rateProblem(bitsPerSecond: number): string | undefined {
    const { datagramBytes, maxBitsPerSecond } = this.configuration;
    const least = datagramBytes * 8;
    if (bitsPerSecond >= least && bitsPerSecond <= maxBitsPerSecond) return undefined;
    return `the rate must be from ${least} to ${maxBitsPerSecond} bits a second`;
  }

  async #start(stream: Stream): Promise<void> {
    const { backEnds } = this.#options;
    const { name, client } = stream;
    try {
      const { kind, size, version } = await backEnds.stat(name);
      if (this.#streams.get(String(client)) !== stream) return;
      if (kind !== 'file' || size === 0) throw new ObjectNotFoundError(name);
      const { datagramBytes, aheadMs } = this.configuration;
      stream.source = new PacedSource({
        socket: this.#output,
        client,
        lengthBytes: size,
        createSpan: () => backEnds.createSpan({ name, version, length: size }),
        datagramBytes,
        bitsPerSecond: stream.bitsPerSecond,
        aheadMs,
        onEnd: (error) => this.#onEnd(stream, size, error),
      });
      this.#say(client, `OK ${size}`);
    } catch (error) {
      if (this.#streams.get(String(client)) !== stream) return;
      this.#end(stream);
      const isMissing = error instanceof ObjectNotFoundError || error instanceof RangeError;
      this.#say(client, isMissing ? 'ERROR there is no such object' : 'ERROR it can not be read now');
    }
  }

  #onEnd(stream: Stream, size: number, error: Error | undefined): void {
    this.#end(stream);
    this.#say(stream.client, error === undefined ? `END ${size}` : 'ERROR it can not be read any more');
  }

  #end(stream: Stream): void {
    const key = String(stream.client);
    if (this.#streams.get(key) !== stream) return;
    this.#streams.delete(key);
    stream.silence.stop();
    stream.source?.stop();
  }

  #say(client: UdpPeer, text: string): void {
    this.#control.send(Buffer.from(text), client);
  }
}

/** Serves from now on; see {@link StreamServer}. */
export function createStreamServer(options: StreamServerOptions): StreamServer {
  return new StreamServer(options);
}
