/** The scenarios of switch-process.test.ts, each in fresh namespaces. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DgramLink } from '../../../hosts/linux/dgram-link.js';
import { PacketLink } from '../../../hosts/linux/packet-link.js';
import type { FrameLink } from '../../../src/front-end/link/frame-link.js';
import { readPcapng } from '../../../src/lab/pcapng/reader.js';
import type { SwitchConfiguration } from '../../../src/lab/switch/configuration.js';
import type { PortReport } from '../../../src/lab/switch/switch-process.js';
import { ip, makeVeth, runScenario } from '../../hosts/linux/namespace.js';
import { Recorder } from '../../hosts/linux/recorder.js';

const MAIN = fileURLToPath(new URL('../../../src/lab/switch/main.ts', import.meta.url));
const ETHERTYPE = 0x88b5;
const FRAMES = 50_000;
/** Frames on their way at once. */
const WINDOW = 400;
const CLIENT = { name: 'client', kind: 'packet', interface: 'p-client' } as const;
const FRONT_END = { name: 'front-end', kind: 'packet', interface: 'p-front' } as const;
const BOARD = { name: 'board-1', kind: 'dgram', localPort: 20001, remotePort: 30001 } as const;

class SwitchUnderTest {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  errors = '';
  readonly ended: Promise<number | null>;

  constructor(configuration: SwitchConfiguration | string, stdin: 'pipe' | 'ignore' = 'pipe') {
    const argument = typeof configuration === 'string' ? configuration : JSON.stringify(configuration);
    const stdio: StdioOptions = [stdin, 'pipe', 'pipe'];
    this.child = spawn(process.execPath, ['--import=tsx', MAIN, argument], { stdio });
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.lines.push(line));
    this.child.stderr!.on('data', (data: Buffer) => (this.errors += data.toString()));
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  async ready(): Promise<void> {
    const ended = this.ended.then(() => true);
    while (this.lines[0] !== 'ready') {
      if (await Promise.race([ended, sleep(5, false)])) throw new Error(`the switch ended: ${this.errors}`);
    }
  }

  /** Ends it and returns its report, by the name of the port. */
  async stop(): Promise<Record<string, PortReport>> {
    this.child.kill('SIGTERM');
    assert.equal(await this.ended, 0, this.errors);
    const { ports } = JSON.parse(this.lines[1]!) as { ports: PortReport[] };
    return Object.fromEntries(ports.map((port) => [port.name, port]));
  }
}

function frame(destination: Uint8Array, source: Uint8Array, mark: number): Uint8Array {
  const b = Buffer.alloc(mark % 5 === 0 ? 60 : 1514);
  b.set(destination, 0);
  b.set(source, 6);
  b.writeUInt16BE(ETHERTYPE, 12);
  b.writeUInt32BE(mark, 14);
  b.fill(mark & 0xff, 18);
  return b;
}

/** Sends `FRAMES` frames through the switch as fast as they come out of it; each has to arrive once, in order. */
async function flood(from: FrameLink, to: FrameLink): Promise<void> {
  let sent = 0;
  let arrived = 0;
  let wrong = 0;
  const pump = (): void => {
    for (; sent < FRAMES && sent < arrived + WINDOW; sent++) {
      const bytes = frame(to.macAddress, from.macAddress, sent);
      if (!from.send(bytes, 0, bytes.length)) break;
    }
    from.flush();
  };
  const sink = new Recorder();
  sink.wants = (b, at) => {
    const view = new DataView(b.buffer, b.byteOffset);
    if (view.getUint16(at + 12) !== ETHERTYPE) return false;
    const expected = arrived++;
    const last = at + (expected % 5 === 0 ? 60 : 1514) - 1;
    if (view.getUint32(at + 14) !== expected || b[last] !== (expected & 0xff)) wrong++;
    return false;
  };
  sink.onBatch = pump;
  to.start(sink);
  from.start(new Recorder());
  // The switch learns where the receiver is.
  const hello = frame(from.macAddress, to.macAddress, 0);
  to.send(hello, 0, hello.length);
  to.flush();
  await sleep(50);
  const start = performance.now();
  pump();
  let stalledMs = 0;
  while (arrived < FRAMES) {
    const before = arrived;
    await sleep(5);
    stalledMs = arrived === before ? stalledMs + 5 : 0;
    if (stalledMs > 3000) throw new Error(`${arrived} of ${FRAMES} frames arrived, ${sent} sent`);
  }
  process.stdout.write(`${Math.round(FRAMES / (performance.now() - start))} frames/ms\n`);
  assert.equal(wrong, 0);
}

