/**
 * Runs as the laboratory's client: fetches every file of the list and compares it. Arguments: the list as a JSON
 * file, the number of connections, the number of requests that a connection has under way (1: none is pipelined).
 * Prints one line of JSON. An own client, since no common one pipelines.
 */
import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { TreeFile } from './tree.js';

const HEAD_END = Buffer.from('\r\n\r\n');
const STALL_TIMEOUT_MS = 120_000;

const files = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as TreeFile[];
const connections = Number(process.argv[3]);
const depth = Number(process.argv[4]);
const queue = [...files];
const wrong: string[] = [];
let bytes = 0;
let reconnects = 0;

interface Reply {
  readonly file: TreeFile;
  readonly hash: Hash;
  missing: number;
}

/** One connection: keeps `depth` requests under way until the queue is empty. */
function run(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(process.env['ATCP_WEB_PORT']), process.env['ATCP_VIP']!);
    const waiting: TreeFile[] = [];
    let received = Buffer.alloc(0);
    let reply: Reply | undefined;
    let asked = 0;

    const ask = (): void => {
      while (waiting.length + (reply === undefined ? 0 : 1) < depth && queue.length > 0) {
        const file = queue.shift()!;
        waiting.push(file);
        asked++;
        socket.write(`GET /${encodeURI(file.path)} HTTP/1.1\r\nHost: ${process.env['ATCP_VIP']}\r\n\r\n`);
      }
      if (waiting.length === 0 && reply === undefined) socket.end();
    };
    const finish = (done: Reply): void => {
      if (done.hash.digest('hex') !== done.file.sha256) wrong.push(`${done.file.path}: other bytes`);
      reply = undefined;
      ask();
    };
    const parse = (): void => {
      for (;;) {
        if (reply !== undefined) {
          const part = received.subarray(0, reply.missing);
          reply.hash.update(part);
          reply.missing -= part.length;
          bytes += part.length;
          received = received.subarray(part.length);
          if (reply.missing > 0) return;
          finish(reply);
        }
        const end = received.indexOf(HEAD_END);
        if (end < 0) return;
        const head = received.toString('latin1', 0, end);
        received = received.subarray(end + HEAD_END.length);
        const file = waiting.shift();
        if (file === undefined) throw new Error(`a reply that nobody asked for: ${head}`);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (!head.startsWith('HTTP/1.1 200') || length !== file.bytes)
          wrong.push(`${file.path}: ${head.split('\r\n')[0]}, length ${length}`);
        reply = { file, hash: createHash('sha256'), missing: length };
      }
    };
    socket.setTimeout(STALL_TIMEOUT_MS, () => socket.destroy(new Error('nothing came for two minutes')));
    socket.on('connect', ask);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      parse();
    });
    socket.on('error', (error) => wrong.push(`connection: ${error.message}`));
    socket.on('close', () => {
      // A server may close a connection after so many requests; what was not answered is asked again.
      const unanswered = reply === undefined ? waiting : [reply.file, ...waiting];
      if (unanswered.length > 0 && asked > unanswered.length) {
        queue.unshift(...unanswered);
        reconnects++;
        resolve(run());
      } else {
        for (const file of unanswered) wrong.push(`${file.path}: no answer`);
        resolve();
      }
    });
  });
}

const started = Date.now();
await Promise.all(Array.from({ length: connections }, run));
const seconds = (Date.now() - started) / 1000;
process.stdout.write(
  JSON.stringify({
    files: files.length,
    bytes,
    seconds,
    reconnects,
    wrong: wrong.length,
    first: wrong.slice(0, 5),
  }) + '\n',
);
process.exit(wrong.length === 0 ? 0 : 1);
