/** The emulated card against [SD] Physical Layer Simplified Specification 9.10, without the driver. */
import assert from 'node:assert/strict';
import { ChipFault } from '../../../../hosts/virtual-board/chips/chip-fault.js';
import {
  DataError,
  DataResponse,
  SdCardModel,
  type SdCardModelOptions,
} from '../../../../hosts/virtual-board/chips/sd-card-model.js';
import { crc16, crc7 } from '../../../../src/wire/byte-loops.js';
import { freshSector, SparseStorage } from '../../../drivers/sd-card/sparse-storage.js';

/** A bus master that does what it is told. */
class Master {
  readonly storage: SparseStorage;
  readonly card: SdCardModel;

  constructor(sectors = 4096, options: Omit<SdCardModelOptions, 'storage'> = {}) {
    this.storage = new SparseStorage(sectors);
    this.card = new SdCardModel({ storage: this.storage, ...options });
    this.card.setClock(400_000);
  }

  clocks(bytes: number): void {
    this.card.deselect();
    this.read(bytes);
  }

  write(hex: string): void {
    const b = Buffer.from(hex.replace(/\s/g, ''), 'hex');
    this.card.write(b, 0, b.length);
  }

  read(length: number): string {
    const b = Buffer.alloc(length, 0xa5);
    this.card.read(b, 0, length);
    return b.toString('hex');
  }

  /** Sends a command behind a byte of clocks, and reads `length` bytes. */
  command(index: number, argument: number, length = 2): string {
    this.write('ff' + frame(index, argument));
    return this.read(length);
  }

  /** Through [SD] Figure 7-2. */
  initialise(): this {
    this.clocks(10);
    this.card.select();
    assert.equal(this.command(0, 0), 'ff01');
    this.command(8, 0x1aa, 6);
    this.command(59, 1);
    for (let i = 0; i < 3; i++) {
      this.command(55, 0);
      this.command(41, 0x4000_0000);
    }
    assert.equal(this.command(13, 0, 3), 'ff0000');
    this.card.setClock(25_000_000);
    this.command(16, 512);
    this.card.commands.fill(0);
    return this;
  }
}

function frame(index: number, argument: number): string {
  const b = Buffer.from([0x40 | index, argument >>> 24, argument >>> 16, argument >>> 8, argument, 0]);
  b[5] = crc7(b, 0, 5, 0) | 1;
  return b.toString('hex');
}

function sent(b: Buffer): string {
  return 'fe' + withCrc(b);
}

function withCrc(b: Buffer): string {
  return b.toString('hex') + crc16(b, 0, b.length, 0).toString(16).padStart(4, '0');
}

function fault(pattern: RegExp): (error: Error) => boolean {
  return (error) => error instanceof ChipFault && pattern.test(error.message);
}

