/**
 * The emulated board, put together:
 *
 *   Board ─ NicPort ─ Gem ─ registers and DMA memory
 *         ─ DiskPort ─ SdCard ─ SpiPort ─ SifiveSpi ─ registers
 */
import { Gem } from '../../../drivers/gem/gem.js';
import { SdCard } from '../../../drivers/sd-card/sd-card.js';
import { SifiveSpi } from '../../../drivers/sifive-spi/sifive-spi.js';
import { decodeHex, decodeIdentity, IDENTITY_MAX_BYTES, type Identity } from './identity.js';
import * as mcu from './mcu.js';
import { GEM_RX_BUFFERS, GEM_TX_BUFFERS, McuGemPort, McuSpiPort, SPI_INPUT_HZ } from './ports.js';

/** What QEMU was told about this board. */
export function readIdentity(): Identity {
  const text = new Uint8Array(2 * IDENTITY_MAX_BYTES);
  return decodeIdentity(text, decodeHex(text, mcu.commandLine(text, text.length)));
}

export function makeNic(macAddress: Uint8Array): Gem {
  return new Gem({
    port: new McuGemPort(),
    macAddress,
    rxBuffers: GEM_RX_BUFFERS,
    txBuffers: GEM_TX_BUFFERS,
  });
}

export function makeCard(): SdCard {
  return new SdCard({
    spi: new SifiveSpi({ port: new McuSpiPort(), inputHz: SPI_INPUT_HZ }),
    exclusiveBus: true,
  });
}
