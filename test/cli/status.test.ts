/** `atcp status` and `atcp trace` against a front-end without a network, over a real control socket. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlPath, fetchStatus, followTrace } from '../../src/control/client.js';
import type { TraceLine } from '../../src/control/protocol.js';
import { ControlServer } from '../../src/control/server.js';
import { Scene } from '../front-end/inspection/scene.js';

describe('control socket', () => {
  let folder = '';
  let path = '';
  let scene: Scene;
  let server: ControlServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-control-'));
    path = join(folder, 's');
    scene = new Scene(1);
    server = new ControlServer({ host: scene.rig.host }, scene.world.backEnds);
    await server.listen(path);
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function ask(method: string, target: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: path, path: target, method, agent: false }, (response) => {
        response.resume();
        resolve(response);
      });
      request.on('error', reject);
      request.end();
    });
  }

  it('is its owner’s alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('answers with the status of the front-end and of its process', async () => {
    const { process: own, ...rest } = await fetchStatus(path);
    assert.deepEqual(rest, JSON.parse(JSON.stringify(scene.status())));
    assert.equal(own.pid, process.pid);
    assert.ok(own.rssBytes > own.heapUsedBytes && own.heapUsedBytes > 1_000_000);
  });

  it('streams what happens from the first line on, and forgets a listener that left', async () => {
    const { trace } = scene.rig.host;
    const events: TraceLine[] = [];
    for await (const line of followTrace(path, false)) {
      events.push(line);
      if (line.event === 'listening') await scene.connect();
      else break;
    }
    assert.deepEqual(
      events.map(({ event }) => event),
      ['listening', 'connectionOpened'],
    );
    assert.ok(Math.abs((events[0] as { unixTimeMs: number }).unixTimeMs - Date.now()) < 10_000);
    assert.equal(events[1]!.atUs - events[0]!.atUs, 0, 'one clock');
    // The scene's own listener wants no statements, so what is left of this one would show.
    for await (const line of followTrace(path, true)) {
      assert.equal(line.event, 'listening');
      assert.notEqual(trace.statements, undefined);
      break;
    }
    for (let i = 0; i < 100 && trace.statements !== undefined; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(trace.statements, undefined);
  });

  it('does not pile up events for a client that does not read, and says how many it missed', async () => {
    const response = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ socketPath: path, path: '/trace', agent: false }, resolve).end();
    });
    const { trace } = scene.rig.host;
    const unanswered = { event: 'unanswered', object: 'x'.repeat(1000), error: 'y' } as const;
    const told = 20_000;
    for (let i = 0; i < told; i++) trace.events!(unanswered);
    scene.heard.length = 0;
    let text = '';
    response.setEncoding('utf8');
    const lines = (): TraceLine[] =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as TraceLine);
    response.on('data', (piece: string) => (text += piece));
    // Once the backlog is read the next event comes through.
    for (let i = 0; i < 200 && !text.includes('"missed"'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      trace.events!({ event: 'boardAlive', board: 1 });
    }
    response.destroy();
    const kept = lines().filter(({ event }) => event === 'unanswered').length;
    const alive = lines().filter(({ event }) => event === 'boardAlive').length;
    const missed = lines().find((line) => line.event === 'missed')!;
    assert.ok(kept > 500 && kept < 5_000, `${kept} kept`);
    assert.ok(alive > 0);
    assert.ok(missed.event === 'missed' && missed.events >= told - kept && missed.events < told - kept + 200);
  });

  it('changes nothing and has nothing else', async () => {
    assert.equal((await ask('POST', '/status')).statusCode, 405);
    assert.equal((await ask('GET', '/')).statusCode, 404);
  });

  it('ends the trace, and takes the socket away, when the front-end ends', async () => {
    const events: string[] = [];
    for await (const { event } of followTrace(path, false)) {
      events.push(event);
      server.close();
    }
    assert.deepEqual(events, ['listening']);
    assert.equal(existsSync(path), false);
  });

  it('refuses a path that no socket can have, and a second front-end on the same', async () => {
    const other = new ControlServer({ host: scene.rig.host }, scene.world.backEnds);
    await assert.rejects(other.listen(join(folder, 'x'.repeat(120))), /107 are the most .* TMPDIR/);
    await assert.rejects(other.listen(path), /EADDRINUSE.*is another front-end running/);
  });
});

describe('asking a front-end that is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-control-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('takes --socket before ATCP_CONTROL, and says what to do without both', () => {
    assert.equal(controlPath('a', { ATCP_CONTROL: 'b' }), 'a');
    assert.equal(controlPath(undefined, { ATCP_CONTROL: 'b' }), 'b');
    for (const environment of [{}, { ATCP_CONTROL: '' }])
      assert.throws(
        () => controlPath(undefined, environment),
        /ATCP_CONTROL is not set.*atcp lab.*--socket PATH/,
      );
  });

  it('says that there is no socket', async () => {
    await assert.rejects(
      fetchStatus(join(folder, 'none')),
      /there is no control socket .*none: .*has ended, or the path is wrong/,
    );
  });

  it('says that nobody listens', async () => {
    const path = join(folder, 'left');
    // A process that is killed leaves its socket behind.
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script]), 'exit');
    await assert.rejects(fetchStatus(path), /nobody listens on .*left: .*start it again/);
  });

  it('says when something else answers', async () => {
    const path = join(folder, 'other');
    const other = createServer((_, response) => response.writeHead(404).end()).listen(path);
    await once(other, 'listening');
    await assert.rejects(
      fetchStatus(path),
      /answered \/status with status 404: it is not this version's front-end/,
    );
    other.close();
    other.closeAllConnections();
  });
});
