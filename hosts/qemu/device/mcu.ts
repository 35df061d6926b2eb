/**
 * What the bare-metal host of XS offers (native/mcu-*.c). Nothing here allocates.
 */
import { nativeFunction } from '../../xs/device/native.js';

/** Has the program run once its modules are loaded; call it last. It is not to return. */
export const start = nativeFunction('xs_mcu_start') as (program: () => void) => void;

/** Microseconds since power-on; never goes back. */
export const nowUs = nativeFunction('xs_mcu_now_us') as () => number;

/** Sleeps until that time; returns early when the NIC has received something. */
export const waitUntil = nativeFunction('xs_mcu_wait_until') as (us: number) => void;

/** Says that the main loop comes round; without it for 5 s the board restarts. A wait says it too. */
export const feedWatchdog = nativeFunction('xs_mcu_feed_watchdog') as () => void;

/** Prints a line on the UART. */
export const print = nativeFunction('xs_mcu_print') as (line: string) => void;

/** Copies QEMU's semihosting arguments, joined by blanks, to the start of `b`; returns their length. */
export const commandLine = nativeFunction('xs_mcu_command_line') as (
  b: Uint8Array,
  capacity: number,
) => number;

export const BOOT_FACTS_BYTES = 12;
/** Puts what differs from boot to boot at the start of `b`. */
export const bootFacts = nativeFunction('xs_mcu_boot_facts') as (b: Uint8Array) => void;

/** Ends QEMU with a status; for benchmarks and tests. */
export const exit = nativeFunction('xs_mcu_exit') as (status: number) => void;

/** A file, or a named pipe, of the machine that QEMU runs on, for tests: whole ranges are read or written. */
export const HostFileMode = Object.freeze({ read: 1, write: 5 } as const);
export const openHostFile = nativeFunction('xs_mcu_open_host_file') as (path: string, mode: number) => number;
type MoveHostFile = (file: number, b: Uint8Array, at: number, length: number) => void;
export const readHostFile = nativeFunction('xs_mcu_read_host_file') as MoveHostFile;
export const writeHostFile = nativeFunction('xs_mcu_write_host_file') as MoveHostFile;

/** Executes an instruction that there is not; for tests. */
export const trap = nativeFunction('xs_mcu_trap') as () => void;

/** Under QEMU's `-icount shift=N`: 2^N times the instructions executed, idle time included, modulo 2^31. */
export const instructions = nativeFunction('xs_mcu_instructions') as () => number;

/** Executes 2n instructions. */
export const spin = nativeFunction('xs_mcu_spin') as (n: number) => void;

/** Figures of the account of RAM, see {@link memory}. Bytes unless said otherwise. */
export const Memory = Object.freeze({
  /** Slots of 16 bytes in use, garbage since the last collection included. */
  slots: 0,
  /** Chunks (buffers, strings) in use, garbage since the last collection included. */
  chunks: 1,
  /** How often the garbage collector has run. */
  collections: 2,
  /** All RAM that the linker script gives to the board. */
  ram: 3,
  /** Stacks of C and of the trap handler, and how deep the former has been. */
  cStack: 4,
  cStackUsed: 5,
  /** Variables of C, the pool of its library included. */
  variables: 6,
  /** Descriptors and frames of the NIC. */
  dma: 7,
  /** What chunks have taken of the arena, and what slots have. */
  chunkArena: 8,
  slotArena: 9,
  /** The XS stack, and how deep it has been. */
  xsStack: 10,
  xsStackUsed: 11,
  /** Of the pool of the C library. */
  poolUsed: 12,
  /** What was preloaded: in flash. */
  preloaded: 13,
  /** Of that, what XS makes before any program: its built-ins. */
  builtIns: 14,
} as const);
export type Memory = (typeof Memory)[keyof typeof Memory];

export const memory = nativeFunction('xs_mcu_memory') as (figure: Memory) => number;

export const collectGarbage = nativeFunction('xs_mcu_collect_garbage') as () => void;

/** Takes a sample of where the program is every so many microseconds; benchmarks only. */
export const profileStart = nativeFunction('xs_mcu_profile_start') as (intervalUs: number) => void;
/** Samples are taken while it is open. */
export const profileGate = nativeFunction('xs_mcu_profile_gate') as (isOpen: boolean) => void;
/** Prints the samples. */
export const profileStop = nativeFunction('xs_mcu_profile_stop') as () => void;
