/**
 * What the POSIX host of XS offers (native/posix-*.c). Nothing here allocates, except where a string is returned.
 */
import { nativeFunction } from './native.js';

/** Bits of {@link requests}. */
export const Request = Object.freeze({ stop: 1, report: 2 } as const);

/** Microseconds since the process started; never goes back. */
export const nowUs = nativeFunction('xs_posix_now_us') as () => number;

/** Sleeps until that time; returns early when a datagram or a request has arrived. */
export const waitUntil = nativeFunction('xs_posix_wait_until') as (us: number) => void;

/** What was asked of the process since the last call: SIGTERM, SIGINT → stop, SIGUSR1 → report. */
export const requests = nativeFunction('xs_posix_requests') as () => number;

/** Makes the end of standard input a request to stop, so that the process ends with its parent. */
export const watchInput = nativeFunction('xs_posix_watch_input') as () => void;

/** Opens the process's one UDP socket, 127.0.0.1 on both sides; returns the receive buffer that was granted. */
export const datagramOpen = nativeFunction('xs_posix_datagram_open') as (
  localPort: number,
  remotePort: number,
  receiveBufferBytes: number,
) => number;

/** The length of the next datagram, now at `at`, or 0 when there is none. Longer ones are dropped and counted. */
export const datagramReceive = nativeFunction('xs_posix_datagram_receive') as (
  b: Uint8Array,
  at: number,
  capacity: number,
) => number;

export const datagramSend = nativeFunction('xs_posix_datagram_send') as (
  b: Uint8Array,
  at: number,
  length: number,
) => void;

/** Datagrams for this process that found no room, as far as {@link datagramReceive} has learnt of them. */
export const datagramsLost = nativeFunction('xs_posix_datagrams_lost') as () => number;

/** Datagrams that the system refused to send. */
export const datagramsUnsent = nativeFunction('xs_posix_datagrams_unsent') as () => number;

/** Opens the process's one card image; returns its size in bytes. */
export const imageOpen = nativeFunction('xs_posix_image_open') as (path: string) => number;

/** Reads at a byte offset below 2^53; false when the file ends before or the system reports an error. */
export const imageRead = nativeFunction('xs_posix_image_read') as (
  offset: number,
  b: Uint8Array,
  at: number,
  length: number,
) => boolean;

export const imageWrite = nativeFunction('xs_posix_image_write') as (
  offset: number,
  b: Uint8Array,
  at: number,
  length: number,
) => boolean;

export const entropy = nativeFunction('xs_posix_entropy') as (
  b: Uint8Array,
  at: number,
  length: number,
) => void;

/** Writes a line to standard output, at once. */
export const print = nativeFunction('xs_posix_print') as (line: string) => void;

export const exit = nativeFunction('xs_posix_exit') as (status: number) => never;

const argumentCount = nativeFunction('xs_posix_argument_count') as () => number;
const argument = nativeFunction('xs_posix_argument') as (index: number) => string;

/** The program's arguments, without the names of the executable and the module. */
export function programArguments(): string[] {
  const list: string[] = [];
  for (let i = 0; i < argumentCount(); i++) list.push(argument(i));
  return list;
}

/** Slots of the XS heap in use, garbage since the last collection included. */
export const heapSlots = nativeFunction('xs_posix_heap_slots') as () => number;

/** Bytes of XS chunks (buffers, strings, byte code) in use, garbage since the last collection included. */
export const heapChunkBytes = nativeFunction('xs_posix_heap_chunk_bytes') as () => number;

/** How often the garbage collector has run. */
export const heapCollections = nativeFunction('xs_posix_heap_collections') as () => number;

export const collectGarbage = nativeFunction('xs_posix_collect_garbage') as () => void;
