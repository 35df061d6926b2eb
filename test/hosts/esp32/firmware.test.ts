import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SdCardModel } from '../../../hosts/virtual-board/chips/sd-card-model.js';
import { W5500Model } from '../../../hosts/virtual-board/chips/w5500-model.js';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import { loadProgram, type Program } from './program.js';

/** The board's own configuration, and what mcconfig's arguments add. */
const board = JSON.parse(
  readFileSync(new URL('../../../hosts/esp32/s3_dev_board/manifest.json', import.meta.url), 'utf8'),
) as { config: { nicSelect: number; cardSelect: number } };
const CONFIG = {
  ...board.config,
  boardId: '7',
  boardKey: '000102030405060708090a0b0c0d0e0f',
  sources: '10.77.0.10:80',
};
const { nicSelect, cardSelect } = CONFIG;
const ETHER_TYPE = [0x88, 0xb5];

class Cable {
  readonly frames: Buffer[] = [];

  receive(): number {
    return 0;
  }

  send(b: Uint8Array, at: number, length: number): void {
    this.frames.push(Buffer.from(b.subarray(at, at + length)));
  }
}

class ImageStorage {
  readonly sectorCount: number;
  readonly #image: Uint8Array;

  constructor(image: Uint8Array) {
    this.#image = image;
    this.sectorCount = image.length / 512;
  }

  read(sector: number, count: number, b: Uint8Array, at: number): boolean {
    b.set(this.#image.subarray(sector * 512, (sector + count) * 512), at);
    return true;
  }

  write(): boolean {
    return false;
  }
}

describe('the firmware of the ESP32 board', () => {
  let program: Program;
  let cable: Cable;
  let volume: Uint8Array;

  before(async () => {
    program = await loadProgram();
    volume = await volumeImage(new Map([['a.bin', pattern(50_000, 1)]]));
  });

  function powerOn(withCard: boolean): void {
    program.soc.reset();
    cable = new Cable();
    program.soc.connect(nicSelect, new W5500Model({ network: cable }));
    if (withCard) {
      const storage = new ImageStorage(volume);
      program.soc.connectCard(cardSelect, new SdCardModel({ storage, highCapacity: true }));
    }
    program.startFirmware(CONFIG);
  }

  it('finds card and link on one bus and looks for a front-end from its own MAC address', () => {
    powerOn(true);
    program.soc.run(program.soc.nowUs + 1_500_000);
    assert.ok(program.soc.lines.includes('atcp: looking for the front-end'), program.soc.lines.join('\n'));
    assert.ok(program.soc.lines.includes('atcp: the volume is mounted'));
    assert.equal(cable.frames.length, 2);
    for (const frame of cable.frames) {
      assert.deepEqual([...frame.subarray(6, 12)], [0x34, 0x85, 0x18, 0, 0, 1]);
      assert.deepEqual([...frame.subarray(12, 14)], ETHER_TYPE);
    }
  });

  it('brings the card to SPI mode before it speaks to the other chip', () => {
    powerOn(true);
    const selected = program.soc.transfers.map((transfer) => transfer.selected);
    assert.ok(selected.includes(cardSelect));
    assert.ok(!selected.includes(nicSelect), 'the W5500 was spoken to while the card was not ready');
    program.soc.run(program.soc.nowUs + 10_000);
    assert.ok(program.soc.transfers.some((transfer) => transfer.selected === nicSelect));
  });

  it('gives the card its slow clock, then both the fast one that the slower bears', () => {
    powerOn(true);
    const { transfers, clocks } = program.soc;
    // [SD] 4.2.1: identification at 400 kHz at most; until then every byte.
    assert.equal(transfers[0]!.hz, 400_000);
    program.soc.run(program.soc.nowUs + 100_000);
    assert.equal(transfers.at(-1)!.hz, 25_000_000);
    assert.ok(transfers.every(({ hz }) => hz === 400_000 || hz === 25_000_000));
    // What opening allocates must not recur in service.
    const opened = clocks.length;
    program.soc.run(program.soc.nowUs + 1_000_000);
    assert.equal(clocks.length, opened);
  });

  it('serves without a card, and says so', () => {
    powerOn(false);
    program.soc.run(program.soc.nowUs + 3_000_000);
    assert.ok(
      program.soc.lines.some((line) => line.startsWith('atcp: no card')),
      program.soc.lines.join('\n'),
    );
    assert.ok(cable.frames.length > 0);
  });

  it('returns to the event loop, which feeds the watchdog', () => {
    powerOn(true);
    let longestUs = 0;
    for (let i = 0; i < 500; i++) {
      const startUs = program.soc.nowUs;
      program.soc.run(startUs + 1);
      longestUs = Math.max(longestUs, program.soc.nowUs - startUs);
    }
    assert.ok(longestUs < 1_000_000, `${longestUs} µs in one turn`);
  });

  it('refuses to start without being told who it is', () => {
    program.soc.reset();
    assert.throws(() => program.startFirmware(board.config), /told its boardId/);
  });
});
