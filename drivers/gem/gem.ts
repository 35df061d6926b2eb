/**
 * Cadence GEM as a plain Ethernet interface, polled: two rings of descriptors in DMA memory, one buffer a frame.
 * Section and register names refer to [TRM], see registers.ts.
 *
 * Memory: receive ring, transmit ring, receive buffers, transmit buffers, in that order from offset 0.
 */
import { type NicPort, PortStatus } from '../../src/back-end/ports.js';
import { copy } from '../../src/wire/byte-loops.js';
import type { GemPort } from './port.js';
import {
  DESCRIPTOR_BYTES,
  dma_cfg,
  dma_cfg_ahb_fixed_burst_len_16,
  dma_cfg_ahb_mem_rx_buf_size,
  dma_cfg_rx_pktbuf_memsz_full,
  dma_cfg_tx_pktbuf_memsz_full,
  DMA_RX_BUFFER_UNIT_BYTES,
  intr_dis,
  intr_en,
  intr_rx_complete,
  intr_status,
  intr_status_all,
  module_id,
  module_id_number,
  MODULE_NUMBERS,
  net_cfg,
  net_cfg_1536_rx_en,
  net_cfg_fcs_remove,
  net_cfg_full_duplex,
  net_cfg_mdc_clk_div_48,
  net_cfg_speed,
  net_ctrl,
  net_ctrl_clear_stat_regs,
  net_ctrl_mgmt_port_en,
  net_ctrl_rx_en,
  net_ctrl_start_tx,
  net_ctrl_tx_en,
  net_status,
  net_status_phy_mgmt_idle,
  PHY_ADDRESSES,
  PHY_IDENTIFIER_1,
  phy_maint,
  phy_maint_clause_22_read,
  phy_maint_phy_addr,
  phy_maint_reg_addr,
  PHY_STATUS,
  PHY_STATUS_LINK,
  rx_qbar,
  rx_status,
  rx_status_all,
  rx_status_buffer_not_avail,
  rx_status_rx_overrun,
  RX_WORD0_USED,
  RX_WORD0_WRAP,
  RX_WORD1_END_OF_FRAME,
  RX_WORD1_LENGTH,
  RX_WORD1_START_OF_FRAME,
  spec_addr1_bot,
  spec_addr1_top,
  tx_qbar,
  tx_status,
  tx_status_all,
  TX_WORD1_LAST,
  TX_WORD1_USED,
  TX_WORD1_WRAP,
} from './registers.js';

const MAC_BYTES = 6;
const BUFFER_BYTES = 1536;
/** Frames to send begin there in their buffers, so that what follows 14 bytes of Ethernet is aligned: copies are faster. */
const TX_SHIFT_BYTES = 2;
const FRAME_BYTES_MIN = 14;
const TRANSMIT_BYTES_MAX = 1518;
const ENABLED = net_ctrl_rx_en | net_ctrl_tx_en | net_ctrl_mgmt_port_en;
const NO_PHY = -1;
/** A management frame takes 64 bits of MDC, at least 26 µs at 2.5 MHz ([TRM] 16.3.9); each poll is a bus access. */
const PHY_POLLS_MAX = 10_000;

/** DMA memory for rings of so many descriptors, a multiple of 64 bytes. */
export function gemDmaBytes(rxBuffers: number, txBuffers: number): number {
  return ringBytes(rxBuffers) + ringBytes(txBuffers) + (rxBuffers + txBuffers) * BUFFER_BYTES;
}

function ringBytes(descriptors: number): number {
  return Math.ceil((descriptors * DESCRIPTOR_BYTES) / 64) * 64;
}

export class Gem implements NicPort {
  readonly macAddress = new Uint8Array(MAC_BYTES);
  readonly segmentationBytes = 0;

  received = 0;
  transmitted = 0;
  /** Received frames longer than the caller's capacity. */
  droppedTooLong = 0;
  /** Received frames that filled more than a buffer, or came without a beginning or an end. */
  droppedBroken = 0;
  /** Frames to send of a length that Ethernet does not have. */
  refusedLength = 0;
  /** Looks at the receive ring that found that frames had been lost for want of a buffer. */
  overruns = 0;

