/** The front-end's end of the control socket. Who can open the socket file may look; nothing can be changed. */
import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type BackEnds, type FrontEnd, statusOf } from '../front-end/index.js';
import {
  STATEMENTS_PARAMETER,
  STATUS_PATH,
  TRACE_PATH,
  type ProcessStatus,
  type Status,
  type TraceLine,
} from './protocol.js';

/** `sun_path` of unix(7), with its NUL. */
const MAX_PATH_BYTES = 107;
/** A client of `/trace` that lets more than this pile up misses events. */
const MAX_BACKLOG_BYTES = 1 << 20;

export class ControlServer {
  readonly #host: FrontEnd['host'];
  readonly #backEnds: BackEnds;
  readonly #server: Server;

  constructor(frontEnd: Pick<FrontEnd, 'host'>, backEnds: BackEnds) {
    this.#host = frontEnd.host;
    this.#backEnds = backEnds;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** Makes the socket file, for its owner only. Rejects with an error that names cause and cure. */
  async listen(path: string): Promise<void> {
    if (Buffer.byteLength(path) > MAX_PATH_BYTES)
      throw new Error(
        `the path of the control socket has ${Buffer.byteLength(path)} bytes, and ${MAX_PATH_BYTES} are the most ` +
          `(${path}); choose a shorter folder, for a laboratory with TMPDIR`,
      );
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(
          new Error(
            `can't make the control socket ${path}: ${error.message}; is another front-end running, or the folder ` +
              'not writable?',
          ),
        );
      });
      this.#server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  }

  /** Ends every trace and takes the socket file away. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://control');
    if (request.method !== 'GET') response.writeHead(405, { Allow: 'GET' }).end();
    else if (url.pathname === STATUS_PATH) this.#sendStatus(response);
    else if (url.pathname === TRACE_PATH)
      this.#sendTrace(response, url.searchParams.get(STATEMENTS_PARAMETER) === '1');
    else response.writeHead(404).end();
  }

  #sendStatus(response: ServerResponse): void {
    const status: Status = {
      ...statusOf(this.#host, this.#backEnds, this.#host.trace.clock()),
      process: processStatus(),
    };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(status));
  }

  #sendTrace(response: ServerResponse, withStatements: boolean): void {
    const { trace } = this.#host;
    let missed = 0;
    const send = (line: TraceLine): void => void response.write(`${JSON.stringify(line)}\n`);
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    const stop = trace.listen((event) => {
      if (response.writableLength > MAX_BACKLOG_BYTES) {
        missed++;
        return;
      }
      if (missed > 0) send({ event: 'missed', events: missed, atUs: event.atUs });
      missed = 0;
      send(event);
    }, withStatements);
    response.once('close', stop);
    const address = this.#host.address.toString();
    const address6 = this.#host.address6?.toString() ?? null;
    send({ event: 'listening', address, address6, atUs: trace.clock(), unixTimeMs: Date.now() });
  }
}

function processStatus(): ProcessStatus {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  return {
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    rssBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
    cpuUserMs: Math.round(cpu.user / 1000),
    cpuSystemMs: Math.round(cpu.system / 1000),
  };
}
