/** Debian's TFTP clients, and curl, read files from a laboratory. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atcp, content, digests, sha256, tshark, writeTree, type Run } from '../system/laboratory.js';

const VIP = '10.77.0.10';
const FILES: Record<string, Buffer> = {
  'empty.bin': Buffer.alloc(0),
  '511.bin': content(511, 2),
  '512.bin': content(512, 3),
  'boot/vmlinuz': content(300_000, 4),
  'exact.bin': content(1428 * 100, 5),
};
const LARGE = content(2_000_000, 6);

const tftp = (name: string, to: string): string =>
  `tftp -m binary "$ATCP_VIP" "$ATCP_TFTP_PORT" -c get ${name} ${to}`;
const atftp = (name: string, to: string, ...options: string[]): string =>
  `atftp ${options.map((option) => `--option "${option}"`).join(' ')} -g -r ${name} -l ${to} "$ATCP_VIP" "$ATCP_TFTP_PORT" >&2`;
const curl = (name: string, to: string, ...options: string[]): string =>
  `curl -sS --max-time 60 ${options.join(' ')} -o ${to} "tftp://$ATCP_VIP:$ATCP_TFTP_PORT/${name}"`;
/** What each client is to have made of each file, in a folder of its own. */
const CLIENTS: Record<string, (name: string, to: string) => string> = {
  'tftp-hpa': tftp,
  atftp: (name, to) => atftp(name, to),
  'atftp-windows': (name, to) => atftp(name, to, 'blksize 1428', 'windowsize 16', 'tsize 0'),
  curl: (name, to) => curl(name, to, '--tftp-blksize', '1428'),
  'curl-plain': (name, to) => curl(name, to, '--tftp-no-options'),
};

describe('lab: TFTP', function () {
  this.timeout(240_000);
  let folder = '';
  const got = (client: string): string => join(folder, 'got', client);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), { ...FILES, 'large.bin': LARGE });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function lab(options: readonly string[], commands: readonly string[]): Run {
    const script = join(folder, 'script.sh');
    writeFileSync(script, commands.join('\n'));
    return atcp('lab', '--files', join(folder, 'site'), ...options, '--', 'sh', '-e', script);
  }

  describe('from a board on XS', () => {
    let pcap = '';
    let run: Run;

    before(() => {
      pcap = join(folder, 'lab.pcapng');
      const commands: string[] = [];
      for (const [client, command] of Object.entries(CLIENTS)) {
        mkdirSync(join(got(client), 'boot'), { recursive: true });
        commands.push(`cd ${got(client)}`);
        for (const name of Object.keys(FILES)) commands.push(command(name, name));
      }
      mkdirSync(got('refused'), { recursive: true });
      mkdirSync(got('six'), { recursive: true });
      // Where the kernel has IPv6.
      const six =
        'curl -g -sS --max-time 60 --tftp-blksize 65464 -o exact.bin "tftp://[$ATCP_VIP6]:$ATCP_TFTP_PORT/exact.bin"';
      commands.push(`cd ${got('six')}`, `if [ -n "$ATCP_VIP6" ]; then ${six}; else echo no IPv6 > none; fi`);
      commands.push(
        `cd ${got('refused')}`,
        'tftp "$ATCP_VIP" "$ATCP_TFTP_PORT" -c get 512.bin netascii.bin',
        tftp('../../etc/passwd', 'passwd'),
        tftp('nothing', 'nothing'),
        'tftp -m binary "$ATCP_VIP" "$ATCP_TFTP_PORT" -c put /etc/hostname written',
        `${curl('nothing', 'nothing')} || echo "curl $?"`,
      );
      run = lab(['--boards', '1', '--board', 'xs', '--pcap', pcap], commands);
      assert.equal(run.status, 0, run.stderr);
    });

    it('delivers every file byte-exact to every client', () => {
      const want = Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [name, sha256(bytes)]));
      for (const client of Object.keys(CLIENTS)) assert.deepEqual(digests(got(client)), want, client);
    });

    it('does so over IPv6, too', () => {
      const files = digests(got('six'));
      if ('none' in files) assert.deepEqual(Object.keys(files), ['none'], 'this kernel has no IPv6');
      else assert.deepEqual(files, { 'exact.bin': sha256(FILES['exact.bin']!) });
    });

    it('says why it refuses', () => {
      const said = run.stdout + run.stderr;
      assert.match(said, /Error code 0: ask for mode octet/);
      assert.match(said, /Error code 2: that is not the name of a file here/);
      assert.match(said, /Error code 1: there is no such file/);
      assert.match(said, /Error code 2: files are not written here/);
      assert.match(said, /curl 68\b/, 'CURLE_TFTP_NOTFOUND');
    });

    it('shows tshark no bad checksum, no fragment and no malformed packet', () => {
      const bad = 'ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || _ws.malformed';
      // What the client's kernel sends has its checksum filled in by nobody on a virtual cable.
      const filter = `udp && ip.src == ${VIP} && (${bad} || ip.flags.mf == 1 || ip.frag_offset > 0)`;
      assert.deepEqual(tshark(pcap, filter, 'frame.number', '_ws.col.Info'), []);
    });

    it('sends every byte of the files from the board’s port, and no data from the front-end’s', () => {
      const rows = tshark(
        pcap,
        `udp && ip.src == ${VIP} && udp.srcport >= 49152 && udp.payload[0:2] == 00:03`,
        'frame.interface_name',
        'udp.length',
      );
      const bytes: Record<string, number> = {};
      for (const [port, length] of rows) bytes[port!] = (bytes[port!] ?? 0) + Number(length) - 12;
      const total = Object.values(FILES).reduce((sum, { length }) => sum + length, 0);
      // What was lost in a busy machine is sent again.
      assert.ok(bytes['board-1']! >= total * Object.keys(CLIENTS).length, `${bytes['board-1']}`);
      assert.equal(bytes['front-end'] ?? 0, 0, 'empty blocks only');
    });
  });

  it('repairs what the boards’ network loses, and goes on from another board when one dies', () => {
    const clients = ['bad-atftp', 'bad-tftp'];
    for (const client of clients) mkdirSync(got(client), { recursive: true });
    const commands = [
      `cd ${got('bad-atftp')}`,
      atftp('large.bin', 'large.bin', 'blksize 1428', 'windowsize 32'),
      `cd ${got('bad-tftp')}`,
      tftp('exact.bin', 'exact.bin'),
    ];
    // On the boards' ports: atftp gives up when an OACK comes twice, which a lost ACK of it makes happen.
    const faults = ['--loss', '0.01', '--faults-on', 'boards', '--seed', '4', '--kill', '1@300'];
    const run = lab(['--boards', '2', '--board', 'node', ...faults], commands);
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(digests(got('bad-atftp')), { 'large.bin': sha256(LARGE) });
    assert.deepEqual(digests(got('bad-tftp')), { 'exact.bin': sha256(FILES['exact.bin']!) });
  });
});
