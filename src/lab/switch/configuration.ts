/** What the switch process is told, as JSON. */
import { hasFaults, isBoardPort, NO_FAULTS, type Faults, type FaultsOn } from './faults.js';
import type { SwitchPortOptions } from './switch.js';

/** A port on a network interface of the process's network namespace. */
export interface PacketPortConfiguration {
  readonly name: string;
  readonly kind: 'packet';
  readonly interface: string;
}

/** A port of UDP datagrams on 127.0.0.1, as QEMU's `-netdev dgram` speaks them. */
export interface DgramPortConfiguration {
  readonly name: string;
  readonly kind: 'dgram';
  readonly localPort: number;
  readonly remotePort: number;
  /** Most frames sent within a millisecond, so that a small receive buffer is not overrun; 128 when absent. */
  readonly burstFrames?: number;
}

export type PortConfiguration = PacketPortConfiguration | DgramPortConfiguration;

export interface SwitchConfiguration {
  /** `client`, `front-end`, `board-1` … in a lab; also the names of the capture's interfaces. */
  readonly ports: readonly PortConfiguration[];
  /** Absent ones are 0. */
  readonly faults?: Partial<Faults>;
  /** `client` when absent. */
  readonly faultsOn?: FaultsOn;
  /** Limits each `board-N` port, in both directions. */
  readonly rateMbit?: number;
  readonly seed?: number;
  /** How much waits for the rate limit, in bytes a port and direction; 1 MB when absent. */
  readonly queueBytes?: number;
  /** The capture file. */
  readonly pcap?: string;
}

const PROBABILITIES = ['loss', 'reorder', 'duplicate', 'corrupt'] as const;

/** Parses and checks `text`; throws an Error that names what is wrong with it. */
export function parseConfiguration(text: string): SwitchConfiguration {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error('The configuration of the switch is not JSON.', { cause });
  }
  const configuration = object(parsed, 'the configuration') as Partial<SwitchConfiguration>;
  const ports = configuration.ports;
  if (!Array.isArray(ports) || ports.length === 0) throw wrong('ports', 'a list of at least one port');
  ports.forEach(checkPort);
  const names = new Set(ports.map((port: PortConfiguration) => port.name));
  if (names.size !== ports.length) throw wrong('ports', 'ports with different names');
  const faults = object(configuration.faults ?? {}, 'faults') as Partial<Faults>;
  for (const fault of PROBABILITIES) checkNumber(`faults.${fault}`, faults[fault], 0, 1);
  checkNumber('faults.delayMs', faults.delayMs, 0, 60_000);
  checkNumber('rateMbit', configuration.rateMbit, 0, 1_000_000);
  checkNumber('seed', configuration.seed, 0, Number.MAX_SAFE_INTEGER);
  checkNumber('queueBytes', configuration.queueBytes, 0, 1 << 30);
  if (!['client', 'boards', 'all', undefined].includes(configuration.faultsOn)) {
    throw wrong('faultsOn', '"client", "boards" or "all"');
  }
  if (!['string', 'undefined'].includes(typeof configuration.pcap)) throw wrong('pcap', 'a file name');
  return configuration as SwitchConfiguration;
}

/** The cables of the ports: which have faults, which have a rate. */
export function portOptions(configuration: SwitchConfiguration): SwitchPortOptions[] {
  const faults: Faults = { ...NO_FAULTS, ...configuration.faults };
  const faultsOn = configuration.faultsOn ?? 'client';
  return configuration.ports.map(({ name }) => ({
    name,
    faults: hasFaults(name, faultsOn) ? faults : NO_FAULTS,
    rateMbit: isBoardPort(name) ? (configuration.rateMbit ?? 0) : 0,
  }));
}

function checkPort(port: unknown, index: number): void {
  const at = `ports[${index}]`;
  const { name, kind, ...rest } = object(port, at);
  if (typeof name !== 'string' || name === '') throw wrong(`${at}.name`, 'a name');
  if (kind === 'packet') {
    if (typeof rest['interface'] !== 'string')
      throw wrong(`${at}.interface`, 'the name of a network interface');
  } else if (kind === 'dgram') {
    if (rest['localPort'] === undefined) throw wrong(`${at}.localPort`, 'a UDP port');
    if (rest['remotePort'] === undefined) throw wrong(`${at}.remotePort`, 'a UDP port');
    checkNumber(`${at}.localPort`, rest['localPort'], 1, 0xffff);
    checkNumber(`${at}.remotePort`, rest['remotePort'], 1, 0xffff);
    checkNumber(`${at}.burstFrames`, rest['burstFrames'], 1, 1 << 20);
  } else throw wrong(`${at}.kind`, '"packet" or "dgram"');
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what, 'an object');
  return value as Record<string, unknown>;
}

function checkNumber(what: string, value: unknown, low: number, high: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    throw wrong(what, `a number from ${low} to ${high}`);
  }
}

function wrong(what: string, expected: string): Error {
  return new Error(`In the configuration of the switch, ${what} must be ${expected}.`);
}