  private readonly port: GemPort;
  private readonly rxBuffers: number;
  private readonly txBuffers: number;
  private readonly txRing: number;
  private readonly rxMemory: number;
  private readonly txMemory: number;
  private ready = false;
  private phy = NO_PHY;
  private rxNext = 0;
  private txNext = 0;

  /**
   * @param options.macAddress six bytes, an individual address; copied
   * @throws RangeError if the MAC address is none, or the DMA memory is too small for the rings
   */
  constructor(options: { port: GemPort; macAddress: Uint8Array; rxBuffers: number; txBuffers: number }) {
    const { port, macAddress, rxBuffers, txBuffers } = options;
    if (macAddress.length !== MAC_BYTES || (macAddress[0]! & 1) !== 0) {
      throw new RangeError('Gem: macAddress must have six bytes and an even first one (no group address)');
    }
    const needed = gemDmaBytes(rxBuffers, txBuffers);
    if (needed > port.dmaBytes) {
      throw new RangeError(`Gem: ${rxBuffers} + ${txBuffers} buffers need ${needed} bytes of DMA memory`);
    }
    copy(macAddress, 0, this.macAddress, 0, MAC_BYTES);
    this.port = port;
    this.rxBuffers = rxBuffers;
    this.txBuffers = txBuffers;
    this.txRing = ringBytes(rxBuffers);
    this.rxMemory = this.txRing + ringBytes(txBuffers);
    this.txMemory = this.rxMemory + rxBuffers * BUFFER_BYTES + TX_SHIFT_BYTES;
  }

  /** Failures: `unsupported` if another module answers, `noMedium` if no PHY does. Never `pending`. */
  open(_nowUs: number): PortStatus {
    const port = this.port;
    this.ready = false;
    if (!MODULE_NUMBERS.includes((port.read(module_id) >>> 16) & module_id_number))
      return PortStatus.unsupported;
    port.write(net_ctrl, 0);
    port.write(net_ctrl, net_ctrl_clear_stat_regs);
    port.write(tx_status, tx_status_all);
    port.write(rx_status, rx_status_all);
    port.write(intr_dis, intr_status_all);
    port.write(intr_status, intr_status_all);
    this.fillRings();
    this.configure();
    port.write(net_ctrl, ENABLED);
    this.phy = this.findPhy();
    if (this.phy === NO_PHY) return PortStatus.noMedium;
    this.ready = true;
    return PortStatus.ok;
  }

  linkUp(): boolean {
    return this.ready && (this.readPhy(this.phy, PHY_STATUS) & PHY_STATUS_LINK) !== 0;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    if (!this.ready) return 0;
    const port = this.port;
    for (let i = 0; i < this.rxBuffers; i++) {
      const slot = this.rxNext;
      if ((port.readWord(slot * DESCRIPTOR_BYTES) & RX_WORD0_USED) === 0) {
        return 0;
      }
      const length = this.take(slot, b, at, capacity);
      this.giveBack(slot);
      if (length > 0) return length;
    }
    return 0;
  }

  /** A frame of impossible length is counted and dropped: to try it again would not help. */
  transmit(b: Uint8Array, at: number, length: number): boolean {
    if (!this.ready) return false;
    if (length < FRAME_BYTES_MIN || length > TRANSMIT_BYTES_MAX) {
      this.refusedLength++;
      return true;
    }
    const port = this.port;
    const slot = this.txNext;
    const descriptor = this.txRing + slot * DESCRIPTOR_BYTES;
    const isLast = slot + 1 === this.txBuffers;
    const word1 = isLast ? length | TX_WORD1_LAST | TX_WORD1_WRAP : length | TX_WORD1_LAST;
    if (!port.post(b, at, length, this.txMemory + slot * BUFFER_BYTES, descriptor + 4, word1)) return false;
    port.write(net_ctrl, ENABLED | net_ctrl_start_tx);
    this.txNext = isLast ? 0 : slot + 1;
    this.transmitted++;
    return true;
  }