describe('SD card model: identification', () => {
  it('insists on 74 clocks without chip select', () => {
    const nine = new Master();
    nine.clocks(9);
    nine.card.select();
    assert.throws(() => nine.command(0, 0), fault(/74 clocks/));
    const selected = new Master();
    selected.card.select();
    selected.read(100);
    assert.throws(() => selected.command(0, 0), fault(/74 clocks/));
    const ten = new Master();
    ten.clocks(10);
    ten.card.select();
    assert.equal(ten.command(0, 0), 'ff01');
  });

  it('hears nothing but an intact CMD0 before that', () => {
    const m = new Master();
    m.clocks(10);
    m.card.select();
    assert.equal(m.command(8, 0x1aa, 8), 'ff'.repeat(8));
    m.write('ff 400000000097');
    assert.equal(m.read(8), 'ff'.repeat(8));
    m.write('ff 400000000095');
    assert.equal(m.read(2), 'ff01');
  });

  it('insists on 400 kHz or less until it is ready, on 25 MHz or less after', () => {
    const m = new Master();
    m.clocks(10);
    m.card.select();
    m.card.setClock(400_001);
    assert.throws(() => m.command(0, 0), fault(/400001 Hz/));
    const ready = new Master().initialise();
    ready.card.setClock(25_000_001);
    assert.throws(() => ready.command(13, 0), fault(/25000001 Hz/));
  });

  it('echoes CMD8, checks its CRC always, and is silent about it in version 1', () => {
    const m = new Master();
    m.clocks(10);
    m.card.select();
    m.command(0, 0);
    assert.equal(m.command(8, 0x1aa, 7), 'ff01000001aaff');
    assert.equal(m.command(8, 0x25a, 7), 'ff010000005aff'); // VHS not supported
    m.write('ff 48000001aa85');
    assert.equal(m.read(4), 'ff09ffff');
    const old = new Master(4096, { version: 1 });
    old.clocks(10);
    old.card.select();
    old.command(0, 0);
    assert.equal(old.command(8, 0x1aa, 7), 'ff05ffffffffff');
  });

  it('checks the CRC of other commands once CMD59 says so', () => {
    const m = new Master();
    m.clocks(10);
    m.card.select();
    m.command(0, 0);
    m.write('ff 7a00000000ff');
    assert.equal(m.read(7), 'ff0100ff8000ff');
    m.command(59, 1);
    m.write('ff 7a00000000ff');
    assert.equal(m.read(7), 'ff09ffffffffff');
    m.command(59, 0);
    m.write('ff 7a00000000ff');
    assert.equal(m.read(7), 'ff0100ff8000ff');
  });

  it('allows only the commands of [SD] 7.2.7 while idle', () => {
    const m = new Master();
    m.clocks(10);
    m.card.select();
    m.command(0, 0);
    for (let index = 1; index < 64; index++) {
      const allowed = [8, 55, 58, 59].includes(index);
      assert.equal(
        m.command(index, index === 8 ? 0x1aa : 0, 6).slice(2, 4),
        allowed ? '01' : '05',
        `CMD${index}`,
      );
    }
    assert.equal(m.card.appCommands[41], 0, 'CMD41 without CMD55 is no ACMD41');
  });

  it('becomes ready by ACMD41, a high capacity card only with CMD8 and HCS', () => {
    for (const [cmd8, hcs, ready] of [
      [true, true, true],
      [true, false, false],
      [false, true, false],
    ]) {
      const m = new Master(4096, { highCapacity: true });
      m.card.initialisationPolls = 5;
      m.clocks(10);
      m.card.select();
      m.command(0, 0);
      if (cmd8) m.command(8, 0x1aa, 6);
      let last = '';
      for (let i = 0; i < 6; i++) {
        assert.notEqual(last, 'ff00');
        m.command(55, 0);
        last = m.command(41, hcs ? 0x4000_0000 : 0);
      }
      assert.equal(last, ready ? 'ff00' : 'ff01');
      assert.equal(m.command(58, 0, 6), ready ? 'ff00c0ff8000' : 'ff0100ff8000');
    }
  });

  it('answers after N_CR', () => {
    for (const delay of [1, 8]) {
      const m = new Master();
      m.card.timing.response = delay;
      m.clocks(10);
      m.card.select();
      assert.equal(m.command(0, 0, 10), 'ff'.repeat(delay) + '01' + 'ff'.repeat(9 - delay));
    }
  });

  it('shows its capacity in the CSD', () => {
    // C_SIZE, C_SIZE_MULT and READ_BL_LEN by the formulas of [SD] 5.3.2 and 5.3.3.
    const csd = (sectors: number, highCapacity: boolean): Buffer => {
      const m = new Master(sectors, { highCapacity }).initialise();
      const b = Buffer.from(m.command(9, 0, 2 + 1 + 1 + 16 + 2), 'hex');
      assert.equal(b.subarray(0, 4).toString('hex'), 'ff00fffe');
      const data = b.subarray(4, 20);
      assert.equal(b.subarray(4).toString('hex'), withCrc(data));
      assert.equal(data[15], crc7(data, 0, 15, 0) | 1);
      return data;
    };
    const bits = (b: Buffer, high: number, low: number): number =>
      Number((BigInt('0x' + b.toString('hex')) >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));
    for (const [sectors, said] of [
      [4, 4],
      [64, 64],
      [4096, 4096],
      [131_072, 131_072],
      [100_003, 100_000],
      [2_097_152, 2_097_152],
      [4_194_304, 4_194_304],
    ] as const) {
      const b = csd(sectors, false);
      assert.equal(bits(b, 127, 126), 0);
      const blockLength = 2 ** bits(b, 83, 80);
      assert.equal(((bits(b, 73, 62) + 1) * 2 ** (bits(b, 49, 47) + 2) * blockLength) / 512, said);
      assert.equal(bits(b, 83, 80), bits(b, 25, 22), 'WRITE_BL_LEN is READ_BL_LEN');
      assert.equal(bits(b, 103, 96), 0x32);
    }
    for (const [sectors, said] of [
      [1024, 1024],
      [5000, 4096],
      [4_294_705_152, 4_294_705_152],
    ] as const) {
      const b = csd(sectors, true);
      assert.equal(bits(b, 127, 126), 1);
      assert.equal((bits(b, 69, 48) + 1) * 1024, said);
      assert.equal(new Master(sectors, { highCapacity: true }).card.sectorCount, said);
    }
    assert.throws(() => new Master(1023, { highCapacity: true }), RangeError);
    assert.throws(() => new Master(3), RangeError);
    assert.throws(() => new Master(5_000_000, { highCapacity: false }), RangeError);
    assert.throws(() => new Master(4096, { highCapacity: true, version: 1 }), RangeError);
  });
});

