/**
 * The command line of an emulated board: QEMU's sifive_u with the firmware, a card image, and a cable to UDP ports of
 * 127.0.0.1 (`-netdev dgram`, one raw frame a datagram).
 */
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EtherType } from '../../src/wire/ethernet.js';
import { parseEndpoint } from '../virtual-board/device/endpoint.js';
import { parseHex } from '../virtual-board/device/parse.js';
import { encodeIdentity } from './device/identity.js';

export interface QemuBoardOptions {
  /** 1 … 2^32 - 1. */
  readonly id: number;
  /** 16 bytes in hexadecimal. */
  readonly key: string;
  /** As in 02:00:00:00:00:01. */
  readonly mac: string;
  /** Path of the card image. QEMU gets a copy of it beside it, and keeps what the board writes to itself. */
  readonly image: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** Addresses that the board may send from: `10.77.0.10`, `10.77.0.10:80`, `[fd77::10]:80`. */
  readonly sources: readonly string[];
  readonly etherType?: number;
  /** Another firmware than the project's, for tests; also named by the environment variable ATCP_QEMU_FIRMWARE. */
  readonly firmware?: string;
}

const QEMU = 'qemu-system-riscv32';
/** DRAM of the emulated machine; what the firmware may use of it is the linker script's affair. */
const MACHINE_MEMORY = '16M';
const SEED_BYTES = 16;
/** The smallest card that QEMU's model takes for one with a plausible CSD. */
const SMALLEST_CARD_BYTES = 64 * 1024 * 1024;

/** The command. It prints a line `ready` when the board serves, and ends on SIGTERM. The firmware is built if need be. */
export async function qemuBoardCommand(options: QemuBoardOptions): Promise<string[]> {
  const firmware = options.firmware ?? process.env['ATCP_QEMU_FIRMWARE'] ?? (await buildFirmware());
  const card = paddedCopy(options.image);
  const cable = [
    `dgram,id=cable,local.type=inet,local.host=127.0.0.1,local.port=${options.localPort}`,
    `remote.type=inet,remote.host=127.0.0.1,remote.port=${options.remotePort}`,
  ].join(',');
  return [
    ...machineCommand(firmware, Buffer.from(encodeIdentity(identityOf(options))).toString('hex')),
    ...cardArguments(card),
    ...['-netdev', cable, '-net', `nic,netdev=cable,macaddr=${options.mac}`],
  ];
}

/** The machine with a firmware, which reads `argument` by semihosting; without a card and without a cable. */
export function machineCommand(firmware: string, argument: string): string[] {
  return [
    QEMU,
    ...['-M', 'sifive_u', '-m', MACHINE_MEMORY, '-bios', 'none'],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio'],
    ...['-semihosting-config', `enable=on,target=native,arg=${argument}`],
    ...['-kernel', firmware],
  ];
}

/** Writes go to a temporary file of QEMU's, so that several boards can share an image. */
export function cardArguments(image: string): string[] {
  return ['-drive', `if=sd,format=raw,file=${image.replaceAll(',', ',,')},snapshot=on`];
}

function identityOf(options: QemuBoardOptions) {
  return {
    provisioning: {
      boardId: options.id,
      boardKey: parseHex('--key', options.key, 16),
      etherType: options.etherType ?? EtherType.atcp,
      pseudoSources: options.sources.map(parseEndpoint),
    },
    macAddress: parseHex('--mac', options.mac.replaceAll(':', ''), 6),
    seed: randomBytes(SEED_BYTES),
  };
}

/**
 * QEMU's card model takes images whose size is a power of two. The padding changes nothing for the board: how long the
 * volume is says its partition table. Returns the path of a sparse copy, made once for an image.
 */
export function paddedCopy(image: string): string {
  const { size, mtimeMs } = statSync(image);
  const padded = 2 ** Math.ceil(Math.log2(Math.max(size, SMALLEST_CARD_BYTES)));
  if (padded === size) return image;
  const copy = `${image}.${size}-${Math.trunc(mtimeMs)}.qemu`;
  if (existsSync(copy)) return copy;
  const work = `${copy}.${process.pid}`;
  execFileSync('cp', ['--sparse=always', image, work]);
  truncateSync(work, padded);
  renameSync(work, copy);
  return copy;
}

/** This file runs from its source folder or from dist/; the project is where package.json is. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** @param main the module that the firmware runs, as a path from dist/ */
export async function buildFirmware(main?: string): Promise<string> {
  const build = join(projectRoot(), 'hosts', 'qemu', 'build.mjs');
  const { buildQemuFirmware } = (await import(build)) as {
    buildQemuFirmware: (options: { main?: string }) => Promise<string>;
  };
  return buildQemuFirmware(main === undefined ? {} : { main });
}
