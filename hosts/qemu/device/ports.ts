/**
 * The register ports of the emulated board's controllers, and its clock, console and entropy for the firmware. The
 * host functions are the methods: no JavaScript lies between a driver and C.
 */
import type { GemPort } from '../../../drivers/gem/port.js';
import type { SifiveSpiPort } from '../../../drivers/sifive-spi/sifive-spi.js';
import type { ConsolePort, EntropyPort } from '../../../src/back-end/ports.js';
import { copy, sipHash } from '../../../src/wire/byte-loops.js';
import { put32 } from '../../../src/wire/bytes.js';
import { nativeFunction } from '../../xs/device/native.js';
import * as mcu from './mcu.js';

/** Must agree with DMA_BYTES of native/mcu-gem.c: {@link gemDmaBytes} of the rings below. */
export const GEM_DMA_BYTES = 13_952;
export const GEM_RX_BUFFERS = 6;
export const GEM_TX_BUFFERS = 3;
/** tlclk of the FU540-C000 is half of its core clock of 1 GHz. */
export const SPI_INPUT_HZ = 500_000_000;

export class McuGemPort implements GemPort {
  readonly read = nativeFunction('xs_mcu_gem_read') as GemPort['read'];
  readonly write = nativeFunction('xs_mcu_gem_write') as GemPort['write'];
  readonly readWord = nativeFunction('xs_mcu_dma_read_word') as GemPort['readWord'];
  readonly writeWord = nativeFunction('xs_mcu_dma_write_word') as GemPort['writeWord'];
  readonly load = nativeFunction('xs_mcu_dma_load') as GemPort['load'];
  readonly post = nativeFunction('xs_mcu_dma_post') as GemPort['post'];
  readonly dmaAddress = (nativeFunction('xs_mcu_dma_address') as () => number)();
  readonly dmaBytes = GEM_DMA_BYTES;
}

export class McuSpiPort implements SifiveSpiPort {
  readonly read = nativeFunction('xs_mcu_spi_read') as SifiveSpiPort['read'];
  readonly write = nativeFunction('xs_mcu_spi_write') as SifiveSpiPort['write'];
  readonly clockOut = nativeFunction('xs_mcu_spi_clock_out') as SifiveSpiPort['clockOut'];
  readonly clockIn = nativeFunction('xs_mcu_spi_clock_in') as SifiveSpiPort['clockIn'];
  readonly readBlocks = nativeFunction('xs_mcu_spi_read_blocks') as SifiveSpiPort['readBlocks'];
}

export class McuConsole implements ConsolePort {
  readonly write = mcu.print;
}

const SEED_BYTES = 16;
const HASH_BYTES = 8;

/**
 * QEMU's board has no source of entropy. Whoever starts it passes a seed of 16 random bytes; SipHash in counter mode
 * expands it, over what differs from one boot with that seed to the next. A real board has a generator in hardware.
 */
export class SeededEntropy implements EntropyPort {
  readonly #seed = new Uint8Array(SEED_BYTES);
  /** Facts of this boot, and a counter behind them. */
  readonly #block = new Uint8Array(mcu.BOOT_FACTS_BYTES + 4);
  readonly #hash = new Uint8Array(HASH_BYTES);
  #counter = 0;

  constructor(seed: Uint8Array) {
    copy(seed, 0, this.#seed, 0, SEED_BYTES);
    mcu.bootFacts(this.#block);
  }

  fill(b: Uint8Array, at: number, length: number): void {
    for (let done = 0; done < length; done += HASH_BYTES) {
      put32(this.#block, mcu.BOOT_FACTS_BYTES, ++this.#counter);
      sipHash(this.#seed, 0, this.#block, 0, this.#block.length, this.#hash, 0);
      copy(this.#hash, 0, b, at + done, Math.min(HASH_BYTES, length - done));
    }
  }
}
