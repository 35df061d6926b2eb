/** The whole firmware over its drivers and models of its chips: what every engine must be able to run. */
import { SdCard } from '../../drivers/sd-card/sd-card.js';
import { W5500 } from '../../drivers/w5500/w5500.js';
import { SdCardModel } from '../../hosts/virtual-board/chips/sd-card-model.js';
import { W5500Model } from '../../hosts/virtual-board/chips/w5500-model.js';
import { Board } from '../../src/back-end/board.js';
import { BoardState } from '../../src/back-end/state-machine.js';
import { get16 } from '../../src/wire/bytes.js';
import { EtherType } from '../../src/wire/ethernet.js';
import { bytes, counting, expectValue, vectors } from './vector.js';

const CARD_SECTORS = 2048;
const SECONDS = 3;
const ETHER_TYPE_AT = 12;

/** A cable on which nothing comes in. */
class QuietCable {
  sent = 0;
  atcpFrames = 0;

  receive(): number {
    return 0;
  }

  send(b: Uint8Array, at: number): void {
    this.sent++;
    if (get16(b, at + ETHER_TYPE_AT) === EtherType.atcp) this.atcpFrames++;
  }
}

/** A card of zeros. */
class EmptyStorage {
  readonly sectorCount = CARD_SECTORS;

  read(_sector: number, count: number, b: Uint8Array, at: number): boolean {
    b.fill(0, at, at + count * 512);
    return true;
  }

  write(): boolean {
    return false;
  }
}

export const boardVectors = vectors({
  name: 'board: finds its link, looks for a front-end and says that the card has no volume',
  run() {
    const cable = new QuietCable();
    const lines: string[] = [];
    const board = new Board(
      {
        nic: new W5500({
          spi: new W5500Model({ network: cable }),
          macAddress: bytes('020000000001'),
        }),
        disk: new SdCard({ spi: new SdCardModel({ storage: new EmptyStorage(), highCapacity: true }) }),
        entropy: { fill: (b, at, length) => void b.fill(0x5a, at, at + length) },
        console: { write: (line) => void lines.push(line) },
      },
      { boardId: 1, boardKey: counting(16), etherType: EtherType.atcp, pseudoSources: [] },
    );
    let nowUs = 0;
    while (nowUs < SECONDS * 1e6) nowUs = Math.max(nowUs + 1, board.step(nowUs));
    expectValue(board.state, BoardState.seeking, 'state');
    expectValue(
      lines.includes('atcp: the card has no volume; make one with "atcp volume make"'),
      true,
      'said',
    );
    // One a second, the first at once.
    expectValue(cable.sent, SECONDS, 'frames');
    expectValue(cable.atcpFrames, SECONDS, 'ATCP frames');
  },
});
