/**
 * Turns an interface's offloads off, as `ethtool -K IFACE tx off sg off tso off gso off gro off` does, so that a
 * packet socket on the other end of a veth pair gets finished checksums and frames no longer than the MTU.
 *
 * Run by itself, in the interface's network namespace: `node ethtool.js IFACE …`
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IFREQ_VALUE, interfaceError, interfaceRequest, withControlSocket } from './interface.js';
import { Errno, libc, SystemCallError } from './libc.js';

const SIOCETHTOOL = 0x8946;

/** Commands of linux/ethtool.h, each with a struct ethtool_value. Order matters: TSO and GSO need checksums and SG. */
const OFFLOADS = Object.freeze([
  { name: 'gro', get: 0x2b, set: 0x2c },
  { name: 'gso', get: 0x23, set: 0x24 },
  { name: 'tso', get: 0x1e, set: 0x1f },
  { name: 'sg', get: 0x18, set: 0x19 },
  { name: 'tx', get: 0x16, set: 0x17 },
] as const);

export type Offload = (typeof OFFLOADS)[number]['name'];

/**
 * Turns transmit checksumming, scatter-gather, TSO, GSO and GRO of `interfaceName` off, where the driver has them.
 * Returns those that were on. Throws when there is no such interface, when the process may not (CAP_NET_ADMIN), or
 * when the driver keeps one on.
 */
export function disableOffloads(interfaceName: string): Offload[] {
  return withControlSocket((fd) => {
    const changed: Offload[] = [];
    for (const offload of OFFLOADS) {
      if (call(fd, interfaceName, offload.get, 0) !== 1) continue;
      call(fd, interfaceName, offload.set, 0);
      changed.push(offload.name);
    }
    for (const offload of OFFLOADS) {
      if (call(fd, interfaceName, offload.get, 0) === 1) {
        throw new Error(
          `The driver of "${interfaceName}" keeps its offload "${offload.name}" on; use an interface without it.`,
        );
      }
    }
    return changed;
  });
}

/** The value after the call; undefined when the driver does not know the command. */
function call(fd: number, interfaceName: string, command: number, data: number): number | undefined {
  const c = libc();
  // struct ethtool_value: command, data. struct ifreq holds its address.
  const value = new Uint32Array(new ArrayBuffer(8));
  value.set([command, data]);
  const request = interfaceRequest(interfaceName);
  const address = c.addressOf(new Uint8Array(value.buffer));
  const pointer = new DataView(request.buffer, IFREQ_VALUE);
  if (c.layout.pointerBytes === 8) pointer.setBigUint64(0, BigInt(address), true);
  else pointer.setUint32(0, address, true);
  if (c.ioctl(fd, SIOCETHTOOL, request) >= 0) return value[1];
  const errno = c.errno();
  if (errno === Errno.EOPNOTSUPP) return undefined;
  if (errno === Errno.EPERM) {
    throw new SystemCallError(
      'ioctl',
      errno,
      `Changing the offloads of "${interfaceName}" needs CAP_NET_ADMIN; run it as root or in a user namespace.`,
    );
  }
  throw interfaceError('ioctl', errno, interfaceName);
}

function main(names: readonly string[]): void {
  if (names.length === 0) throw new Error('Name at least one network interface.');
  for (const name of names) {
    const changed = disableOffloads(name);
    process.stdout.write(
      `${name}: ${changed.length === 0 ? 'nothing was on' : `${changed.join(', ')} off`}\n`,
    );
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
