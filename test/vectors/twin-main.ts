/**
 * What the C twins give: `twin-main.js CASES` prints a line `LOOP N DIGEST` for each case of each loop, then one
 * line for each call that must be refused.
 */
import * as twins from '../../hosts/xs/device/byte-loops.js';
import { print, programArguments } from '../../hosts/xs/device/posix.js';
import { LOOP_NAMES, runTwinCase } from './twin-cases.js';

const cases = Number(programArguments()[0]);
for (const name of LOOP_NAMES) {
  for (let n = 0; n < cases; n++) print(`${name} ${n} ${runTwinCase(twins, name, n)}`);
}

const b = new Uint8Array(16);
const view = new Uint8Array(b.buffer, 4, 8);
const nothing = {} as Uint8Array;
const refusals: Record<string, () => unknown> = {
  'copy from behind the end': () => twins.copy(b, 9, b, 0, 8),
  'copy to behind the end': () => twins.copy(b, 0, b, 9, 8),
  'copy from before the start': () => twins.copy(b, -1, b, 0, 1),
  'copy of a negative length': () => twins.copy(b, 4, b, 0, -1),
  'copy whose end overflows': () => twins.copy(b, 0x7fff_ffff, b, 0, 0x7fff_ffff),
  'copy out of a view, inside its buffer': () => twins.copy(view, 1, b, 0, 8),
  'copy from what is no buffer': () => twins.copy(nothing, 0, b, 0, 0),
  'copy with too few arguments': () => (twins.copy as unknown as (b: Uint8Array) => void)(b),
  'fill behind the end': () => twins.fill(view, 0, 9, 0),
  'equal behind the end of the second': () => twins.equal(b, 0, view, 0, 9),
  'sum16 behind the end': () => twins.sum16(b, 16, 1, 0),
  'sum16 of a sum that is not a number': () => twins.sum16(b, 0, 1, NaN),
  'copySum16 from behind the end': () => twins.copySum16(b, 9, b, 0, 8, 0),
  'copySum16 to behind the end': () => twins.copySum16(b, 0, b, 9, 8, 0),
  'get16 behind the end': () => twins.get16(view, 7),
  'get32 behind the end': () => twins.get32(view, 5),
  'get64 before the start': () => twins.get64(b, -1),
  'put16 behind the end': () => twins.put16(view, 7, 1),
  'put32 behind the end': () => twins.put32(view, 5, 1),
  'put64 behind the end': () => twins.put64(b, 9, 1),
  'put64 of what is no number': () => twins.put64(b, 0, NaN),
  'crc7 behind the end': () => twins.crc7(b, 16, 1, 0),
  'crc16 behind the end': () => twins.crc16(b, 15, 2, 0),
  'crc32c behind the end': () => twins.crc32c(b, 0, 17, 0),
  'sipHash of a short key': () => twins.sipHash(b, 1, b, 0, 8, b, 0),
  'sipHash into a short result': () => twins.sipHash(b, 0, b, 0, 8, b, 9),
};
for (const [what, call] of Object.entries(refusals)) print(`${refusal(call)}: ${what}`);
print(b.every((byte) => byte === 0) ? 'untouched' : 'bytes were written by a refused call');

function refusal(call: () => unknown): string {
  try {
    call();
    return 'accepted';
  } catch (error) {
    return (error as Error).name;
  }
}
