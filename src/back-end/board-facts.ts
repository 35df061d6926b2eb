/** What the board says about its card in announcements and heartbeats. */
import { CardState } from '../wire/atcp/session.js';
import { copy, fill } from '../wire/byte-loops.js';
import { VOLUME_ID_BYTES } from '../volume/sector.js';
import { DiskState } from './disk-controller.js';
import type { DiskController } from './disk-controller.js';

export class BoardFacts {
  readonly #disk: DiskController;

  constructor(disk: DiskController) {
    this.#disk = disk;
  }

  get cardState(): CardState {
    switch (this.#disk.state) {
      case DiskState.ready:
        return CardState.ready;
      case DiskState.noCard:
        return CardState.absent;
      case DiskState.noVolume:
        return CardState.noVolume;
      case DiskState.failed:
        return CardState.failed;
      default:
        return CardState.opening;
    }
  }

  get volumeReady(): boolean {
    return this.#disk.state === DiskState.ready;
  }

  /** 0 while there is no volume, as is the number of sectors. */
  get volumeGeneration(): number {
    return this.volumeReady ? this.#disk.superblock.generation : 0;
  }

  get volumeSectors(): number {
    return this.volumeReady ? this.#disk.superblock.volumeSectors : 0;
  }

  /** 16 bytes; all zero while there is no volume. */
  writeVolumeId(b: Uint8Array, at: number): void {
    if (this.volumeReady) copy(this.#disk.superblock.volumeId, 0, b, at, VOLUME_ID_BYTES);
    else fill(b, at, VOLUME_ID_BYTES, 0);
  }
}
