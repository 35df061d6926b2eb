/** A program that does what its argument says and must not be done. */
import * as mcu from '../../../../hosts/qemu/device/mcu.js';

const frozen = [new Uint8Array(4)];

function recurse(depth: number): number {
  return depth + recurse(depth + 1);
}

function fillMemory(): void {
  const kept: Uint8Array[] = [];
  for (;;) kept.push(new Uint8Array(4096));
}

function hang(): void {
  for (;;);
}

function throwError(): void {
  throw new Error('thrown on purpose');
}

function argument(): string {
  const b = new Uint8Array(64);
  return String.fromCharCode(...b.subarray(0, mcu.commandLine(b, b.length)));
}

function main(): void {
  mcu.print('ready');
  switch (argument()) {
    case 'memory':
      return fillMemory();
    case 'stack':
      return void recurse(0);
    case 'flash':
      frozen[0]![0] = 1;
      return;
    case 'hang':
      return hang();
    case 'throw':
      return throwError();
  }
  mcu.exit(7);
}

mcu.start(main);
