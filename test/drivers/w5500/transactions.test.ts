import assert from 'node:assert/strict';
import { controlRead, controlWrite, socketRegisterBlock } from '../../../drivers/w5500/registers.js';
import { W5500 } from '../../../drivers/w5500/w5500.js';
import { PortStatus } from '../../../src/back-end/ports.js';
import { ScriptedSpi, type Transaction } from './scripted-spi.js';

const MAC = '02005e102030';
/** 5 ms at 32 bits a poll and this clock are ten polls. */
const TEN_POLLS_HZ = 64_000;

const VERSION: Transaction = ['0039 00', '04'];
const RESET: Transaction = ['0000 04 80'];
const RESET_ENDED: Transaction = ['0000 00', '00'];
const CONFIGURE: Transaction[] = [
  ['0000 04 10'], // MR = PB
  ['001e ec 0000'], // S7_RXBUF_SIZE, S7_TXBUF_SIZE
  ['001e cc 0000'],
  ['001e ac 0000'],
  ['001e 8c 0000'],
  ['001e 6c 0000'],
  ['001e 4c 0000'],
  ['001e 2c 0000'],
  ['001e 0c 1010'], // S0_RXBUF_SIZE, S0_TXBUF_SIZE
  [`0009 04 ${MAC}`], // SHAR
  ['0009 00', MAC],
  ['0000 0c b4'], // S0_MR = MFEN | MMB | MIP6B | MACRAW
  ['0002 0c 1f'], // S0_IR
  ['0001 0c 01'], // S0_CR = OPEN
];
/** S0_CR, S0_IR, S0_SR. */
const IDLE: Transaction = ['0001 08', '00 00 42'];
const SEND_BUSY: Transaction = ['0001 08', '00 00 42'];
const SEND_OK: Transaction = ['0001 08', '00 10 42'];
const CLEAR_SEND_OK: Transaction = ['0002 0c 10'];
const SEND: Transaction = ['0001 0c 20'];
const RECV: Transaction = ['0001 0c 40'];
const CLOSE: Transaction = ['0001 0c 10'];
const CLOSED: Transaction = ['0001 08', '00 00 00'];

/** S0_TX_FSR, S0_TX_RD, S0_TX_WR, S0_RX_RSR, S0_RX_RD. */
function pointers(tx = 0, rx = 0, free = 0x4000): Transaction {
  return ['0020 08', [free, tx, tx, 0, rx].map(hex16).join('')];
}

function rsr(bytes: number): Transaction {
  return ['0026 08', hex16(bytes)];
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

/** A frame whose bytes tell where they stand. */
function frame(length: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + seed * 31) & 0xff));
}

/** The transaction that reads `content` with its length from `address` of the RX buffer. */
function rxRead(address: number, content: Buffer): Transaction {
  return [`${hex16(address)} 18`, hex16(content.length + 2) + content.toString('hex')];
}

function txWrite(address: number, content: Buffer): Transaction {
  return [`${hex16(address)} 14 ${content.toString('hex')}`];
}

function txPointer(address: number): Transaction {
  return [`0024 0c ${hex16(address)}`];
}

function driver(spi: ScriptedSpi, clockHz?: number): W5500 {
  const macAddress = Uint8Array.from(Buffer.from(MAC, 'hex'));
  return new W5500(clockHz === undefined ? { spi, macAddress } : { spi, macAddress, clockHz });
}

/** An open driver and its bus; the pointers stand where OPEN is said to have set them. */
function opened(options: { tx?: number; rx?: number; clockHz?: number } = {}): {
  nic: W5500;
  spi: ScriptedSpi;
} {
  const spi = new ScriptedSpi();
  const nic = driver(spi, options.clockHz);
  spi.expect(VERSION, RESET, RESET_ENDED, ...CONFIGURE, IDLE, pointers(options.tx, options.rx));
  assert.equal(nic.open(0), PortStatus.ok);
  spi.assertDone();
  return { nic, spi };
}

