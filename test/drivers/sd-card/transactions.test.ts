/**
 * What the driver puts on the bus, byte by byte, from [SD] Physical Layer Simplified Specification 9.10. The CRCs are
 * from other sources than the driver's: CMD0 and CMD17 from [SD] 4.5 and 7.2.2, 512 bytes 0xFF from [SD] 4.5, all
 * others from long division, bit by bit, below.
 */
import assert from 'node:assert/strict';
import { SdCard } from '../../../drivers/sd-card/sd-card.js';
import { PortStatus } from '../../../src/back-end/ports.js';
import { RecordingSpi } from './recording-spi.js';

/** CRC7 of a command as its last byte, [SD] 4.5, bit by bit. */
function command(index: number, argument: number): string {
  const b = Buffer.from([0x40 | index, argument >>> 24, argument >>> 16, argument >>> 8, argument]);
  let remainder = 0;
  for (const byte of b)
    for (let bit = 7; bit >= 0; bit--) {
      const top = (remainder >> 6) ^ ((byte >> bit) & 1);
      remainder = ((remainder << 1) & 0x7f) ^ (top ? 0b0001001 : 0);
    }
  return b.toString('hex') + ((remainder << 1) | 1).toString(16).padStart(2, '0');
}

/** CRC16 of a block, [SD] 4.5, bit by bit. */
function crc16(b: Buffer): string {
  let remainder = 0;
  for (const byte of b)
    for (let bit = 7; bit >= 0; bit--) {
      const top = (remainder >> 15) ^ ((byte >> bit) & 1);
      remainder = ((remainder << 1) & 0xffff) ^ (top ? 0x1021 : 0);
    }
  return remainder.toString(16).padStart(4, '0');
}

/** 8 GB, [SD] 5.3.3: C_SIZE 0x3B37. */
const CSD_SDHC = '400e00325b5900003b377f800a40000f';
const SDHC_SECTORS = 0x3b38 * 1024;
/** 32 MB, the example of [SD] 5.3.2 (512-byte blocks, C_SIZE_MULT 3, C_SIZE 2000), TAAC 1.5 ms. */
const CSD_SDSC = '002600325f5981f42db5ff800a40001b';

const RELEASE = `
  deselect
  < ff`;

const IDENTIFICATION = `
  clock 400000
  deselect
  < ff*10                          # 80 clocks without chip select
  select
  > ff 400000000095                # CMD0
  < ff 01 ff*12
  ${RELEASE}
  select
  > ff 48000001aa87                # CMD8
  < ff 01 000001aa ff*8
  ${RELEASE}
  select
  > ff ${command(59, 1)}           # CMD59, CRC on
  < ff 01 ff*12
  ${RELEASE}
  select
  > ff ${command(55, 0)}           # ACMD41, not ready yet
  < ff 01 ff*12
  > ff ${command(41, 0x40000000)}
  < ff 01 ff*12
  ${RELEASE}
  select
  > ff ${command(55, 0)}           # ACMD41, ready
  < ff 01 ff*12
  > ff ${command(41, 0x40000000)}
  < ff*8 00 ff*5
  clock 25000000
  ${RELEASE}`;

const OPEN_SDHC = `
  ${IDENTIFICATION}
  select
  > ff ${command(58, 0)}           # CMD58: idle as QEMU says, CCS
  < ff 01 c0ff8000 ff*8
  ${RELEASE}
  select
  > ff ${command(9, 0)}            # CMD9
  < ff 00 ff fe
  < ${CSD_SDHC}
  < ${crc16(Buffer.from(CSD_SDHC, 'hex'))}
  ${RELEASE}`;

function openCard(transcript: string): { card: SdCard; spi: RecordingSpi; statuses: PortStatus[] } {
  const spi = new RecordingSpi(transcript);
  const card = new SdCard({ spi });
  const statuses: PortStatus[] = [];
  do statuses.push(card.open(statuses.length * 1000));
  while (statuses.at(-1) === PortStatus.pending);
  return { card, spi, statuses };
}

/** An open SDHC card that then sees `transcript`. */
function sdhc(transcript: string): { card: SdCard; spi: RecordingSpi } {
  const { card, spi, statuses } = openCard(OPEN_SDHC + transcript);
  assert.equal(statuses.at(-1), PortStatus.ok);
  return { card, spi };
}

