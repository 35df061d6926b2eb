/**
 * The C twins of src/wire/byte-loops.ts (native/byte-loops.c): an XS host loads this module in its place.
 * They take the same arguments and give the same results; a range outside its array throws a RangeError.
 */
import type * as Reference from '../../../src/wire/byte-loops.js';
import type * as Twins from './byte-loops.js';
import { nativeFunction } from './native.js';

type ByteLoops = typeof Reference;

export const copy = nativeFunction('xs_bytes_copy') as ByteLoops['copy'];
export const fill = nativeFunction('xs_bytes_fill') as ByteLoops['fill'];
export const equal = nativeFunction('xs_bytes_equal') as ByteLoops['equal'];
export const sum16 = nativeFunction('xs_bytes_sum16') as ByteLoops['sum16'];
export const copySum16 = nativeFunction('xs_bytes_copy_sum16') as ByteLoops['copySum16'];
export const get16 = nativeFunction('xs_bytes_get16') as ByteLoops['get16'];
export const get32 = nativeFunction('xs_bytes_get32') as ByteLoops['get32'];
export const get64 = nativeFunction('xs_bytes_get64') as ByteLoops['get64'];
export const put16 = nativeFunction('xs_bytes_put16') as ByteLoops['put16'];
export const put32 = nativeFunction('xs_bytes_put32') as ByteLoops['put32'];
export const put64 = nativeFunction('xs_bytes_put64') as ByteLoops['put64'];
export const crc7 = nativeFunction('xs_bytes_crc7') as ByteLoops['crc7'];
export const crc16 = nativeFunction('xs_bytes_crc16') as ByteLoops['crc16'];
export const crc32c = nativeFunction('xs_bytes_crc32c') as ByteLoops['crc32c'];
export const sipHash = nativeFunction('xs_bytes_sip_hash') as ByteLoops['sipHash'];

/** These two fail to compile when the reference has a loop that is not here, or the other way round. */
type Covers<Actual extends Expected, Expected> = Actual;
export type HasEveryLoop = Covers<typeof Twins, ByteLoops>;
export type HasNoOther = Covers<ByteLoops, typeof Twins>;
