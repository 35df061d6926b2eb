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

/** Exceptions leave the interpreter's state as it was, however deep they come from: the result is 7. */
function catchErrors(): number {
  const log: number[] = [];
  let depth = 0;
  const dive = (levels: number): number => {
    depth = levels;
    try {
      if (levels === 0) new Uint8Array(4).fill(0).subarray(0, 2).set([1, 2, 3]);
      return dive(levels - 1) + 1;
    } finally {
      log.push(levels);
    }
  };
  for (let round = 0; round < 3; round++) {
    const before = round * 10;
    try {
      dive(round);
    } catch (error) {
      if (!(error instanceof RangeError) || before !== round * 10 || depth !== 0) return -1;
    }
  }
  return log.join() === '0,0,1,0,1,2' ? 7 : log.length;
}

function crashNow(): void {
  mcu.trap();
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
    case 'instruction':
      return crashNow();
    case 'catch':
      return mcu.exit(catchErrors());
    case 'throw':
      return throwError();
  }
  mcu.exit(7);
}

mcu.start(main);
