/**
 * The laboratory's network, made of veth pairs, namespaces and one of two switches:
 *
 *   virtual   the project's own switch, a process: every port is a packet socket or a datagram cable; it makes
 *             faults and captures
 *   bridge    the kernel's bridge, for speed; a board's datagram cable ends in a veth pair, by a process of its own
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { boardCable, LAB_ADDRESS, type LabConfiguration } from './configuration.js';
import type { PortConfiguration, SwitchConfiguration } from './switch/configuration.js';

const ETHTOOL = fileURLToPath(new URL('../../hosts/linux/ethtool.js', import.meta.url));
const BRIDGE = 'bridge';

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function ip(...args: string[]): void {
  run('ip', ...args);
}

/** Brings an interface up, silent by itself and with finished checksums; `netns` empty is the laboratory's own. */
function bringUp(device: string, netns: string): void {
  const inside = netns === '' ? [] : ['-n', netns];
  ip(...inside, 'link', 'set', 'dev', device, 'addrgenmode', 'none');
  ip(...inside, 'link', 'set', 'dev', device, 'up');
  ip(...inside, 'link', 'set', 'dev', 'lo', 'up');
  const ethtool = [process.execPath, ETHTOOL, device];
  if (netns === '') run(ethtool[0]!, ...ethtool.slice(1));
  else ip('netns', 'exec', netns, ...ethtool);
}

/** A namespace whose `eth0` is the other end of `switchSide`. */
function makeNamespace(name: string, switchSide: string, mac: string[]): void {
  ip('netns', 'add', name);
  ip('link', 'add', switchSide, 'type', 'veth', 'peer', 'name', 'eth0', ...mac, 'netns', name);
  bringUp('eth0', name);
  bringUp(switchSide, '');
}

/** False for a kernel that was built, or started, without IPv6: the client then has an IPv4 address only. */
export function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6/conf');
}

/** Usable at once: nobody else can have the address, so that nobody is asked (RFC 4862 5.4). */
function addIpv6Address(netns: string): void {
  // Hosts and containers without IPv6 often switch it off for every namespace to come.
  const enable = 'f=/proc/sys/net/ipv6/conf/eth0/disable_ipv6; [ "$(cat $f)" = 0 ] || echo 0 > $f';
  ip('netns', 'exec', netns, 'sh', '-c', enable);
  const address = `${LAB_ADDRESS.client6}/${LAB_ADDRESS.prefixBits6}`;
  ip('-6', '-n', netns, 'address', 'add', address, 'dev', 'eth0', 'nodad');
}

/** Makes namespaces and interfaces; the switch itself is the caller's to start ({@link switchProcesses}). */
export function makeNetwork(lab: LabConfiguration): void {
  run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
  makeNamespace('client', 'client', ['address', LAB_ADDRESS.clientMac]);
  makeNamespace('front-end', 'front-end', []);
  const address = `${LAB_ADDRESS.client}/${LAB_ADDRESS.prefixBits}`;
  ip('-n', 'client', 'address', 'add', address, 'dev', 'eth0');
  if (hasIpv6()) addIpv6Address('client');
  if (lab.switch === 'bridge') makeBridge(lab);
}

function makeBridge(lab: LabConfiguration): void {
  ip('link', 'add', BRIDGE, 'type', 'bridge', 'stp_state', '0');
  bringUp(BRIDGE, '');
  const ports = ['client', 'front-end'];
  for (const { id } of lab.boards) {
    ip('link', 'add', `board-${id}`, 'type', 'veth', 'peer', 'name', `cable-${id}`);
    bringUp(`board-${id}`, '');
    bringUp(`cable-${id}`, '');
    ports.push(`board-${id}`);
  }
  for (const port of ports) ip('link', 'set', 'dev', port, 'master', BRIDGE);
}

function cable(id: number): PortConfiguration {
  const { switchPort, boardPort } = boardCable(id);
  return { name: `board-${id}`, kind: 'dgram', localPort: switchPort, remotePort: boardPort };
}

/** The processes that move frames, by name, each with the configuration it is started with. */
export function switchProcesses(
  lab: LabConfiguration,
): { name: string; configuration: SwitchConfiguration }[] {
  if (lab.switch === 'bridge')
    return lab.boards.map(({ id }) => ({
      name: `cable-${id}`,
      configuration: { ports: [{ name: 'bridge', kind: 'packet', interface: `cable-${id}` }, cable(id)] },
    }));
  const configuration: SwitchConfiguration = {
    ports: [
      { name: 'client', kind: 'packet', interface: 'client' },
      { name: 'front-end', kind: 'packet', interface: 'front-end' },
      ...lab.boards.map(({ id }) => cable(id)),
    ],
    faults: lab.faults,
    faultsOn: lab.faultsOn,
    seed: lab.seed,
    ...(lab.rateMbit === undefined ? {} : { rateMbit: lab.rateMbit }),
    ...(lab.pcap === undefined ? {} : { pcap: lab.pcap }),
  };
  return [{ name: 'switch', configuration }];
}