describe('SD card model: reading', () => {
  it('CMD17 by bytes on SDSC, by sectors on SDHC', () => {
    const sdsc = new Master().initialise();
    sdsc.card.timing.read = 3;
    assert.equal(sdsc.command(17, 7 * 512, 5 + 515 + 4), 'ff00ffffff' + sent(freshSector(7)) + 'ffffffff');
    assert.equal(sdsc.command(17, 100), 'ff20', 'address error');
    assert.equal(sdsc.command(17, 4096 * 512), 'ff40', 'parameter error');
    const sdhc = new Master(8192, { highCapacity: true }).initialise();
    assert.equal(sdhc.command(17, 7, 3 + 515), 'ff00ff' + sent(freshSector(7)));
    assert.equal(sdhc.command(17, 8192), 'ff40');
  });

  it('needs 512-byte blocks, which a 2 GB card does not begin with', () => {
    const m = new Master(4_194_304).initialise();
    assert.equal(m.command(16, 1024), 'ff40');
    assert.equal(m.command(17, 0, 518).slice(0, 8), 'ff00fffe');
    m.command(16, 100);
    assert.throws(() => m.command(17, 0), fault(/CMD16/));
    const fresh = new Master(4_194_304);
    fresh.clocks(10);
    fresh.card.select();
    fresh.card.initialisationPolls = 0;
    fresh.command(0, 0);
    fresh.command(55, 0);
    assert.equal(fresh.command(41, 0), 'ff00');
    assert.throws(() => fresh.command(17, 0), fault(/1024 bytes/));
  });

  it('CMD18 until CMD12 inside a block; the byte after it is no response', () => {
    const m = new Master().initialise();
    m.card.timing.stopBusy = 3;
    assert.equal(m.command(18, 512, 3 + 515), 'ff00ff' + sent(freshSector(1)));
    assert.equal(m.read(1 + 515), 'ff' + sent(freshSector(2)));
    assert.equal(m.read(2), 'fffe');
    m.write(frame(12, 0));
    assert.equal(m.read(8), '3fff00000000ffff');
    assert.equal(m.command(13, 0, 3), 'ff0000');
  });

  it('CMD12 that ends with the block', () => {
    const m = new Master().initialise();
    m.command(18, 0, 3 + 515 - 6);
    m.write(frame(12, 0));
    assert.equal(m.read(3), '3fff00');
    const early = new Master().initialise();
    early.command(18, 0, 3 + 515 - 4);
    assert.throws(() => early.write(frame(12, 0)), fault(/between two blocks/));
  });

  it('CMD12 between blocks is a fault when it can meet the next block', () => {
    const m = new Master().initialise();
    m.command(18, 0, 3 + 515);
    assert.throws(() => m.write('ff' + frame(12, 0)), fault(/between two blocks/));
    const slow = new Master().initialise();
    slow.card.timing.read = 100;
    slow.command(18, 0, 102 + 515);
    slow.write('ff' + frame(12, 0));
    assert.equal(slow.read(3), '3fff00');
  });

  it('ends CMD18 at the end of the medium with an error token', () => {
    const m = new Master().initialise();
    assert.equal(m.command(18, 4095 * 512, 3 + 515), 'ff00ff' + sent(freshSector(4095)));
    assert.equal(m.read(2), 'ff08');
    m.write(frame(12, 0));
    assert.equal(m.read(3), 'ff0000');
  });

  it('an error token in place of a block', () => {
    const m = new Master().initialise();
    Object.assign(m.card.faults, { refusedSector: 3, refusals: 1, refusal: DataError.ccError });
    assert.equal(m.command(17, 3 * 512, 6), 'ff00ff02ffff');
    assert.equal(m.command(17, 3 * 512, 3 + 515), 'ff00ff' + sent(freshSector(3)));
  });

  it('CMD12 with nothing to stop is illegal', () => {
    const m = new Master().initialise();
    m.write('ff' + frame(12, 0));
    assert.equal(m.read(3), 'ff04ff');
  });

  it('is paused by chip select between blocks only', () => {
    const m = new Master().initialise();
    m.command(18, 0, 3 + 515);
    m.card.deselect();
    assert.equal(m.read(50), 'ff'.repeat(50));
    m.card.select();
    assert.equal(m.read(1 + 515), 'ff' + sent(freshSector(1)));
    m.read(20);
    assert.throws(() => m.card.deselect(), fault(/inside a data block/));
  });

  it('takes no other command meanwhile', () => {
    const m = new Master().initialise();
    m.command(18, 0, 10);
    assert.throws(() => m.write('51'), fault(/CMD17 while the card reads/));
  });
});

