// A client that says exactly what it is told to: asker.cjs ASKED.json ANSWERS.json. The requests go out twice, one
// after the other on one connection and all in one write on another; each of the attacks has a connection of its own.
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const net = require('node:net');

const { requests, attacks } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const QUIET_MS = 400;

/** The answers in what was received, and whether the last one is whole. */
function parse(bytes, methods) {
  const answers = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end === -1) return { answers, whole: false };
    const [line, ...rest] = bytes.toString('latin1', at, end).split('\r\n');
    const fields = Object.fromEntries(
      rest.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 2)]),
    );
    const none = methods[answers.length] === 'HEAD' || / (204|304) /.test(line);
    const bodyEnd = end + 4 + (none ? 0 : Number(fields['content-length']));
    if (bodyEnd > bytes.length) return { answers, whole: false };
    answers.push({ line, fields, body: bytes.toString('latin1', end + 4, bodyEnd) });
    at = bodyEnd;
  }
  return { answers, whole: true };
}

/**
 * Writes one text after the other, each when the one before is answered; resolves with `count` answers, or with all
 * that come until it is quiet.
 */
function talk(texts, methods, count) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: process.env.ATCP_VIP, port: 80, allowHalfOpen: true });
    let bytes = Buffer.alloc(0);
    let said = 0;
    let quiet;
    const step = (ended) => {
      clearTimeout(quiet);
      const { answers, whole } = parse(bytes, methods);
      if (count === undefined && answers.length > 0) quiet = setTimeout(() => step(true), QUIET_MS);
      if (ended || (whole && answers.length === count)) {
        clearTimeout(quiet);
        socket.destroy();
        resolve(answers);
      } else if (said < texts.length && whole && answers.length === said)
        socket.write(texts[said++], 'latin1');
    };
    socket.on('connect', () => step(false));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      step(false);
    });
    socket.on('end', () => step(true));
    socket.on('error', reject);
  });
}

async function main() {
  const methodOf = (text) => text.slice(0, text.indexOf(' '));
  const [first] = await talk([requests[0]], ['GET'], 1);
  const texts = requests.map((text) => text.replaceAll('{etag}', first.fields.etag));
  const methods = texts.map(methodOf);
  const kept = await talk(texts, methods, texts.length);
  const pipelined = await talk([texts.join('')], methods, texts.length);
  const attacked = [];
  for (const text of attacks) attacked.push(await talk([text], [methodOf(text)], undefined));
  writeFileSync(process.argv[3], JSON.stringify({ kept, pipelined, attacked }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