function makePorts(): void {
  ip('link set lo up');
  makeVeth('e-client', 'p-client');
  makeVeth('e-front', 'p-front');
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-switch-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A station of the kernel's own in a namespace of that name. */
function makeStation(name: string, switchSide: string, address: string): void {
  ip(`netns add ${name}`);
  ip(`link add ${switchSide} type veth peer name eth0 netns ${name}`);
  ip(`link set ${switchSide} addrgenmode none up`);
  ip(`-n ${name} link set eth0 addrgenmode none up`);
  ip(`-n ${name} address add ${address}/24 dev eth0`);
  const ethtool = fileURLToPath(new URL('../../../hosts/linux/ethtool.ts', import.meta.url));
  execFileSync('ip', ['netns', 'exec', name, process.execPath, '--import=tsx', ethtool, 'eth0']);
}

const RECEIVE = `require('net').createServer((s) => { let n = 0; s.on('data', (d) => (n += d.length));
  s.on('end', () => { console.log(n); process.exit(0); }); }).listen(5001, () => console.log('listening'));`;
const SEND = `const s = require('net').connect(5001, '10.9.0.2'); s.end(Buffer.alloc(20e6, 7)); s.on('close', () => process.exit(0));`;

const scenarios = {
  async packetToPacket() {
    makePorts();
    const underTest = new SwitchUnderTest({ ports: [CLIENT, FRONT_END] });
    await underTest.ready();
    const from = new PacketLink('e-client');
    const to = new PacketLink('e-front');
    await flood(from, to);
    const { client, 'front-end': frontEnd } = await underTest.stop();
    assert.equal(client!.in.frames, FRAMES);
    assert.equal(client!.link.receiveDrops, 0);
    assert.equal(frontEnd!.link.sentFrames, FRAMES);
    assert.equal(frontEnd!.sendDrops, 0);
    from.close();
    to.close();
  },

  async packetToDgram() {
    makePorts();
    const underTest = new SwitchUnderTest({ ports: [CLIENT, BOARD] });
    await underTest.ready();
    const from = new PacketLink('e-client');
    const to = new DgramLink({
      localPort: 30001,
      remotePort: 20001,
      macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    });
    await flood(from, to);
    const { client, 'board-1': board } = await underTest.stop();
    assert.equal(client!.in.frames, FRAMES);
    assert.equal(board!.link.sentFrames, FRAMES);
    assert.deepEqual([client!.link.receiveDrops, board!.sendDrops, to.counters().receiveDrops], [0, 0, 0]);
    from.close();
    to.close();
  },

  async dgramToPacket() {
    makePorts();
    const underTest = new SwitchUnderTest({ ports: [CLIENT, BOARD] });
    await underTest.ready();
    const from = new DgramLink({
      localPort: 30001,
      remotePort: 20001,
      macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    });
    const to = new PacketLink('e-client');
    await flood(from, to);
    const { client, 'board-1': board } = await underTest.stop();
    assert.equal(board!.in.frames, FRAMES);
    assert.deepEqual([board!.link.receiveDrops, client!.sendDrops, client!.link.sentFrames], [0, 0, FRAMES]);
    from.close();
    to.close();
  },

  /** A kernel's TCP connection through the switch: tshark sees who sent what, and nothing twice. */
  async capture() {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
    makeStation('one', 'p-client', '10.9.0.1');
    makeStation('two', 'p-front', '10.9.0.2');
    await withFolder(async (folder) => {
      const pcap = join(folder, 'switch.pcapng');
      const file = join(folder, 'switch.json');
      writeFileSync(file, JSON.stringify({ ports: [CLIENT, FRONT_END, BOARD], pcap }));
      const underTest = new SwitchUnderTest(file);
      await underTest.ready();
      const inside = (name: string, program: string): ChildProcess =>
        spawn('ip', ['netns', 'exec', name, process.execPath, '-e', program], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
      const receiver = inside('two', RECEIVE);
      let received = '';
      receiver.stdout!.on('data', (data: Buffer) => (received += data.toString()));
      await once(receiver.stdout!, 'data');
      const over = once(receiver, 'close');
      await once(inside('one', SEND), 'close');
      await over;
      assert.equal(received, 'listening\n20000000\n');
      const report = await underTest.stop();
      const frames = [...readPcapng(pcap)];
      for (const name of ['client', 'front-end', 'board-1']) {
        const entered = frames.filter((captured) => captured.interfaceName === name);
        assert.equal(entered.length, report[name]!.in.frames);
        assert.ok(entered.every((captured) => captured.direction === 'inbound'));
        assert.equal(
          entered.reduce((sum, captured) => sum + captured.bytes.length, 0),
          report[name]!.in.bytes,
        );
      }
      assert.ok(frames.every((captured, i) => i === 0 || captured.timestampUs >= frames[i - 1]!.timestampUs));
      assert.ok(Math.abs(frames[0]!.timestampUs / 1000 - Date.now()) < 60_000);
      const tshark = (...args: string[]): string[] =>
        execFileSync('tshark', ['-r', pcap, ...args], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        })
          .split('\n')
          .filter((line) => line !== '');
      const lost = 'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment';
      assert.deepEqual(tshark('-Y', lost), []);
      // On a busy machine a kernel may repeat a segment, but then as another packet: Linux counts `ip.id` up.
      const packets = tshark('-Y', 'tcp && ip.id != 0', '-T', 'fields', '-e', 'ip.src', '-e', 'ip.id');
      assert.ok(packets.length > 1000);
      assert.equal(new Set(packets).size, packets.length);
      const senders = new Set(
        tshark('-Y', 'tcp', '-T', 'fields', '-e', 'frame.interface_name', '-e', 'ip.src'),
      );
      assert.deepEqual([...senders].sort(), ['client\t10.9.0.1', 'front-end\t10.9.0.2']);
      // Linux writes a TCP checksum of 0 as FFFF, which is the same sum but which tshark calls bad.
      const bad = 'ip.checksum.status == "Bad" || (tcp.checksum.status == "Bad" && tcp.checksum != 0xffff)';
      assert.deepEqual(
        tshark('-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', '-Y', bad),
        [],
      );
    });
  },

  /** A delay of 30 ms on the client's port makes a round trip of 60 ms; the boards' rate does not touch it. */
  async delay() {
    makePorts();
    const faults = { delayMs: 30 };
    const underTest = new SwitchUnderTest({ ports: [CLIENT, FRONT_END], faults, rateMbit: 1 });
    await underTest.ready();
    const a = new PacketLink('e-client');
    const b = new PacketLink('e-front');
    const atA = new Recorder();
    const echo = new Recorder();
    echo.onBatch = () => {
      for (const bytes of echo.frames.splice(0)) b.send(frame(a.macAddress, b.macAddress, bytes[17]!), 0, 60);
    };
    a.start(atA);
    b.start(echo);
    const start = performance.now();
    a.send(frame(b.macAddress, a.macAddress, 5), 0, 60);
    a.flush();
    await atA.waitFor(1);
    const roundTripMs = performance.now() - start;
    assert.ok(roundTripMs >= 60 && roundTripMs < 115, `${roundTripMs} ms`);
    await underTest.stop();
    a.close();
    b.close();
  },

  /** Loss on the boards' ports, by the seed, counted; then 8 Mbit/s as a board's port has them. */
  async boardFaults() {
    makePorts();
    const run = async (configuration: Partial<SwitchConfiguration>, count: number) => {
      const underTest = new SwitchUnderTest({ ports: [CLIENT, BOARD], faultsOn: 'boards', ...configuration });
      await underTest.ready();
      const from = new PacketLink('e-client');
      const to = new DgramLink({ localPort: 30001, remotePort: 20001 });
      const recorder = new Recorder();
      to.start(recorder);
      const start = performance.now();
      for (let i = 0; i < count; i++)
        from.send(frame(new Uint8Array(6).fill(2), from.macAddress, i * 5 + 1), 0, 1514);
      from.flush();
      let seen = -1;
      for (; recorder.frames.length > seen; await sleep(150)) seen = recorder.frames.length;
      const report = await underTest.stop();
      from.close();
      to.close();
      const marks = recorder.frames.map((bytes) => Buffer.from(bytes).readUInt32BE(14));
      return { marks, ms: performance.now() - start, lost: report['board-1']!.out.lost };
    };
    const first = await run({ faults: { loss: 0.2 }, seed: 7 }, 500);
    assert.equal(first.lost, 500 - first.marks.length);
    assert.ok(first.lost > 60 && first.lost < 140, `${first.lost}`);
    const second = await run({ faults: { loss: 0.2 }, seed: 7 }, 500);
    assert.deepEqual(second.marks, first.marks);
    const shaped = await run({ rateMbit: 8 }, 400);
    assert.equal(shaped.marks.length, 400);
    // 400 frames of 1,538 bytes on the wire at 1 byte a microsecond.
    assert.ok(shaped.ms > 615, `${shaped.ms} ms`);
  },

  async lifecycle() {
    makePorts();
    const ports = [CLIENT, FRONT_END];
    const byPipe = new SwitchUnderTest({ ports });
    await byPipe.ready();
    byPipe.child.stdin!.end();
    assert.equal(await byPipe.ended, 0);
    assert.equal(byPipe.lines.length, 2);
    const bySignal = new SwitchUnderTest({ ports }, 'ignore');
    await bySignal.ready();
    await sleep(100);
    bySignal.child.kill('SIGINT');
    assert.equal(await bySignal.ended, 0);
    assert.equal(bySignal.lines.length, 2);
  },

  async mistakes() {
    makePorts();
    const says = async (configuration: unknown, expected: RegExp): Promise<void> => {
      const underTest = new SwitchUnderTest(JSON.stringify(configuration));
      assert.equal(await underTest.ended, 1);
      assert.match(underTest.errors, expected);
      assert.deepEqual(underTest.lines, []);
    };
    await says(
      { ports: [{ ...CLIENT, interface: 'p-none' }] },
      /^switch: There is no network interface "p-none" here/,
    );
    await says(
      { ports: [BOARD, { ...BOARD, name: 'board-2' }] },
      /^switch: UDP port 20001 .* another process has it/,
    );
    await says({ ports: [] }, /^switch: In the configuration of the switch, ports must be a list/);
  },

  /** A port whose interface is removed is reported; the others go on. */
  async removal() {
    makePorts();
    makeVeth('e-third', 'p-third');
    const third = { name: 'third', kind: 'packet', interface: 'p-third' } as const;
    const underTest = new SwitchUnderTest({ ports: [CLIENT, FRONT_END, third] });
    await underTest.ready();
    ip('link delete p-third');
    while (underTest.errors === '') await sleep(5);
    assert.match(underTest.errors, /^switch: port third: The network interface "p-third" was removed/);
    const a = new PacketLink('e-client');
    const b = new PacketLink('e-front');
    const recorder = new Recorder();
    b.start(recorder);
    a.send(frame(b.macAddress, a.macAddress, 5), 0, 60);
    a.flush();
    await recorder.waitFor(1);
    const report = await underTest.stop();
    assert.equal(report['third']!.sendDrops, 1);
    a.close();
    b.close();
  },
};

await runScenario(scenarios);
