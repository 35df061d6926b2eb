import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inNamespace } from './namespace.js';

const WORKER = new URL('./packet-worker.ts', import.meta.url);

describe('PacketLink between the two ends of a veth pair', () => {
  const scenarios = {
    exchange: 'carries frames of every length unchanged, tagged ones too, and hears none of its own',
    filters: 'takes what is its own, or all, or one EtherType',
    batches: 'sends and drains in batches without loss',
    overrun: 'counts what found the ring full',
    truncation: 'counts what is longer than its slots',
    checksums: 'completes the checksums that the kernel left to the NIC',
    ethtool: 'needs no ethtool to turn offloads off',
    removal: 'survives a link that goes down, and tells of an interface that is removed',
    pace: 'sleeps when idle, rests under load, and never holds up the end of the process',
    missing: 'names an interface that is missing, or impossible',
  };
  for (const [name, title] of Object.entries(scenarios)) it(title, () => inNamespace(WORKER, name));
});

describe('Raw Ethernet where it can’t be', () => {
  /** Runs a few lines in a process of their own and returns what they print. */
  function run(program: string, prefix: readonly string[] = []): string {
    const [command, ...args] = [
      ...prefix,
      process.execPath,
      '--import=tsx',
      '--input-type=module',
      '-e',
      program,
    ];
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    const result = spawnSync(command!, args, { encoding: 'utf8', cwd });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  }
  const open = `
    const { PacketLink } = await import('./hosts/linux/packet-link.ts');
    try { new PacketLink('lo'); } catch (error) { console.log(error.code, error.message); }`;

  it('says which capability is missing, and how to get it', () => {
    const dropped = ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'];
    const said = run(open, process.getuid!() === 0 ? dropped : []);
    assert.match(
      said,
      /^EPERM Raw Ethernet on "lo" needs the capability CAP_NET_RAW, which this process lacks\./,
    );
    assert.match(
      said,
      /as root, inside a user namespace .*unshare -Urn.* sudo setcap cap_net_raw\+ep .* \(socket: EPERM\)/,
    );
  });

  it('says that koffi can’t be loaded, and what to do', () => {
    const withoutKoffi = `
      import { Module } from 'node:module';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'koffi') throw new Error('no such module');
        return resolve.call(this, name, ...rest);
      };
      const { libc } = await import('./hosts/linux/libc.ts');
      try { libc(); } catch (error) { console.log(error.message, '|', error.cause.message); }`;
    assert.match(
      run(withoutKoffi),
      /^The package koffi can't be loaded on linux-\w+, and raw Ethernet needs it\. Install it again .* \| no such module/,
    );
  });

  it('says that the system is not Linux', () => {
    const elsewhere = `
      Object.defineProperty(process, 'platform', { value: 'darwin' });
      const { libc } = await import('./hosts/linux/libc.ts');
      try { libc(); } catch (error) { console.log(error.message); }`;
    assert.match(run(elsewhere), /^Raw Ethernet needs Linux; this is darwin\./);
  });
});