describe('SD card model: writing', () => {
  const DATA = Buffer.alloc(512, 0x5c);

  it('CMD24', () => {
    const m = new Master().initialise();
    assert.equal(m.command(24, 5 * 512, 4), 'ff00ffff');
    m.write(sent(DATA));
    assert.equal(m.read(6), 'e500000000ff');
    assert.equal(m.command(13, 0, 3), 'ff0000');
    assert.equal(m.command(17, 5 * 512, 3 + 515), 'ff00ff' + sent(DATA));
    assert.equal(m.command(17, 6 * 512, 3 + 515), 'ff00ff' + sent(freshSector(6)));
  });

  it('CMD25 until Stop Tran', () => {
    const m = new Master().initialise();
    m.command(25, 5 * 512);
    m.write('ff fc' + withCrc(DATA));
    assert.equal(m.read(6), 'e500000000ff');
    m.write('ff fc' + withCrc(freshSector(9)));
    assert.equal(m.read(6), 'e500000000ff');
    m.write('ff fd');
    assert.equal(m.read(4), 'ff0000ff');
    assert.equal(m.command(17, 6 * 512, 3 + 515), 'ff00ff' + sent(freshSector(9)));
  });

  it('busy survives that chip select goes high', () => {
    const m = new Master().initialise();
    m.card.timing.writeBusy = 10;
    m.command(24, 0);
    m.write('ff' + sent(DATA));
    assert.equal(m.read(3), 'e50000');
    m.card.deselect();
    assert.equal(m.card.drivesMiso, true);
    assert.equal(m.read(5), 'ff'.repeat(5));
    assert.equal(m.card.drivesMiso, false);
    m.card.select();
    assert.equal(m.read(5), '000000ffff');
  });

  it('rejects a block with a wrong CRC, and waits for CMD12 in a multiple block write', () => {
    const m = new Master().initialise();
    m.command(24, 0);
    m.write('fffe' + DATA.toString('hex') + '0000');
    assert.equal(m.read(2), 'ebff');
    m.command(25, 0);
    m.write('fffc' + DATA.toString('hex') + '0000');
    assert.equal(m.read(2), 'ebff');
    assert.throws(() => m.write('fffc'), fault(/neither a command nor a token/));
    m.write('ff' + frame(12, 0));
    assert.equal(m.read(6), 'ff000000ffff');
    assert.equal(m.command(17, 0, 3 + 515), 'ff00ff' + sent(freshSector(0)));
  });

  it('does not check it with CRC off', () => {
    const m = new Master().initialise();
    m.command(59, 0);
    m.command(24, 0);
    m.write('fffe' + DATA.toString('hex') + '0000');
    assert.equal(m.read(1), 'e5');
  });

  it('takes no blocks behind the end of the medium', () => {
    const m = new Master().initialise();
    m.command(25, 4095 * 512);
    m.write('ff fc' + withCrc(DATA));
    m.read(6);
    m.write('ff fc' + withCrc(DATA));
    assert.equal(m.read(1), 'ed');
  });

  it('insists on the right token, a byte after the response', () => {
    const single = new Master().initialise();
    single.command(24, 0);
    assert.throws(() => single.write('fffc'), fault(/does not belong/));
    const multiple = new Master().initialise();
    multiple.command(25, 0);
    assert.throws(() => multiple.write('fffe'), fault(/does not belong/));
    const hasty = new Master().initialise();
    hasty.command(24, 0);
    assert.throws(() => hasty.write('fe'), fault(/N_WR/));
  });

  it('takes no command while busy, but CMD0', () => {
    const m = new Master().initialise();
    m.card.timing.writeBusy = 100;
    m.command(24, 0);
    m.write('ff' + sent(DATA));
    m.read(3);
    assert.throws(() => m.write('ff4d'), fault(/CMD13 while the card is busy/));
    const reset = new Master().initialise();
    reset.card.faults.endlessBusy = true;
    reset.command(24, 0);
    reset.write('ff' + sent(DATA));
    reset.read(2000);
    reset.card.setClock(400_000);
    assert.equal(reset.command(0, 0), 'ff01');
  });

  it('storage that fails', () => {
    const m = new Master().initialise();
    m.storage.write = () => false;
    m.command(24, 0);
    m.write('ff' + sent(DATA));
    assert.equal(m.read(1), DataResponse.writeError.toString(16));
    m.storage.read = () => false;
    assert.equal(m.command(17, 0, 4), 'ff00ff01');
  });
});

