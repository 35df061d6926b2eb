/**
 * A board without hardware: the firmware over its real drivers, over models of its chips, over what the place
 * supplies.
 *
 *   Board ─ NicPort ─ W5500 driver ─ SPI ─ W5500Model ─ Wire ─ frames
 *         ─ DiskPort ─ SdCard driver ─ SPI ─ SdCardModel ─ image file
 *
 * A model that is used against its datasheet throws; nobody catches that, so the process ends with the message.
 */
import { SdCard } from '../../../drivers/sd-card/sd-card.js';
import { W5500 } from '../../../drivers/w5500/w5500.js';
import { Board } from '../../../src/back-end/board.js';
import type { ConsolePort, EntropyPort } from '../../../src/back-end/ports.js';
import { SdCardModel } from '../chips/sd-card-model.js';
import { W5500Model } from '../chips/w5500-model.js';
import type { VirtualHost } from './host.js';
import type { BoardOptions } from './options.js';
import { Wire } from './wire.js';

const SECTOR_BYTES = 512;
/** Sizes of SDHC and SDXC cards go in steps of 512 KB; SDSC cards end at 2 GB. */
const HIGH_CAPACITY_STEP = 1024;
const STANDARD_CAPACITY_MAX = 4_194_304;

/** The card image in sectors, as the card model wants it. */
class ImageStorage {
  readonly sectorCount: number;
  readonly #host: VirtualHost;

  constructor(host: VirtualHost) {
    this.#host = host;
    this.sectorCount = Math.floor(host.imageBytes / SECTOR_BYTES);
  }

  read(sector: number, count: number, b: Uint8Array, at: number): boolean {
    return this.#host.readImage(sector * SECTOR_BYTES, b, at, count * SECTOR_BYTES);
  }

  write(sector: number, count: number, b: Uint8Array, at: number): boolean {
    return this.#host.writeImage(sector * SECTOR_BYTES, b, at, count * SECTOR_BYTES);
  }
}

class HostEntropy implements EntropyPort {
  readonly #host: VirtualHost;

  constructor(host: VirtualHost) {
    this.#host = host;
  }

  fill(b: Uint8Array, at: number, length: number): void {
    this.#host.fillEntropy(b, at, length);
  }
}

class HostConsole implements ConsolePort {
  readonly #host: VirtualHost;

  constructor(host: VirtualHost) {
    this.#host = host;
  }

  write(line: string): void {
    this.#host.print(line);
  }
}

function insertCard(storage: ImageStorage): SdCardModel {
  const sectors = storage.sectorCount;
  const highCapacity = sectors % HIGH_CAPACITY_STEP === 0 || sectors > STANDARD_CAPACITY_MAX;
  const card = new SdCardModel({ storage, highCapacity });
  if (card.sectorCount === sectors) return card;
  throw new Error(`no card has ${sectors} sectors of 512 bytes: make the card image a multiple of 512 KB`);
}

export class VirtualBoard {
  readonly nicModel: W5500Model;
  readonly cardModel: SdCardModel;
  readonly #board: Board;
  readonly #host: VirtualHost;

  constructor(host: VirtualHost, options: BoardOptions) {
    this.#host = host;
    this.nicModel = new W5500Model({ network: new Wire(host) });
    this.cardModel = insertCard(new ImageStorage(host));
    this.#board = new Board(
      {
        nic: new W5500({ spi: this.nicModel, macAddress: options.macAddress }),
        disk: new SdCard({ spi: this.cardModel }),
        entropy: new HostEntropy(host),
        console: new HostConsole(host),
      },
      options.provisioning,
    );
  }

  /** A line about frames that were lost for want of room; empty when there were none. */
  losses(lostByHost: number, unsent: number): string {
    const lostByNic = this.nicModel.socket.droppedFull;
    if (lostByHost + lostByNic + unsent === 0) return '';
    return `frames lost: ${lostByHost} in the host's receive buffer, ${lostByNic} in the NIC's, ${unsent} not sent`;
  }

  /**
   * Steps the firmware until it wants to wait, at most `maxSteps` times; then hands the wait to the host. Returns
   * false when there is more to do at once.
   */
  turn(maxSteps: number): boolean {
    const host = this.#host;
    const board = this.#board;
    for (let i = 0; i < maxSteps; i++) {
      const wakeUs = board.step(host.nowUs());
      if (wakeUs > host.nowUs()) {
        host.waitUntil(wakeUs);
        return true;
      }
    }
    return false;
  }
}
