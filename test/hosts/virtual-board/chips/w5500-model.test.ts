import assert from 'node:assert/strict';
import { ChipFault } from '../../../../hosts/virtual-board/chips/chip-fault.js';
import { W5500Model, type W5500Network } from '../../../../hosts/virtual-board/chips/w5500-model.js';

const MAC = '02005e102030';
const BROADCAST = 'ffffffffffff';
const COMMON = 0x00;
const S0 = 0x08;
const S0_TX = 0x10;
const S0_RX = 0x18;
const WRITE = 0x04;
const MACRAW = 0x04;

class Wire implements W5500Network {
  readonly toModel: Buffer[] = [];
  readonly fromModel: Buffer[] = [];

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.toModel.shift();
    if (frame === undefined) return 0;
    assert.ok(frame.length <= capacity);
    b.set(frame, at);
    return frame.length;
  }

  send(b: Uint8Array, at: number, length: number): void {
    this.fromModel.push(Buffer.from(b.subarray(at, at + length)));
  }
}

/** The model and its SPI bus, byte by byte as a driver written by someone else might use it. */
class Chip {
  readonly wire = new Wire();
  readonly model = new W5500Model({ network: this.wire });

  read(address: number, block: number, length: number): Buffer {
    const b = new Uint8Array(length + 2).fill(0xa5);
    this.model.select();
    this.model.write(Uint8Array.of(address >> 8, address, block), 0, 3);
    this.model.read(b, 1, length);
    this.model.deselect();
    assert.ok(b[0] === 0xa5 && b[length + 1] === 0xa5, 'wrote beside the range');
    return Buffer.from(b.subarray(1, length + 1));
  }

  write(address: number, block: number, data: Uint8Array | number[]): void {
    this.model.select();
    this.model.write(Uint8Array.of(0xee, address >> 8, address, block | WRITE, ...data), 1, 3 + data.length);
    this.model.deselect();
  }

  read16(address: number): number {
    return this.read(address, S0, 2).readUInt16BE();
  }

  write16(address: number, value: number): void {
    this.write(address, S0, [value >> 8, value & 0xff]);
  }

  command(value: number): void {
    this.write(0x0001, S0, [value]);
  }

  /** All memory to socket 0, or `kb` of it, and OPEN in MACRAW mode. */
  open(mode = MACRAW, kb = 16): this {
    for (let n = 1; n < 8; n++) this.write(0x001e, n * 0x20 + S0, [0, 0]);
    this.write(0x001e, S0, [kb, kb]);
    this.write(0x0009, COMMON, Buffer.from(MAC, 'hex'));
    this.write(0x0000, S0, [mode]);
    this.command(0x01);
    return this;
  }

  /** Writes the frame and moves Sn_TX_WR, without SEND. */
  stage(frame: Buffer): void {
    const at = this.read16(0x0024);
    this.write(at, S0_TX, frame);
    this.write16(0x0024, (at + frame.length) & 0xffff);
  }

  send(frame: Buffer): void {
    this.stage(frame);
    this.command(0x20);
    assert.equal(this.read(0x0002, S0, 1)[0]! & 0x10, 0x10, 'SEND_OK');
    this.write(0x0002, S0, [0x10]);
  }

  /** Fetches all that was received and gives it back. */
  receiveAll(): Buffer[] {
    const frames: Buffer[] = [];
    for (let left = this.read16(0x0026); left > 0;) {
      const at = this.read16(0x0028);
      const bytes = this.read(at, S0_RX, 2).readUInt16BE();
      frames.push(this.read((at + 2) & 0xffff, S0_RX, bytes - 2));
      this.write16(0x0028, (at + bytes) & 0xffff);
      this.command(0x40);
      left -= bytes;
      assert.equal(this.read16(0x0026), left);
    }
    return frames;
  }
}

function frame(to: string, length: number, seed = 1, type = 0x88b5): Buffer {
  const b = Buffer.from(Array.from({ length }, (_, i) => (i * 11 + seed * 37) & 0xff));
  Buffer.from(to, 'hex').copy(b);
  b.writeUInt16BE(type, 12);
  return b;
}