describe('SD card model: the bus', () => {
  it('chip select inside a command or a response is a fault', () => {
    const m = new Master().initialise();
    m.write('ff4d00');
    assert.throws(() => m.card.deselect(), fault(/inside a command/));
    const response = new Master().initialise();
    response.command(13, 0, 2);
    assert.throws(() => response.card.deselect(), fault(/before the response/));
  });

  it('insists on a byte of clocks between response and command', () => {
    const m = new Master().initialise();
    m.command(13, 0, 3);
    assert.throws(() => m.write(frame(13, 0)), fault(/N_RC/));
  });

  it('garbage is a fault', () => {
    const m = new Master().initialise();
    assert.throws(() => m.write('00'), fault(/0x0 is neither/));
    const token = new Master().initialise();
    assert.throws(() => token.write('fe'), fault(/0xfe is neither/));
    const endBit = new Master().initialise();
    assert.throws(() => endBit.write('ff4d000000000c'), fault(/end bit/));
  });

  it('is silent without card, and needs a new start after', () => {
    const m = new Master().initialise();
    m.command(18, 0, 100);
    m.card.pull();
    assert.equal(m.card.drivesMiso, false);
    assert.equal(m.read(10), 'ff'.repeat(10));
    assert.equal(m.command(13, 0, 4), 'ffffffff');
    m.card.deselect();
    m.card.insert();
    m.card.select();
    assert.equal(m.command(13, 0, 4), 'ffffffff', 'what the master sends in ignorance is no fault');
    m.write('fefc00124240');
    m.card.deselect();
    m.card.select();
    assert.throws(() => m.write('400000000095'), fault(/74 clocks/));
    m.card.setClock(400_000);
    m.initialise();
    assert.equal(m.command(17, 0, 3 + 515), 'ff00ff' + sent(freshSector(0)));
  });
});
