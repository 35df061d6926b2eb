/**
 * The C library calls that raw sockets and rings need, through koffi, so that a user needs no compiler. Loaded at
 * first use: what does not touch the network works without it.
 *
 * Constants are those of linux/socket.h, linux/if_packet.h and asm-generic; x86, ARM, RISC-V and LoongArch, all
 * that koffi is prebuilt for, share them and are little-endian.
 */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type koffiModule from 'koffi';

type Koffi = typeof koffiModule;

export const AF_INET = 2;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x8_0000;
export const SOL_SOCKET = 1;
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
/** Eight or more u32; the ninth is the number of datagrams dropped for lack of buffer. */
export const SO_MEMINFO = 55;
export const MSG_DONTWAIT = 0x40;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;

export const Errno = Object.freeze({
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  EACCES: 13,
  ENODEV: 19,
  EADDRINUSE: 98,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const);

/** Addresses are plain numbers: user space ends below 2^53. Functions answer -1 on failure, see {@link errno}. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, bytes: number): number;
  close(fd: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, bytes: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, bytes: Uint8Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** The address, or -1. */
  mmap(address: number, bytes: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, bytes: number): number;
  sendmmsg(fd: number, messages: number, count: number, flags: number): number;
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: null): number;
  errno(): number;
  /** Where the bytes of an array are; they must live outside V8's heap (more than 64 bytes) and be kept referenced. */
  addressOf(bytes: Uint8Array): number;
  /** Memory that C owns, as an array. */
  view(address: number, bytes: number): Uint8Array;
  /** Calls back in libuv's poll phase whenever `fd` is readable, or once with a negative status on an error. */
  poll(fd: number, onReadable: (status: number) => void): PollHandle;
  readonly layout: MessageLayout;
}

export interface PollHandle {
  start(): void;
  stop(): void;
  close(): void;
}

/** Offsets in bytes within struct mmsghdr and struct iovec on this machine. */
export interface MessageLayout {
  readonly pointerBytes: number;
  readonly messageBytes: number;
  readonly name: number;
  readonly nameBytes: number;
  readonly vector: number;
  readonly vectorCount: number;
  readonly receivedBytes: number;
  readonly vectorEntryBytes: number;
  readonly vectorEntryLength: number;
}

let loaded: Libc | undefined;

/** Throws an Error that says what to do when koffi can't be loaded or the system is not Linux. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  if (process.platform !== 'linux') {
    throw new Error(
      `Raw Ethernet needs Linux; this is ${process.platform}. Run it on a Linux machine or VM.`,
    );
  }
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    throw new Error(
      `The package koffi can't be loaded on ${process.platform}-${process.arch}, and raw Ethernet needs it. ` +
        'Install it again with "npm install" (optional dependencies included).',
      { cause },
    );
  }
  return bindFunctions(koffi);
}

function bindFunctions(koffi: Koffi): Libc {
  // null is the process itself: Node is linked with the C library, glibc or musl, whatever its file name.
  const library = koffi.load(null);
  const functions = {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    bind: library.func('int bind(int fd, void *address, uint32_t bytes)'),
    close: library.func('int close(int fd)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t bytes)'),
    getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *bytes)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *argument)'),
    mmap: library.func(
      'intptr_t mmap(uintptr_t address, size_t bytes, int protection, int flags, int fd, long offset)',
    ),
    munmap: library.func('int munmap(uintptr_t address, size_t bytes)'),
    sendmmsg: library.func('int sendmmsg(int fd, uintptr_t messages, uint32_t count, int flags)'),
    recvmmsg: library.func(
      'int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, void *timeout)',
    ),
    errno: () => koffi.errno(),
    addressOf: (bytes: Uint8Array) => Number(koffi.address(bytes)),
    view: (address: number, bytes: number) => new Uint8Array(koffi.view(BigInt(address), bytes)),
    poll: (fd: number, onReadable: (status: number) => void) => poll(koffi, fd, onReadable),
    layout: messageLayout(koffi),
  };
  return functions satisfies Libc;
}

function poll(koffi: Koffi, fd: number, onReadable: (status: number) => void): PollHandle {
  // koffi calls back with (status, events), whatever its type declarations say.
  const callback = onReadable as unknown as Parameters<typeof koffi.node.poll>[1];
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  return {
    start: () => handle.start({ readable: true }, callback as () => void),
    stop: () => handle.stop(),
    close: () => handle.close(),
  };
}

function messageLayout(koffi: Koffi): MessageLayout {
  const header = koffi.struct({
    name: 'void *',
    nameBytes: 'uint32_t',
    vector: 'void *',
    vectorCount: 'size_t',
    control: 'void *',
    controlBytes: 'size_t',
    flags: 'int',
  });
  const message = koffi.struct({ header, receivedBytes: 'uint32_t' });
  const entry = koffi.struct({ base: 'void *', length: 'size_t' });
  return {
    pointerBytes: koffi.sizeof('void *'),
    messageBytes: koffi.sizeof(message),
    name: koffi.offsetof(header, 'name'),
    nameBytes: koffi.offsetof(header, 'nameBytes'),
    vector: koffi.offsetof(header, 'vector'),
    vectorCount: koffi.offsetof(header, 'vectorCount'),
    receivedBytes: koffi.offsetof(message, 'receivedBytes'),
    vectorEntryBytes: koffi.sizeof(entry),
    vectorEntryLength: koffi.offsetof(entry, 'length'),
  };
}

/** A failed system call, worded by the caller: what was tried, why not, what to do. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** "EPERM" and so on. */
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, message: string) {
    super(`${message} (${syscall}: ${getSystemErrorName(-errno)})`);
    this.code = getSystemErrorName(-errno);
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** Sets an int-sized socket option. */
export function setSocketInt(fd: number, level: number, option: number, value: number): number {
  return libc().setsockopt(fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4);
}

/** Reads a socket option that is `words` 32-bit words long; what the kernel doesn't fill stays 0. */
export function getSocketWords(fd: number, level: number, option: number, words: number): Uint32Array {
  const value = new Uint32Array(words);
  const length = Uint32Array.of(words * 4);
  const status = libc().getsockopt(
    fd,
    level,
    option,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  if (status < 0) {
    throw new SystemCallError('getsockopt', libc().errno(), `Socket option ${option} can't be read`);
  }
  return value;
}

/**
 * Asks for a socket buffer of `bytes`, beyond the system's limit where the process may (CAP_NET_ADMIN).
 * Returns what the kernel granted, in the caller's measure (Linux keeps twice that, for its bookkeeping).
 */
export function setSocketBuffer(fd: number, direction: 'receive' | 'send', bytes: number): number {
  const option = direction === 'receive' ? SO_RCVBUF : SO_SNDBUF;
  const force = direction === 'receive' ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;
  if (setSocketInt(fd, SOL_SOCKET, force, bytes) < 0) setSocketInt(fd, SOL_SOCKET, option, bytes);
  return getSocketWords(fd, SOL_SOCKET, option, 1)[0]! / 2;
}