/** Receives into a dirty buffer and checks that nothing around the frame is touched. */
function receive(nic: W5500, capacity = 1518): Buffer {
  const b = new Uint8Array(capacity + 20).fill(0xa5);
  const length = nic.receive(b, 10, capacity);
  for (let i = 0; i < b.length; i++) {
    if (i < 10 || i >= 10 + length) assert.equal(b[i], 0xa5, `byte ${i} was written`);
  }
  return Buffer.from(b.subarray(10, 10 + length));
}

/** Sends from the middle of a buffer. */
function transmit(nic: W5500, content: Buffer): boolean {
  const b = new Uint8Array(content.length + 20).fill(0xa5);
  b.set(content, 10);
  return nic.transmit(b, 10, content.length);
}

describe('W5500 SPI transactions', () => {
  it('makes the control phases of the datasheet examples (2.3.1, 2.3.2)', () => {
    assert.equal(controlWrite(0), 0x04); // SIMR in the Common Register Block
    assert.equal(controlWrite(socketRegisterBlock(1) + 1), 0x34); // Socket 1 TX buffer
    assert.equal(controlRead(socketRegisterBlock(7)), 0xe8); // S7_SR
    assert.equal(controlRead(socketRegisterBlock(3) + 2), 0x78); // Socket 3 RX buffer
  });

  it('refuses a MAC address that is none', () => {
    const spi = new ScriptedSpi();
    for (const bytes of [
      [2, 0, 0, 0, 0],
      [2, 0, 0, 0, 0, 0, 0],
      [1, 0, 0x5e, 0, 0, 1],
    ]) {
      assert.throws(() => new W5500({ spi, macAddress: Uint8Array.from(bytes) }), RangeError);
    }
  });

  it('keeps its own copy of the MAC address', () => {
    const macAddress = Uint8Array.from([2, 0, 0, 0, 0, 9]);
    const nic = new W5500({ spi: new ScriptedSpi(), macAddress });
    macAddress[5] = 0;
    assert.deepEqual([...nic.macAddress], [2, 0, 0, 0, 0, 9]);
  });

  it('does nothing on the bus before open', () => {
    const nic = driver(new ScriptedSpi());
    assert.equal(receive(nic).length, 0);
    assert.equal(transmit(nic, frame(60)), false);
    assert.equal(nic.linkUp(), false);
  });

  describe('open', () => {
    it('sets the clock that the datasheet guarantees, or the one asked for', () => {
      assert.equal(opened().spi.clockHz, 33_300_000);
      assert.equal(opened({ clockHz: 40_000_000 }).spi.clockHz, 40_000_000);
    });

    it('goes on where it was while the chip is busy', () => {
      const spi = new ScriptedSpi();
      const nic = driver(spi);
      spi.expect(['0039 00', '00']);
      assert.equal(nic.open(1_000), PortStatus.pending);
      spi.expect(VERSION, RESET, ['0000 00', '80']);
      assert.equal(nic.open(90_000), PortStatus.pending);
      spi.expect(RESET_ENDED, ...CONFIGURE, ['0001 08', '01 00 42']);
      assert.equal(nic.open(180_000), PortStatus.pending);
      spi.expect(['0001 08', '00 00 13']);
      assert.equal(nic.open(270_000), PortStatus.pending);
      spi.expect(IDLE, pointers());
      assert.equal(nic.open(279_000), PortStatus.ok);
      spi.assertDone();
    });

    for (const [answer, status, what] of [
      ['ff', PortStatus.noMedium, 'no chip (MISO high)'],
      ['00', PortStatus.noMedium, 'no chip (MISO low)'],
      ['12', PortStatus.unsupported, 'another chip'],
    ] as const) {
      it(`reports ${what} after 100 ms, and begins again`, () => {
        const spi = new ScriptedSpi();
        const nic = driver(spi);
        spi.expect(['0039 00', answer], ['0039 00', answer], ['0039 00', answer]);
        assert.equal(nic.open(5_000), PortStatus.pending);
        assert.equal(nic.open(104_999), PortStatus.pending);
        assert.equal(nic.open(105_000), status);
        assert.equal(transmit(nic, frame(60)), false, 'no traffic after a failure');
        spi.expect(VERSION, RESET, RESET_ENDED, ...CONFIGURE, IDLE, pointers());
        assert.equal(nic.open(105_001), PortStatus.ok);
        spi.assertDone();
      });
    }

    it('reports a reset and an OPEN that do not end', () => {
      const spi = new ScriptedSpi();
      const nic = driver(spi);
      spi.expect(VERSION, RESET, ['0000 00', '80'], ['0000 00', '80']);
      assert.equal(nic.open(0), PortStatus.pending);
      assert.equal(nic.open(100_000), PortStatus.timeout);
      spi.expect(VERSION, RESET, RESET_ENDED, ...CONFIGURE, ['0001 08', '00 00 00'], ['0001 08', '00 00 00']);
      assert.equal(nic.open(200_000), PortStatus.pending);
      assert.equal(nic.open(300_000), PortStatus.timeout);
      spi.assertDone();
    });

    it('reports registers that do not keep what is written', () => {
      const spi = new ScriptedSpi();
      const nic = driver(spi);
      const toShar = CONFIGURE.slice(0, 10);
      spi.expect(VERSION, RESET, RESET_ENDED, ...toShar, ['0009 00', '02005e102010']);
      assert.equal(nic.open(0), PortStatus.protocolError);
      spi.expect(VERSION, RESET, RESET_ENDED, ...CONFIGURE, IDLE, pointers(0, 0, 0x0800));
      assert.equal(nic.open(0), PortStatus.protocolError);
      spi.assertDone();
    });

    it('resets the chip when called after ok', () => {
      const { nic, spi } = opened();
      spi.expect(VERSION, RESET, ['0000 00', '80']);
      assert.equal(nic.open(1), PortStatus.pending);
      assert.equal(nic.linkUp(), false);
      spi.assertDone();
    });
  });

  it('reads the link from PHYCFGR', () => {
    const { nic, spi } = opened();
    spi.expect(['002e 00', 'bf'], ['002e 00', 'b8']);
    assert.equal(nic.linkUp(), true);
    assert.equal(nic.linkUp(), false);
    spi.assertDone();
  });

  describe('transmit', () => {
    it('writes the frame, moves Sn_TX_WR and orders SEND, without a wait', () => {
      const { nic, spi } = opened({ tx: 0x1234 });
      const content = frame(60);
      spi.expect(txWrite(0x1234, content), txPointer(0x1234 + 60), SEND);
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
      assert.equal(nic.transmitted, 1);
    });

    it('looks at the SEND before only when the next frame comes', () => {
      const { nic, spi } = opened();
      const [first, second] = [frame(1514, 1), frame(61, 2)];
      spi.expect(txWrite(0, first), txPointer(1514), SEND);
      assert.equal(transmit(nic, first), true);
      spi.expect(['0001 08', '20 00 42']); // not even accepted
      assert.equal(transmit(nic, second), false);
      spi.expect(SEND_BUSY);
      assert.equal(transmit(nic, second), false);
      spi.expect(SEND_OK, CLEAR_SEND_OK, txWrite(1514, second), txPointer(1514 + 61), SEND);
      assert.equal(transmit(nic, second), true);
      spi.assertDone();
      assert.equal(nic.transmitted, 2);
    });

    it('lets the 16-bit pointer wrap', () => {
      const { nic, spi } = opened({ tx: 0xffff });
      const content = frame(100);
      spi.expect(txWrite(0xffff, content), txPointer(99), SEND);
      assert.equal(transmit(nic, content), true);
      spi.expect(SEND_OK, CLEAR_SEND_OK, txWrite(99, content), txPointer(199), SEND);
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
    });

    it('reads Sn_TX_FSR only when the room that it knows of is used up', () => {
      const { nic, spi } = opened();
      const content = frame(1514);
      const fits = Math.floor(16_384 / 1514);
      for (let i = 0; i < fits; i++) {
        if (i > 0) spi.expect(SEND_OK, CLEAR_SEND_OK);
        spi.expect(txWrite(i * 1514, content), txPointer((i + 1) * 1514), SEND);
        assert.equal(transmit(nic, content), true);
      }
      spi.expect(SEND_OK, CLEAR_SEND_OK, ['0020 08', '0100'], ['0020 08', '0100']);
      assert.equal(transmit(nic, content), false, 'TX buffer full');
      spi.expect(['0020 08', '01ff'], ['0020 08', '4000'], ['0020 08', '4000']);
      spi.expect(txWrite(fits * 1514, content), txPointer((fits + 1) * 1514), SEND);
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
    });

    it('drops and counts frames that Ethernet does not have', () => {
      const { nic, spi } = opened();
      assert.equal(nic.transmit(new Uint8Array(13), 0, 13), true);
      assert.equal(nic.transmit(new Uint8Array(1515), 0, 1515), true);
      assert.equal(nic.refusedLength, 2);
      assert.equal(nic.transmitted, 0);
      spi.assertDone();
    });

    it('reopens the socket after TIMEOUT', () => {
      const { nic, spi } = opened();
      const content = frame(60);
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      spi.expect(['0001 08', '00 08 42']);
      assert.equal(transmit(nic, content), false);
      assert.equal(nic.sendTimeouts, 1);
      spi.expect(IDLE, CLOSE, CLOSED, ...CONFIGURE, IDLE, pointers());
      for (let call = 0; call < 3; call++) assert.equal(transmit(nic, content), false);
      spi.assertDone();
      assert.equal(nic.reopened, 1);
      assert.equal(nic.restarted, 0);
    });
  });

  describe('receive', () => {
    it('costs one transaction when nothing has come', () => {
      const { nic, spi } = opened();
      spi.expect(rsr(0));
      assert.equal(receive(nic).length, 0);
      spi.assertDone();
    });

    it('reads length and frame in one transaction', () => {
      const { nic, spi } = opened({ rx: 0x0ff0 });
      const content = frame(60);
      spi.expect(rsr(62), rsr(62), rxRead(0x0ff0, content));
      assert.deepEqual(receive(nic), content);
      spi.assertDone();
      assert.equal(nic.received, 1);
    });

    it('drains several frames with one reading of Sn_RX_RSR', () => {
      const { nic, spi } = opened({ rx: 0xffc0 });
      const frames = [frame(60, 1), frame(1514, 2), frame(14, 3), frame(1518, 4)];
      const total = frames.reduce((sum, content) => sum + content.length + 2, 0);
      spi.expect(rsr(total), rsr(total));
      let at = 0xffc0;
      for (const content of frames) {
        spi.expect(rxRead(at, content));
        assert.deepEqual(receive(nic), content);
        at = (at + content.length + 2) & 0xffff;
      }
      spi.expect(rsr(total)); // nothing given back yet, so nothing new
      assert.equal(receive(nic).length, 0);
      spi.assertDone();
    });

    it('reads Sn_RX_RSR until two readings agree', () => {
      const { nic, spi } = opened();
      const content = frame(60);
      spi.expect(rsr(62), rsr(0x00ff), rsr(186), rsr(186), rxRead(0, content));
      assert.deepEqual(receive(nic), content);
      spi.expect(rxRead(62, content), rxRead(124, content), rsr(186));
      for (const length of [60, 60, 0]) assert.equal(receive(nic).length, length);
      spi.assertDone();
    });

    it('takes the greatest reading when none agree, so that a flood does not stop it', () => {
      const { nic, spi } = opened();
      const content = frame(254);
      // 0x0100 was read while 0x01fc became 0x0300 or the like: torn, too small.
      spi.expect(rsr(0x0100), rsr(0x0200), rsr(0x0110), rsr(0x0300));
      for (let i = 0; i < 3; i++) {
        spi.expect(rxRead(i * 256, content));
        assert.deepEqual(receive(nic), content);
      }
      spi.assertDone();
    });

    it('gives bytes back in lots of 4 KB or more, and lets RECV end before it believes Sn_RX_RSR', () => {
      const { nic, spi } = opened({ rx: 0xf000 });
      const content = frame(1398);
      spi.expect(rsr(4200), rsr(4200));
      for (let i = 0; i < 3; i++) {
        spi.expect(rxRead((0xf000 + i * 1400) & 0xffff, content));
        assert.deepEqual(receive(nic), content);
      }
      spi.expect(['0028 0c 0068'], RECV, ['0001 08', '40 04 42']);
      assert.equal(receive(nic).length, 0, 'RECV is not accepted yet');
      spi.expect(IDLE, rsr(1400), rsr(1400), rxRead(0x0068, content));
      assert.deepEqual(receive(nic), content);
      spi.assertDone();
    });

    it('does not overwrite a command that is not accepted with RECV', () => {
      const { nic, spi } = opened();
      const content = frame(1498);
      spi.expect(rsr(4500), rsr(4500));
      for (let i = 0; i < 3; i++) {
        spi.expect(rxRead(i * 1500, content));
        assert.deepEqual(receive(nic), content);
      }
      spi.expect(txWrite(0, content), txPointer(1498), SEND);
      assert.equal(transmit(nic, content), true);
      spi.expect(['0001 08', '20 00 42'], rsr(4500));
      assert.equal(receive(nic).length, 0);
      spi.expect(SEND_OK, CLEAR_SEND_OK, [`0028 0c ${hex16(4500)}`], RECV, IDLE, rsr(0));
      assert.equal(receive(nic).length, 0);
      spi.expect(txWrite(1498, content), txPointer(2996), SEND); // SEND_OK was seen on the way
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
    });

    it('drops a frame longer than the capacity without reading it, and returns the next', () => {
      const { nic, spi } = opened();
      const next = frame(60);
      spi.expect(rsr(164), rsr(164), ['0000 18', hex16(102)], rxRead(102, next));
      assert.deepEqual(receive(nic, 99), next);
      spi.expect(rsr(164));
      assert.equal(receive(nic, 99).length, 0);
      spi.assertDone();
      assert.equal(nic.droppedTooLong, 1);
      assert.equal(nic.received, 1);
    });

    for (const [length, size, what] of [
      [15, 1000, 'less than an Ethernet header'],
      [0, 1000, 'zero'],
      [63, 62, 'beyond what was received'],
      [1521, 8000, 'longer than any frame'],
      [0xffff, 16384, 'all ones'],
    ] as const) {
      it(`resynchronises at a length that is ${what}`, () => {
        const { nic, spi } = opened({ rx: 0x0200 });
        spi.expect(rsr(size), rsr(size), ['0200 18', hex16(length)]);
        assert.equal(receive(nic).length, 0);
        assert.equal(nic.resynchronised, 1);
        spi.expect(['0001 08', '20 00 42']); // a SEND is still being accepted
        assert.equal(receive(nic).length, 0);
        spi.expect(IDLE, CLOSE, ['0001 08', '10 00 42'], CLOSED, ...CONFIGURE, IDLE, pointers(0, 0x0300));
        for (let call = 0; call < 4; call++) assert.equal(receive(nic).length, 0);
        const content = frame(60);
        spi.expect(rsr(62), rsr(62), rxRead(0x0300, content));
        assert.deepEqual(receive(nic), content);
        spi.assertDone();
        assert.equal(nic.reopened, 1);
        assert.equal(nic.restarted, 0);
      });
    }
  });

  describe('recovery', () => {
    const REOPEN: Transaction[] = [IDLE, CLOSE, CLOSED, ...CONFIGURE, IDLE, pointers()];
    const RESTART: Transaction[] = [VERSION, RESET, RESET_ENDED, ...CONFIGURE, IDLE, pointers()];

    it('resets a chip whose socket is no longer open', () => {
      const { nic, spi } = opened();
      const content = frame(60);
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      spi.expect(['0001 08', '00 00 00']);
      assert.equal(transmit(nic, content), false);
      spi.expect(...RESTART);
      assert.equal(transmit(nic, content), false, 'version');
      assert.equal(receive(nic).length, 0, 'reset and configuration');
      assert.equal(nic.linkUp(), false);
      assert.equal(transmit(nic, content), false, 'pointers');
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
      assert.equal(nic.restarted, 1);
    });

    for (const [size, what] of [
      [0xffff, 'all ones'],
      [16_385, 'more than the buffer'],
    ] as const) {
      it(`resets a chip whose Sn_RX_RSR is ${what}`, () => {
        const { nic, spi } = opened();
        spi.expect(rsr(size), rsr(size));
        assert.equal(receive(nic).length, 0);
        assert.equal(nic.restarted, 1);
        spi.expect(...RESTART, rsr(0));
        for (let call = 0; call < 4; call++) assert.equal(receive(nic).length, 0);
        spi.assertDone();
      });
    }

    it('resets a chip whose Sn_RX_RSR forgot bytes that were not given back', () => {
      const { nic, spi } = opened();
      spi.expect(rsr(62), rsr(62), rxRead(0, frame(60)), rsr(0), rsr(0));
      assert.equal(receive(nic).length, 60);
      assert.equal(receive(nic).length, 0);
      assert.equal(nic.restarted, 1);
      spi.assertDone();
    });

    it('resets a chip whose Sn_TX_FSR is more than the buffer', () => {
      const { nic, spi } = opened();
      const content = frame(1514);
      for (let i = 0; i < 10; i++) {
        if (i > 0) spi.expect(SEND_OK, CLEAR_SEND_OK);
        spi.expect(txWrite(i * 1514, content), txPointer((i + 1) * 1514), SEND);
        assert.equal(transmit(nic, content), true);
      }
      spi.expect(SEND_OK, CLEAR_SEND_OK, ['0020 08', 'ffff'], ['0020 08', 'ffff']);
      assert.equal(transmit(nic, content), false);
      assert.equal(nic.restarted, 1);
      spi.assertDone();
    });

    it('reopens the socket when a SEND does not end within 5 ms of polling', () => {
      const { nic, spi } = opened({ clockHz: TEN_POLLS_HZ });
      const content = frame(60);
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      for (let poll = 0; poll < 10; poll++) {
        assert.equal(nic.stalled, 0);
        spi.expect(SEND_BUSY);
        assert.equal(transmit(nic, content), false);
      }
      assert.equal(nic.stalled, 1);
      assert.equal(nic.reopened, 1);
      spi.expect(...REOPEN);
      for (let call = 0; call < 3; call++) assert.equal(transmit(nic, content), false);
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      for (let poll = 0; poll < 9; poll++) {
        spi.expect(SEND_BUSY);
        assert.equal(transmit(nic, content), false);
      }
      spi.assertDone();
      assert.equal(nic.stalled, 1, 'the count begins again');
    });

    it('lets each SEND take its time', () => {
      const { nic, spi } = opened({ clockHz: TEN_POLLS_HZ });
      const content = frame(60);
      for (let i = 0; i < 5; i++) {
        if (i > 0) spi.expect(SEND_OK, CLEAR_SEND_OK);
        spi.expect(txWrite(i * 60, content), txPointer((i + 1) * 60), SEND);
        assert.equal(transmit(nic, content), true);
        for (let poll = 0; poll < 9; poll++) {
          spi.expect(SEND_BUSY);
          assert.equal(transmit(nic, content), false);
        }
      }
      spi.assertDone();
      assert.equal(nic.stalled, 0);
    });

    /** Three frames read, 4,500 bytes to give back, and a SEND that is polled nine times without an end. */
    function almostStalled(): { nic: W5500; spi: ScriptedSpi } {
      const { nic, spi } = opened({ clockHz: TEN_POLLS_HZ });
      const content = frame(1498);
      spi.expect(rsr(4500), rsr(4500));
      for (let i = 0; i < 3; i++) {
        spi.expect(rxRead(i * 1500, content));
        assert.deepEqual(receive(nic), content);
      }
      spi.expect(txWrite(0, content), txPointer(1498), SEND);
      assert.equal(transmit(nic, content), true);
      for (let poll = 0; poll < 8; poll++) {
        spi.expect(['0001 08', '20 00 42']);
        assert.equal(transmit(nic, content), false);
      }
      return { nic, spi };
    }

    it('touches nothing more when giving bytes back finds the stall', () => {
      const { nic, spi } = almostStalled();
      spi.expect(['0001 08', '20 00 42']);
      assert.equal(transmit(nic, frame(60)), false);
      spi.expect(SEND_BUSY);
      assert.equal(receive(nic).length, 0);
      assert.equal(nic.reopened, 1);
      spi.assertDone();
    });

    it('touches nothing more when waiting for RECV finds the stall', () => {
      const { nic, spi } = almostStalled();
      spi.expect(SEND_BUSY, ['0028 0c 1194'], RECV, SEND_BUSY);
      assert.equal(receive(nic).length, 0);
      assert.equal(nic.reopened, 1);
      spi.assertDone();
    });

    it('touches nothing more when giving bytes back finds the socket closed', () => {
      const { nic, spi } = almostStalled();
      spi.expect(['0001 08', '00 00 00']);
      assert.equal(receive(nic).length, 0);
      assert.equal(nic.restarted, 1);
      assert.equal(nic.reopened, 0);
      spi.assertDone();
    });

    it('forgets what was under way when the socket was reopened', () => {
      const { nic, spi } = opened();
      const content = frame(1498);
      spi.expect(rsr(6000), rsr(6000));
      for (let i = 0; i < 3; i++) {
        spi.expect(rxRead(i * 1500, content));
        assert.deepEqual(receive(nic), content);
      }
      spi.expect(['0028 0c 1194'], RECV, ['1194 18', '0000']);
      assert.equal(receive(nic).length, 0);
      spi.expect(...REOPEN, rsr(1500), rsr(1500), rxRead(0, content));
      for (const length of [0, 0, 0, 1498]) assert.equal(receive(nic).length, length);
      spi.expect(txWrite(0, content), txPointer(1498), SEND);
      assert.equal(transmit(nic, content), true);
      spi.assertDone();
    });

    it('reopens the socket when the TX buffer stays full', () => {
      const { nic, spi } = opened({ clockHz: TEN_POLLS_HZ });
      const content = frame(1514);
      for (let i = 0; i < 10; i++) {
        if (i > 0) spi.expect(SEND_OK, CLEAR_SEND_OK);
        spi.expect(txWrite(i * 1514, content), txPointer((i + 1) * 1514), SEND);
        assert.equal(transmit(nic, content), true);
      }
      spi.expect(SEND_OK, CLEAR_SEND_OK);
      for (let call = 0; call < 10; call++) {
        spi.expect(['0020 08', '0010'], ['0020 08', '0010']);
        assert.equal(transmit(nic, content), false);
      }
      spi.assertDone();
      assert.equal(nic.stalled, 1);
      assert.equal(nic.reopened, 1);
    });

    it('resets the chip when a command stays in Sn_CR, and again when the chip is gone', () => {
      const { nic, spi } = opened({ clockHz: TEN_POLLS_HZ });
      const content = frame(60);
      spi.expect(txWrite(0, content), txPointer(60), SEND);
      assert.equal(transmit(nic, content), true);
      for (let poll = 0; poll < 20; poll++) {
        assert.equal(nic.restarted, 0);
        spi.expect(['0001 08', '20 00 42']);
        assert.equal(transmit(nic, content), false);
      }
      assert.equal(nic.stalled, 1);
      assert.equal(nic.reopened, 1);
      for (const restarts of [1, 2]) {
        assert.equal(nic.restarted, restarts);
        for (let poll = 0; poll < 10; poll++) {
          spi.expect(['0039 00', 'ff']);
          assert.equal(receive(nic).length, 0);
        }
      }
      assert.equal(nic.restarted, 3);
      spi.expect(...RESTART);
      for (let call = 0; call < 3; call++) assert.equal(receive(nic).length, 0);
      spi.assertDone();
    });

    it('goes on with a recovery when open is called', () => {
      const { nic, spi } = opened();
      spi.expect(rsr(100), rsr(100), ['0000 18', '0000']);
      assert.equal(receive(nic).length, 0);
      spi.expect(IDLE, CLOSE);
      assert.equal(nic.open(0), PortStatus.pending);
      spi.expect(CLOSED, ...CONFIGURE, IDLE, pointers());
      assert.equal(nic.open(1), PortStatus.ok);
      spi.assertDone();
    });

    it('begins with a reset when open is called after a recovery', () => {
      const { nic, spi } = opened();
      spi.expect(rsr(100), rsr(100), ['0000 18', '0000'], ...REOPEN);
      for (let call = 0; call < 4; call++) assert.equal(receive(nic).length, 0);
      spi.expect(VERSION, RESET, RESET_ENDED, ...CONFIGURE, IDLE, pointers());
      assert.equal(nic.open(0), PortStatus.ok);
      spi.assertDone();
    });
  });
});
