import { SdCard, type SdCardOptions } from '../../../drivers/sd-card/sd-card.js';
import { SdCardModel, type SdCardModelOptions } from '../../../hosts/virtual-board/chips/sd-card-model.js';
import { BlockSpi } from './block-spi.js';
import type { DiskBench } from './disk-suite.js';
import { SparseStorage } from './sparse-storage.js';

export interface ModelBench extends DiskBench {
  readonly disk: SdCard;
  readonly model: SdCardModel;
  readonly storage: SparseStorage;
}

let blocksInOneCall = false;

/** Whether the SPI port of the benches that are made from now on has `readBlocks`. */
export function setBlocksInOneCall(on: boolean): void {
  blocksInOneCall = on;
}

/** Time goes by as the clocked bytes take it, and a little between calls. */
export function makeModelBench(
  sectors = 4096,
  card: Omit<SdCardModelOptions, 'storage'> = {},
  driver: Omit<SdCardOptions, 'spi'> = {},
): ModelBench {
  const storage = new SparseStorage(sectors);
  const model = new SdCardModel({ storage, ...card });
  let elapsedUs = 0;
  let clockedBytes = 0;
  return {
    disk: new SdCard({ spi: blocksInOneCall ? new BlockSpi(model) : model, ...driver }),
    model,
    storage,
    sectorCount: sectors,
    scratchSector: 1000,
    nowUs: () => {
      elapsedUs += ((model.clockedBytes - clockedBytes) * 8_000_000) / (model.clockHz || 400_000);
      clockedBytes = model.clockedBytes;
      return Math.floor(elapsedUs);
    },
    idle: () => void (elapsedUs += 1),
    close: () => {},
  };
}

/** As a bench module must export it, see sd-card.test.ts. */
export const makeBench = (): DiskBench => makeModelBench();