const DATA = Buffer.from(Array.from({ length: 4 * 512 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
const block = (i: number): Buffer => DATA.subarray(i * 512, (i + 1) * 512);
const hex = (b: Buffer): string => b.toString('hex');

describe('SD card transactions: initialisation', () => {
  it('takes an SDHC card from power-up to its capacity', () => {
    const { card, spi, statuses } = openCard(OPEN_SDHC);
    spi.assertDone();
    assert.deepEqual(statuses, [...new Array<number>(6).fill(PortStatus.pending), PortStatus.ok]);
    assert.equal(card.sectorCount, SDHC_SECTORS);
  });

  it('gives an SDSC card its block length', () => {
    const csd = Buffer.from(CSD_SDSC, 'hex');
    const { card, spi, statuses } = openCard(`
      ${IDENTIFICATION}
      select
      > ff ${command(58, 0)}
      < ff 00 80ff8000 ff*8
      ${RELEASE}
      select
      > ff ${command(9, 0)}
      < ff*4                       # a response at the limit of N_CR
      < ff*4
      < 00 ff ff fe
      < ${CSD_SDSC}
      < ${crc16(csd)}
      ${RELEASE}
      select
      > ff ${command(16, 512)}
      < ff 00 ff*12
      ${RELEASE}`);
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.ok);
    assert.equal(card.sectorCount, 2001 * 32);
  });

  it('knows a version 1 card by the illegal CMD8, sends it no HCS, and asks for no CCS', () => {
    const csd = Buffer.from(CSD_SDSC, 'hex');
    const { spi, statuses } = openCard(`
      clock 400000
      deselect
      < ff*10
      select
      > ff 400000000095
      < ff 01 ff*12
      ${RELEASE}
      select
      > ff 48000001aa87
      < ff 05 ff*12
      ${RELEASE}
      select
      > ff ${command(59, 1)}
      < ff 01 ff*12
      ${RELEASE}
      select
      > ff ${command(55, 0)}
      < ff 01 ff*12
      > ff ${command(41, 0)}
      < ff 00 ff*12
      clock 25000000
      ${RELEASE}
      select
      > ff ${command(9, 0)}
      < ff 00 ff fe
      < ${CSD_SDSC}
      < ${crc16(csd)}
      ${RELEASE}
      select
      > ff ${command(16, 512)}
      < ff 00 ff*12
      ${RELEASE}`);
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.ok);
  });

  it('tries CMD0 four times, and clocks out an interrupted transfer after the first', () => {
    const attempt = `
      clock 400000
      deselect
      < ff*10
      select
      > ff 400000000095
      < ff*14`;
    const { spi, statuses } = openCard(
      attempt + '\n< ff*16'.repeat(34) + RELEASE + (attempt + RELEASE).repeat(3),
    );
    spi.assertDone();
    assert.deepEqual(statuses, [1, 1, 1, PortStatus.noMedium]);
  });
});

describe('SD card transactions: cards that cannot be used', () => {
  const start = `
      clock 400000
      deselect
      < ff*10
      select
      > ff 400000000095
      < ff 01 ff*12
      ${RELEASE}`;
  const interfaceCondition = (response: string): string => `
      select
      > ff 48000001aa87
      < ff ${response}
      ${RELEASE}`;

  it('a wrong check pattern is asked for four times, then protocolError', () => {
    const { spi, statuses } = openCard(start + interfaceCondition('01 000001ab ff*8').repeat(4));
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.protocolError);
  });

  it('no common voltage: unsupported', () => {
    const { spi, statuses } = openCard(start + interfaceCondition('01 000000aa ff*8'));
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.unsupported);
  });

  it('an MMC card, which does not know CMD55 or ACMD41: unsupported', () => {
    const crcOn = `
      select
      > ff ${command(59, 1)}
      < ff 01 ff*12
      ${RELEASE}
      select
      > ff ${command(55, 0)}`;
    const noCmd55 = openCard(start + interfaceCondition('05 ff*12') + crcOn + '\n< ff 05 ff*12' + RELEASE);
    noCmd55.spi.assertDone();
    assert.equal(noCmd55.statuses.at(-1), PortStatus.unsupported);
    const noAcmd41 = openCard(
      start +
        interfaceCondition('05 ff*12') +
        crcOn +
        `
      < ff 01 ff*12
      > ff ${command(41, 0)}
      < ff 05 ff*12
      ${RELEASE}`,
    );
    noAcmd41.spi.assertDone();
    assert.equal(noAcmd41.statuses.at(-1), PortStatus.unsupported);
  });

  it('ready, but not powered up: protocolError', () => {
    const { spi, statuses } = openCard(`
      ${IDENTIFICATION}
      select
      > ff ${command(58, 0)}
      < ff 00 40ff8000 ff*8
      ${RELEASE}`);
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.protocolError);
  });

  it('a CSD of an unknown structure: unsupported', () => {
    const csd = 'c0' + CSD_SDHC.slice(2);
    const { spi, statuses } = openCard(
      OPEN_SDHC.replace(CSD_SDHC, csd).replace(
        crc16(Buffer.from(CSD_SDHC, 'hex')),
        crc16(Buffer.from(csd, 'hex')),
      ),
    );
    spi.assertDone();
    assert.equal(statuses.at(-1), PortStatus.unsupported);
  });
});