describe('W5500 model', () => {
  it('has the reset values of the datasheet', () => {
    const chip = new Chip();
    assert.equal(chip.read(0x0039, COMMON, 1)[0], 0x04); // VERSIONR
    assert.equal(chip.read(0x002e, COMMON, 1)[0], 0xbf); // PHYCFGR, link up
    assert.equal(chip.read(0x0009, COMMON, 6).toString('hex'), '000000000000'); // SHAR
    assert.equal(chip.read(0x0000, S0, 4).toString('hex'), '00000000'); // Sn_MR, Sn_CR, Sn_IR, Sn_SR
    assert.equal(chip.read(0x001e, S0, 2).toString('hex'), '0202');
    assert.equal(chip.read(0x001e, 0xe8, 2).toString('hex'), '0202'); // of socket 7
    assert.equal(chip.read(0x0020, S0, 12).toString('hex'), '080000000000000000000000');
  });

  it('resets by MR_RST, which clears itself', () => {
    const chip = new Chip().open();
    chip.model.resetPolls = 2;
    chip.write(0x0000, COMMON, [0x80]);
    assert.deepEqual(
      [1, 2, 3].map(() => chip.read(0x0000, COMMON, 1)[0]),
      [0x80, 0x80, 0x00],
    );
    assert.equal(chip.read(0x0003, S0, 1)[0], 0x00);
    assert.equal(chip.read(0x0009, COMMON, 6).toString('hex'), '000000000000');
    assert.equal(chip.read(0x001e, S0, 2).toString('hex'), '0202');
  });

  it('shows the link in PHYCFGR', () => {
    const chip = new Chip();
    chip.model.setLink(false);
    assert.equal(chip.read(0x002e, COMMON, 1)[0], 0xb8);
    chip.model.setLink(true);
    assert.equal(chip.read(0x002e, COMMON, 1)[0], 0xbf);
    const unplugged = new W5500Model({ network: new Wire(), link: false });
    assert.equal(unplugged.socket.link, false);
  });

  it('sends what lies between Sn_TX_RD and Sn_TX_WR', () => {
    const chip = new Chip().open();
    const [first, second] = [frame(BROADCAST, 60, 1), frame(BROADCAST, 1514, 2)];
    chip.send(first);
    chip.send(second);
    assert.deepEqual(chip.wire.fromModel, [first, second]);
    assert.equal(chip.read16(0x0022), 1574);
    assert.equal(chip.read16(0x0020), 16_384);
    assert.equal(chip.model.socket.framesSent, 2);
  });

  it('takes as long over commands as it is told', () => {
    const chip = new Chip().open();
    chip.model.socket.commandPolls = 2;
    chip.model.socket.sendPolls = 1;
    chip.stage(frame(BROADCAST, 60));
    chip.command(0x20);
    assert.equal(chip.read16(0x0020), 16_384 - 60);
    assert.equal(chip.read(0x0002, S0, 1)[0], 0x00, 'no SEND_OK before the command is accepted');
    assert.deepEqual(
      [1, 2, 3].map(() => chip.read(0x0001, S0, 1)[0]),
      [0x20, 0x20, 0x00],
    );
    assert.deepEqual(
      [1, 2].map(() => chip.read(0x0002, S0, 1)[0]),
      [0x00, 0x10],
    );
    assert.equal(chip.read16(0x0020), 16_384);
  });

  it('clears the bits of Sn_IR that are written as 1, and shows them in SIR', () => {
    const chip = new Chip().open();
    chip.stage(frame(BROADCAST, 60));
    chip.command(0x20);
    chip.wire.toModel.push(frame(BROADCAST, 60));
    chip.read16(0x0026);
    assert.equal(chip.read(0x0002, S0, 1)[0], 0x14); // SEND_OK, RECV
    assert.equal(chip.read(0x0017, COMMON, 1)[0], 0x01);
    chip.write(0x0002, S0, [0x10]);
    assert.equal(chip.read(0x0002, S0, 1)[0], 0x04);
    chip.write(0x0002, S0, [0x1f]);
    assert.equal(chip.read(0x0017, COMMON, 1)[0], 0x00);
  });

  it('puts a length in front of each received frame', () => {
    const chip = new Chip().open();
    const frames = [frame(BROADCAST, 60, 1), frame(MAC, 1518, 2)];
    chip.wire.toModel.push(...frames);
    assert.equal(chip.read16(0x0026), 62 + 1520);
    assert.equal(chip.read(0, S0_RX, 2).toString('hex'), '003e');
    assert.equal(chip.read(62, S0_RX, 2).toString('hex'), '05f0');
    assert.deepEqual(chip.receiveAll(), frames);
    assert.equal(chip.read16(0x002a), 62 + 1520); // Sn_RX_WR
  });

  it('keeps Sn_RX_RSR until RECV', () => {
    const chip = new Chip().open();
    chip.wire.toModel.push(frame(MAC, 60));
    assert.equal(chip.read16(0x0026), 62);
    chip.write16(0x0028, 62);
    assert.equal(chip.read16(0x0026), 62);
    assert.equal(chip.read16(0x0028), 62);
    chip.model.socket.commandPolls = 1;
    chip.command(0x40);
    assert.equal(chip.read16(0x0026), 62);
    assert.deepEqual(
      [1, 2].map(() => chip.read(0x0001, S0, 1)[0]),
      [0x40, 0x00],
    );
    assert.equal(chip.read16(0x0026), 0);
  });

  for (const kb of [2, 4, 16]) {
    it(`turns its ${kb} KB rings and its 16-bit pointers`, () => {
      const chip = new Chip();
      chip.model.socket.pointersAtOpen = 0xffff - 40;
      chip.open(MACRAW, kb);
      for (let i = 0; i < 40; i++) {
        const [down, up] = [
          frame(MAC, 60 + ((i * 401) % 1455), i),
          frame(BROADCAST, 60 + ((i * 719) % 1455), i),
        ];
        chip.wire.toModel.push(down);
        assert.deepEqual(chip.receiveAll(), [down]);
        chip.send(up);
        assert.deepEqual(chip.wire.fromModel.pop(), up);
      }
    });
  }

  it('drops what does not fit into the RX buffer', () => {
    const chip = new Chip().open(MACRAW, 4);
    const frames = [1514, 1514, 1514, 1000, 60].map((length, i) => frame(MAC, length, i));
    chip.wire.toModel.push(...frames);
    assert.deepEqual(chip.receiveAll(), [frames[0], frames[1], frames[3], frames[4]]);
    assert.equal(chip.model.socket.droppedFull, 1);
    chip.wire.toModel.push(frames[2]!);
    assert.deepEqual(chip.receiveAll(), [frames[2]]);
  });

  it('fills the RX buffer to the last byte', () => {
    const chip = new Chip().open(MACRAW, 2);
    const frames = [frame(MAC, 1022, 1), frame(MAC, 1022, 2), frame(MAC, 60, 3)];
    chip.wire.toModel.push(...frames);
    assert.equal(chip.read16(0x0026), 2_048);
    assert.deepEqual(chip.receiveAll(), frames.slice(0, 2));
  });

  it('pads short frames both ways, and drops runts', () => {
    const chip = new Chip().open();
    const short = frame(BROADCAST, 42);
    const padded = Buffer.concat([short, Buffer.alloc(18)]);
    chip.send(frame(BROADCAST, 1514)); // leaves its bytes where padding must be zero
    chip.send(short);
    assert.deepEqual(chip.wire.fromModel[1], padded);
    chip.wire.toModel.push(short, frame(BROADCAST, 59).subarray(0, 13));
    assert.deepEqual(chip.receiveAll(), [padded]);
    assert.equal(chip.model.socket.droppedRunt, 1);
  });

  it('loses frames while the link is down, and never ends such a SEND', () => {
    const chip = new Chip().open();
    chip.model.setLink(false);
    chip.wire.toModel.push(frame(MAC, 60));
    assert.equal(chip.read16(0x0026), 0);
    chip.stage(frame(BROADCAST, 60));
    chip.command(0x20);
    for (let poll = 0; poll < 100; poll++) assert.equal(chip.read(0x0002, S0, 1)[0], 0x00);
    assert.deepEqual(chip.wire.fromModel, []);
    assert.equal(chip.model.socket.droppedLinkDown, 2);
  });

  describe('MAC filter', () => {
    const kinds = {
      own: frame(MAC, 60),
      other: frame('020000000009', 60),
      broadcast: frame(BROADCAST, 60),
      ipv4Multicast: frame('01005e000001', 60, 1, 0x0800),
      ipv6Multicast: frame('333300000001', 60, 1, 0x86dd),
      bridgeMulticast: frame('0180c2000000', 60),
      ownIpv6: frame(MAC, 60, 1, 0x86dd),
    };
    const all = Object.keys(kinds);
    const cases: [number, string, string[]][] = [
      [0x00, 'none', all],
      [0x80, 'MFEN', all.filter((kind) => kind !== 'other' && kind !== 'bridgeMulticast')],
      [0x40, 'BCASTB', all.filter((kind) => kind !== 'broadcast')],
      [0x20, 'MMB', all.filter((kind) => kind !== 'ipv4Multicast' && kind !== 'bridgeMulticast')],
      [0x10, 'MIP6B', all.filter((kind) => kind !== 'ipv6Multicast' && kind !== 'ownIpv6')],
      [0xb0, 'MFEN, MMB, MIP6B', ['own', 'broadcast']],
    ];
    for (const [bits, name, pass] of cases) {
      it(`${name}: ${pass.join(', ')}`, () => {
        const chip = new Chip().open(MACRAW | bits);
        const passed = Object.entries(kinds).filter(([, content]) => {
          chip.wire.toModel.push(content);
          return chip.receiveAll().length === 1;
        });
        assert.deepEqual(
          passed.map(([kind]) => kind),
          pass,
        );
        assert.equal(chip.model.socket.droppedFiltered, all.length - pass.length);
      });
    }
  });

  describe('faults', () => {
    const b = new Uint8Array(16);
    const opened = (): Chip => new Chip().open();
    const sendable = (): Chip => {
      const chip = opened();
      chip.stage(frame(BROADCAST, 60));
      return chip;
    };
    /** After a header that reads or writes `block` at `address`. */
    const at = (chip: Chip, address: number, control: number): W5500Model => {
      chip.model.select();
      chip.model.write(Uint8Array.of(address >> 8, address, control), 0, 3);
      return chip.model;
    };

    const faults: [string, RegExp, () => void][] = [
      ['transfer without chip select', /without chip select/, () => new Chip().model.write(b, 0, 4)],
      ['reading without chip select', /without chip select/, () => new Chip().model.read(b, 0, 4)],
      ['select twice', /selected twice/, () => at(new Chip(), 0, 0).select()],
      ['deselect twice', /without being selected/, () => new Chip().model.deselect()],
      ['frame without data', /3 bytes of header and no data/, () => at(new Chip(), 0x39, 0x00).deselect()],
      [
        'frame without a complete header',
        /2 bytes of header/,
        () => {
          const { model } = new Chip();
          model.select();
          model.write(b, 0, 2);
          model.deselect();
        },
      ],
      [
        'reading before the header is complete',
        /before the header/,
        () => {
          const { model } = new Chip();
          model.select();
          model.write(b, 0, 2);
          model.read(b, 0, 1);
        },
      ],
      ['writing in a frame that reads', /frame that reads/, () => at(new Chip(), 0x39, 0x00).write(b, 0, 1)],
      ['reading in a frame that writes', /frame that writes/, () => at(new Chip(), 0x09, 0x04).read(b, 0, 1)],
      ['transfer of nothing', /transfer of 0 bytes/, () => at(new Chip(), 0x39, 0x00).read(b, 0, 0)],
      ['transfer beyond the array', /array of 16/, () => at(new Chip(), 0x09, 0x00).read(b, 12, 6)],
      ['fixed length data mode', /fixed length/, () => at(new Chip(), 0x39, 0x01)],
      ['SPI clock too fast', /SPI clock/, () => new Chip().model.setClock(80_000_001)],
      ['SPI clock of zero', /SPI clock/, () => new Chip().model.setClock(0)],

      ['reserved block', /block 0x4,/, () => new Chip().read(0, 0x20, 1)],
      ['write to a reserved block', /block 0x8,/, () => new Chip().write(0x1e, 0x40, [1])],
      ['TX buffer of socket 1', /block 0x6,/, () => new Chip().write(0x0040, 0x30, [0x11])],
      ['RX buffer of socket 3', /block 0xf,/, () => new Chip().read(0x0100, 0x78, 5)],
      ['reading the TX buffer', /read of block 0x2/, () => opened().read(0, S0_TX, 1)],
      ['writing the RX buffer', /write to block 0x3/, () => opened().write(0, S0_RX, [1])],
      ['unknown common register', /register 0x3a /, () => new Chip().read(0x003a, COMMON, 1)],
      ['reading beyond VERSIONR', /register 0x3a /, () => new Chip().read(0x0039, COMMON, 2)],
      ['register of the TCP/IP stack', /register 0xf /, () => new Chip().write(0x000f, COMMON, [1, 2, 3, 4])],
      ['write to VERSIONR', /register 0x39 /, () => new Chip().write(0x0039, COMMON, [4])],
      ['write to PHYCFGR', /register 0x2e /, () => new Chip().write(0x002e, COMMON, [0])],
      ['mode bit that is not modelled', /RST and PB/, () => new Chip().write(0x0000, COMMON, [0x20])],
      ['socket 7 beyond its sizes', /register 0x3 /, () => new Chip().read(0x0003, 0xe8, 1)],
      ['unknown socket register', /register 0x14,/, () => new Chip().read(0x0014, S0, 1)],
      ['write to Sn_SR', /register 0x3,/, () => new Chip().write(0x0003, S0, [0x42])],
      ['write to Sn_TX_FSR', /register 0x20,/, () => new Chip().write16(0x0020, 1)],
      ['Sn_IR bit that is none', /Sn_IR/, () => new Chip().write(0x0002, S0, [0x20])],
      [
        'register access during the reset',
        /during the software reset/,
        () => {
          const chip = new Chip();
          chip.write(0x0000, COMMON, [0x80]);
          chip.read(0x0039, COMMON, 1);
        },
      ],

      ['protocol that is not modelled', /MACRAW/, () => new Chip().write(0x0000, S0, [0x01])],
      ['mode change while open', /Sn_MR/, () => opened().write(0x0000, S0, [0x84])],
      ['buffer size that is none', /buffer size/, () => new Chip().write(0x001e, S0, [3])],
      ['buffer size above 16 KB', /buffer size/, () => new Chip().write(0x001e, S0, [32])],
      ['buffer size while open', /while socket 0 is open/, () => opened().write(0x001e, S0, [8])],
      ['OPEN without a mode', /before Sn_MR/, () => new Chip().command(0x01)],
      ['OPEN twice', /open socket/, () => opened().command(0x01)],
      [
        'OPEN with too much memory',
        /16 KB together/,
        () => {
          const chip = new Chip();
          chip.write(0x001e, S0, [16, 16]);
          chip.write(0x0000, S0, [MACRAW]);
          chip.command(0x01);
        },
      ],
      ['unknown command', /command 0x3 /, () => opened().command(0x03)],
      ['command that is not modelled', /command 0x22 /, () => opened().command(0x22)],
      ['command of nothing', /command 0x0 /, () => opened().command(0x00)],
      [
        'command before the last is accepted',
        /before the last command/,
        () => {
          const chip = opened();
          chip.model.socket.commandPolls = 1;
          chip.command(0x40);
          chip.command(0x10);
        },
      ],
      ['SEND on a closed socket', /SEND on a closed/, () => new Chip().command(0x20)],
      ['RECV on a closed socket', /RECV on a closed/, () => new Chip().command(0x40)],
      ['SEND of nothing', /less than/, () => opened().command(0x20)],
      [
        'SEND of more than a frame',
        /1,514/,
        () => {
          const chip = opened();
          chip.stage(frame(BROADCAST, 1515));
          chip.command(0x20);
        },
      ],
      [
        'SEND while another is unfinished',
        /another is unfinished/,
        () => {
          const chip = sendable();
          chip.command(0x20);
          chip.stage(frame(BROADCAST, 60));
          chip.command(0x20);
        },
      ],
      [
        'write beyond the free size',
        /free size/,
        () => {
          const chip = sendable();
          chip.write(60, S0_TX, new Uint8Array(16_384 - 59));
        },
      ],
      ['write behind Sn_TX_WR', /free size/, () => sendable().write(59, S0_TX, [1])],
      ['write to the TX buffer of a closed socket', /closed/, () => new Chip().write(0, S0_TX, [1])],
      ['read from the RX buffer of a closed socket', /closed/, () => new Chip().read(0, S0_RX, 1)],
      ['read of what was not received', /nothing received/, () => opened().read(0, S0_RX, 2)],
      [
        'read beyond what was received',
        /nothing received/,
        () => {
          const chip = opened();
          chip.wire.toModel.push(frame(MAC, 60));
          chip.read16(0x0026);
          chip.read(0, S0_RX, 63);
        },
      ],
      [
        'RECV beyond what was received',
        /beyond Sn_RX_WR/,
        () => {
          const chip = opened();
          chip.write16(0x0028, 1);
          chip.command(0x40);
        },
      ],
    ];
    for (const [name, message, act] of faults) {
      it(name, () => {
        assert.throws(act, (error) => {
          assert.ok(error instanceof ChipFault);
          assert.equal(error.name, 'ChipFault');
          assert.match(error.message, message);
          return true;
        });
      });
    }
  });
});
