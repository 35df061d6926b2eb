/**
 * The requests of one connection that have no answer yet. Node hands over every pipelined request as soon as it is
 * parsed, and puts the answers in order. Here few of them are worked on at one time: a client that writes a
 * thousand requests in one go does not occupy the boards with a thousand commands.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of a connection that are worked on at one time. */
const CONCURRENT = 8;

export class Pipeline {
  /** The response to the request that came last. */
  latest: ServerResponse | undefined = undefined;
  /** Requests so far, where they are counted. */
  requests = 0;
  /** Ranges that are with boards: the client has not acknowledged their last byte. */
  delegated = 0;
  /** The client has been given more time, since its last request, than a connection that rests. */
  patient = false;
  #running = 0;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #turns = new WeakMap<ServerResponse, () => void>();

  /** An answer is still to be written. */
  get owesAnswer(): boolean {
    return this.latest !== undefined && !this.latest.writableFinished && !this.latest.destroyed;
  }

  onRequest(response: ServerResponse): void {
    // Node's own listener is the first: it gives the socket to the next in turn.
    if (response.socket === null) this.latest?.once('finish', () => this.#turns.get(response)?.());
    this.latest = response;
    this.patient = false;
  }

  /** Calls `work` when `response` has its socket; never if the connection ends before that. */
  whenItsTurn(response: ServerResponse, work: () => void): void {
    if (response.socket === null) this.#turns.set(response, work);
    else work();
  }

  /** Does `work` (which must not reject) when it is its turn; false when more than `maxWaiting` would wait. */
  admit(work: () => Promise<void>, maxWaiting: number): boolean {
    if (this.#running < CONCURRENT) this.#run(work);
    else if (this.#waiting.length >= maxWaiting) return false;
    else this.#waiting.push(work);
    return true;
  }

  #run(work: () => Promise<void>): void {
    this.#running++;
    void work().then(() => {
      this.#running--;
      const next = this.#waiting.shift();
      if (next !== undefined) this.#run(next);
    });
  }
}

const pipelines = new WeakMap<Socket, Pipeline>();

export function pipelineOf(socket: Socket): Pipeline {
  let pipeline = pipelines.get(socket);
  if (pipeline === undefined) {
    pipeline = new Pipeline();
    pipelines.set(socket, pipeline);
  }
  return pipeline;
}