  /** Copies the frame in the buffer out; 0 when it has to be dropped. */
  private take(slot: number, b: Uint8Array, at: number, capacity: number): number {
    const status = this.port.readWord(slot * DESCRIPTOR_BYTES + 4);
    const whole = RX_WORD1_START_OF_FRAME | RX_WORD1_END_OF_FRAME;
    const length = status & RX_WORD1_LENGTH;
    if ((status & whole) !== whole || length < FRAME_BYTES_MIN || length > BUFFER_BYTES) {
      this.droppedBroken++;
      return 0;
    }
    if (length > capacity) {
      this.droppedTooLong++;
      return 0;
    }
    this.port.load(this.rxMemory + slot * BUFFER_BYTES, b, at, length);
    this.received++;
    return length;
  }

  private giveBack(slot: number): void {
    const port = this.port;
    const isLast = slot + 1 === this.rxBuffers;
    const address = port.dmaAddress + this.rxMemory + slot * BUFFER_BYTES;
    port.writeWord(slot * DESCRIPTOR_BYTES, isLast ? address | RX_WORD0_WRAP : address);
    this.rxNext = isLast ? 0 : slot + 1;
    if (isLast) this.acknowledge();
  }

  /** Once a round: what the controller noted, and the interrupt that may have ended a sleep. */
  private acknowledge(): void {
    const port = this.port;
    const status = port.read(rx_status);
    if ((status & (rx_status_buffer_not_avail | rx_status_rx_overrun)) !== 0) this.overruns++;
    port.write(rx_status, rx_status_all);
  }

  private fillRings(): void {
    const port = this.port;
    for (let slot = 0; slot < this.rxBuffers; slot++) {
      const address = port.dmaAddress + this.rxMemory + slot * BUFFER_BYTES;
      port.writeWord(slot * DESCRIPTOR_BYTES + 4, 0);
      port.writeWord(
        slot * DESCRIPTOR_BYTES,
        slot + 1 === this.rxBuffers ? address | RX_WORD0_WRAP : address,
      );
    }
    for (let slot = 0; slot < this.txBuffers; slot++) {
      const descriptor = this.txRing + slot * DESCRIPTOR_BYTES;
      const wrap = slot + 1 === this.txBuffers ? TX_WORD1_WRAP : 0;
      port.writeWord(descriptor, port.dmaAddress + this.txMemory + slot * BUFFER_BYTES);
      port.writeWord(descriptor + 4, TX_WORD1_USED | wrap);
    }
    this.rxNext = 0;
    this.txNext = 0;
  }

  private configure(): void {
    const port = this.port;
    const mac = this.macAddress;
    port.write(rx_qbar, port.dmaAddress);
    port.write(tx_qbar, port.dmaAddress + this.txRing);
    port.write(spec_addr1_bot, mac[0]! | (mac[1]! << 8) | (mac[2]! << 16) | (mac[3]! << 24));
    port.write(spec_addr1_top, mac[4]! | (mac[5]! << 8));
    port.write(
      net_cfg,
      net_cfg_speed | net_cfg_full_duplex | net_cfg_1536_rx_en | net_cfg_fcs_remove | net_cfg_mdc_clk_div_48,
    );
    port.write(
      dma_cfg,
      dma_cfg_ahb_fixed_burst_len_16 |
        dma_cfg_rx_pktbuf_memsz_full |
        dma_cfg_tx_pktbuf_memsz_full |
        ((BUFFER_BYTES / DMA_RX_BUFFER_UNIT_BYTES) << dma_cfg_ahb_mem_rx_buf_size),
    );
    port.write(intr_en, intr_rx_complete);
  }

  /** The first address at which somebody has an identifier. */
  private findPhy(): number {
    for (let phy = 0; phy < PHY_ADDRESSES; phy++) {
      const identifier = this.readPhy(phy, PHY_IDENTIFIER_1);
      if (identifier !== 0xffff && identifier !== 0) return phy;
    }
    return NO_PHY;
  }

  /** A register of a PHY, or 0xFFFF when nobody answers. */
  private readPhy(phy: number, register: number): number {
    const port = this.port;
    port.write(
      phy_maint,
      phy_maint_clause_22_read | (phy << phy_maint_phy_addr) | (register << phy_maint_reg_addr),
    );
    for (let polls = 0; polls < PHY_POLLS_MAX; polls++) {
      if ((port.read(net_status) & net_status_phy_mgmt_idle) !== 0) return port.read(phy_maint) & 0xffff;
    }
    return 0xffff;
  }
}