describe('SD card transactions: reading', () => {
  it('CMD17 for a single sector somewhere', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(17, 0x123456)}
      < ff 00 ff fe
      < ${hex(block(0))}
      < ${crc16(block(0))}
      ${RELEASE}`);
    const b = Buffer.alloc(512 + 8, 0xa5);
    assert.equal(card.read(0, 0x123456, 1, b, 4), PortStatus.ok);
    spi.assertDone();
    assert.equal(hex(b), 'a5a5a5a5' + hex(block(0)) + 'a5a5a5a5');
  });

  it('addresses above 2^31', () => {
    const big = '400e00325b59003ffeff7f800a400001';
    const { card, spi } = openCard(
      OPEN_SDHC.replace(CSD_SDHC, big).replace(
        crc16(Buffer.from(CSD_SDHC, 'hex')),
        crc16(Buffer.from(big, 'hex')),
      ) +
        `
      select
      > ff ${command(17, 0xfffb_0001)}
      < ff 00 ff fe
      < ${hex(block(0))}
      < ${crc16(block(0))}
      ${RELEASE}`,
    );
    assert.equal(card.sectorCount, 4_294_705_152);
    assert.equal(card.read(0, 0xfffb_0001, 1, Buffer.alloc(512), 0), PortStatus.ok);
    spi.assertDone();
  });

  it('one call a sector within a read; the next read continues without a command', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(18, 1000)}
      < ff 00 ff fe
      < ${hex(block(0))} ${crc16(block(0))} ff fe
      < ${hex(block(1))} ${crc16(block(1))} ff ff   # the third block is late
      < ff ff
      < ff*12 fe ${hex(block(2)).slice(0, 6)}
      < ${hex(block(2)).slice(6)}
      < ${crc16(block(2))}
      ${RELEASE}
      select
      < ff fe
      < ${hex(block(3))}
      < ${crc16(block(3))}
      ${RELEASE}`);
    const b = Buffer.alloc(4 * 512 + 1, 0xa5);
    assert.equal(card.read(0, 1000, 3, b, 0), PortStatus.ok);
    assert.equal(card.read(0, 1003, 1, b, 3 * 512), PortStatus.ok);
    spi.assertDone();
    assert.equal(hex(b), hex(DATA) + 'a5');
  });

  it('CMD12 upon the next token ends a run; the byte after it is no response', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(18, 0)}
      < ff 00 ff fe
      < ${hex(block(0))} ${crc16(block(0))} ff fe
      < ${hex(block(1))}
      < ${crc16(block(1))}
      ${RELEASE}
      select
      < ff ff
      < ff*14 ff fe
      > ${command(12, 0)}
      < 3f ff 00 00*11             # R1 is 00, and so is busy
      < 00*8
      < 00*4 ff*4
      > ff ${command(17, 77)}
      < ff 00 ff fe
      < ${hex(block(3))}
      < ${crc16(block(3))}
      ${RELEASE}`);
    const b = Buffer.alloc(1024);
    assert.equal(card.read(0, 0, 2, b, 0), PortStatus.ok);
    assert.equal(card.read(0, 77, 1, b, 0), PortStatus.ok);
    spi.assertDone();
    assert.equal(hex(b.subarray(0, 512)), hex(block(3)));
  });

  it('takes no noise right after CMD12 for a card', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(18, 0)}
      < ff 00 ff fe
      < ${hex(block(0))} ${crc16(block(0))} ff fe
      < ${hex(block(1))}
      < ${crc16(block(1))}
      ${RELEASE}
      select
      < ff fe
      > ${command(12, 0)}
      < 3f ff*13
      ${RELEASE}`);
    const b = Buffer.alloc(1024);
    assert.equal(card.read(0, 0, 2, b, 0), PortStatus.ok);
    assert.equal(card.read(0, 77, 1, b, 0), PortStatus.noMedium);
    spi.assertDone();
  });

  it('a byte that is no token: protocolError, and nothing more until it is opened again', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(17, 0)}
      < ff 00 ff 7f
      ${RELEASE}`);
    const b = Buffer.alloc(512);
    assert.equal(card.read(0, 0, 1, b, 0), PortStatus.protocolError);
    assert.equal(card.read(0, 0, 1, b, 0), PortStatus.noMedium);
    spi.assertDone();
  });

  it('R1: out of range, idle again, illegal', () => {
    for (const [r1, status] of [
      ['40', PortStatus.outOfRange],
      ['20', PortStatus.outOfRange],
      ['01', PortStatus.noMedium],
      ['04', PortStatus.protocolError],
    ] as const) {
      const { card, spi } = sdhc(`
      select
      > ff ${command(17, 0)}
      < ff ${r1} ff ff
      ${RELEASE}`);
      assert.equal(card.read(0, 0, 1, Buffer.alloc(512), 0), status);
      spi.assertDone();
    }
  });

  it('answers pending after about 64 bytes without a token, and goes on with the same command', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(17, 5)}
      < ff 00 ff ff
      < ff ff
      ${'\n< ff*16'.repeat(4)}
      ${RELEASE}
      select
      < ff ff
      < ff*15 fe
      < ${hex(block(0))}
      < ${crc16(block(0))}
      ${RELEASE}`);
    const b = Buffer.alloc(512);
    assert.equal(card.read(0, 5, 1, b, 0), PortStatus.pending);
    assert.equal(card.read(50, 5, 1, b, 0), PortStatus.ok);
    spi.assertDone();
    assert.equal(hex(b), hex(block(0)));
  });
});

