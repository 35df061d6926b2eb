/** What the kernel says about a network interface, by ioctl (netdevice(7)), in the caller's network namespace. */
import { AF_INET, Errno, libc, SOCK_CLOEXEC, SOCK_DGRAM, SystemCallError } from './libc.js';

const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const IFF_UP = 1 << 0;
const IFF_RUNNING = 1 << 6;

/** struct ifreq: a name of 16 bytes with its 0, then a union. */
export const IFREQ_BYTES = 40;
export const IFREQ_VALUE = 16;
const NAME_MAX_BYTES = 15;

export interface Interface {
  readonly index: number;
  readonly macAddress: Uint8Array;
  readonly mtu: number;
  /** Administratively up, with a link partner. */
  readonly running: boolean;
}

/** A struct ifreq with the name filled in; throws when it can't be the name of an interface. */
export function interfaceRequest(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > NAME_MAX_BYTES) {
    throw new Error(
      `"${name}" can't be the name of a network interface: names have 1 to ${NAME_MAX_BYTES} bytes.`,
    );
  }
  const request = new Uint8Array(new ArrayBuffer(IFREQ_BYTES));
  request.set(bytes);
  return request;
}

/** Reads the interface `name`; throws when this network namespace has none of that name. */
export function readInterface(name: string): Interface {
  return withControlSocket((fd) => {
    const index = get(fd, name, SIOCGIFINDEX).getInt32(IFREQ_VALUE, true);
    const address = get(fd, name, SIOCGIFHWADDR);
    const flags = get(fd, name, SIOCGIFFLAGS).getUint16(IFREQ_VALUE, true);
    return {
      index,
      macAddress: new Uint8Array(address.buffer.slice(IFREQ_VALUE + 2, IFREQ_VALUE + 8)),
      mtu: get(fd, name, SIOCGIFMTU).getInt32(IFREQ_VALUE, true),
      running: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    };
  });
}

function get(fd: number, name: string, command: number): DataView<ArrayBuffer> {
  const request = interfaceRequest(name);
  if (libc().ioctl(fd, command, request) < 0) throw interfaceError('ioctl', libc().errno(), name);
  return new DataView(request.buffer as ArrayBuffer);
}

/** Words the failure of a call about the interface `name`. */
export function interfaceError(syscall: string, errno: number, name: string): SystemCallError {
  const message =
    errno === Errno.ENODEV
      ? `There is no network interface "${name}" here; "ip link" lists those of this network namespace.`
      : `The network interface "${name}" can't be used.`;
  return new SystemCallError(syscall, errno, message);
}

/** Runs `use` with a socket for ioctls on interfaces. */
export function withControlSocket<T>(use: (fd: number) => T): T {
  const c = libc();
  const fd = c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    throw new SystemCallError('socket', c.errno(), "A socket for interface settings can't be opened.");
  try {
    return use(fd);
  } finally {
    c.close(fd);
  }
}