describe('SD card transactions: writing', () => {
  const FF_BLOCK = Buffer.alloc(512, 0xff);

  it('CMD24, busy, CMD13', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(24, 9)}
      < ff 00 ff*12
      > ff fe
      > ff*512
      > 7fa1                       # [SD] 4.5
      < e5 00 00 00
      < 00*8
      < 00 00 ff*6
      > ff ${command(13, 0)}
      < ff 00 00 ff*11
      ${RELEASE}`);
    assert.equal(card.write(0, 9, 1, FF_BLOCK, 0), PortStatus.ok);
    spi.assertDone();
  });

  it('CMD25, Stop Tran, busy, CMD13', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(25, 9)}
      < ff 00 ff*12
      > ff fc
      > ${hex(block(0))}
      > ${crc16(block(0))}
      < ff 05 00 ff
      > ff fc
      > ${hex(block(1))}
      > ${crc16(block(1))}
      < 05 00 00 00
      ${'\n< 00*8'.repeat(8)}
      ${RELEASE}
      select
      < 7f ff*7
      > ff fd ff
      < 00*7 ff
      > ff ${command(13, 0)}
      < ff 00 00 ff*11
      ${RELEASE}`);
    assert.equal(card.write(0, 9, 2, DATA, 0), PortStatus.pending);
    assert.equal(card.write(100, 9, 2, DATA, 0), PortStatus.ok);
    spi.assertDone();
  });

  it('CMD12, not Stop Tran, after a rejected block of several; then all blocks again', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(25, 9)}
      < ff 00 ff*12
      > ff fc
      > ${hex(block(0))}
      > ${crc16(block(0))}
      < eb ff ff ff
      > ff ${command(12, 0)}
      < ff ff 00 ff*11
      > ff ${command(25, 9)}
      < ff 00 ff*12
      > ff fc
      > ${hex(block(0))}
      > ${crc16(block(0))}
      < e5 00 ff ff
      > ff fc
      > ${hex(block(1))}
      > ${crc16(block(1))}
      < e5 00 ff ff
      > ff fd ff
      < 00*7 ff
      > ff ${command(13, 0)}
      < ff 00 00 ff*11
      ${RELEASE}`);
    assert.equal(card.write(0, 9, 2, DATA, 0), PortStatus.ok);
    spi.assertDone();
    assert.equal(card.crcErrors, 1);
    assert.equal(card.retries, 1);
  });

  it('is writeError when CMD13 reports anything', () => {
    const { card, spi } = sdhc(`
      select
      > ff ${command(24, 9)}
      < ff 00 ff*12
      > ff fe
      > ff*512
      > 7fa1
      < e5 ff ff ff
      > ff ${command(13, 0)}
      < ff 00 20 ff*11
      ${RELEASE}`);
    assert.equal(card.write(0, 9, 1, FF_BLOCK, 0), PortStatus.writeError);
    spi.assertDone();
  });
});
