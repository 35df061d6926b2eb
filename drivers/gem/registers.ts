/**
 * The registers and buffer descriptors of the Cadence Gigabit Ethernet MAC that a polled driver needs, spelled as in
 * [TRM] "Zynq-7000 SoC Technical Reference Manual", UG585, AMD: appendix B, "Gigabit Ethernet Controller (GEM)", and
 * chapter 16 for descriptors and PHY management. The GEMGXL of the SiFive FU540-C000 is a later revision of the same
 * controller ([FU540] "SiFive FU540-C000 Manual", chapter "Gigabit Ethernet Subsystem").
 */

export const net_ctrl = 0x000; // Network Control
export const net_ctrl_rx_en = 1 << 2;
export const net_ctrl_tx_en = 1 << 3;
export const net_ctrl_mgmt_port_en = 1 << 4;
export const net_ctrl_clear_stat_regs = 1 << 5;
export const net_ctrl_start_tx = 1 << 9;

export const net_cfg = 0x004; // Network Configuration
export const net_cfg_speed = 1 << 0; // 100 Mbit/s
export const net_cfg_full_duplex = 1 << 1;
export const net_cfg_1536_rx_en = 1 << 8; // frames of up to 1,536 bytes: with a VLAN tag
export const net_cfg_fcs_remove = 1 << 17;
export const net_cfg_mdc_clk_div_48 = 3 << 18;

export const net_status = 0x008; // Network Status
export const net_status_phy_mgmt_idle = 1 << 2;

export const dma_cfg = 0x010; // DMA Configuration
export const dma_cfg_ahb_fixed_burst_len_16 = 0x10;
export const dma_cfg_rx_pktbuf_memsz_full = 3 << 8;
export const dma_cfg_tx_pktbuf_memsz_full = 1 << 10;
export const dma_cfg_ahb_mem_rx_buf_size = 16; // shift; in units of 64 bytes
export const DMA_RX_BUFFER_UNIT_BYTES = 64;

export const tx_status = 0x014; // Transmit Status, a written 1 clears
export const tx_status_all = 0x1ff;
export const rx_qbar = 0x018; // Receive Buffer Queue Base Address
export const tx_qbar = 0x01c; // Transmit Buffer Queue Base Address
export const rx_status = 0x020; // Receive Status, a written 1 clears
export const rx_status_buffer_not_avail = 1 << 0;
export const rx_status_rx_overrun = 1 << 2;
export const rx_status_all = 0xf;
export const intr_status = 0x024; // Interrupt Status, a written 1 clears
export const intr_status_all = 0x03ffffff;
export const intr_en = 0x028; // Interrupt Enable
export const intr_rx_complete = 1 << 1;
export const intr_dis = 0x02c; // Interrupt Disable

export const phy_maint = 0x034; // PHY Maintenance
export const phy_maint_clause_22_read = 0x6002_0000; // start 01, operation 10 (read), "must be 10"
export const phy_maint_phy_addr = 23; // shift
export const phy_maint_reg_addr = 18; // shift

export const spec_addr1_bot = 0x088; // Specific Address 1 Bottom [31:0]
export const spec_addr1_top = 0x08c; // Specific Address 1 Top [47:32]; writing it turns the filter on

export const module_id = 0x0fc; // Module ID
/** Bits 27:16, the module's number: 2 in the GEM of the Zynq-7000, 7 in the GEM_GXL of the FU540. */
export const module_id_number = 0x0fff;
export const MODULE_NUMBERS: readonly number[] = Object.freeze([0x002, 0x007]);

// Buffer descriptors are two words, [TRM] tables 16-2 and 16-3.
export const DESCRIPTOR_BYTES = 8;
export const RX_WORD0_USED = 1 << 0; // the controller has filled the buffer
export const RX_WORD0_WRAP = 1 << 1; // last descriptor of the ring
export const RX_WORD1_LENGTH = 0x1fff;
export const RX_WORD1_START_OF_FRAME = 1 << 14;
export const RX_WORD1_END_OF_FRAME = 1 << 15;
export const TX_WORD1_LAST = 1 << 15; // the frame ends in this buffer
export const TX_WORD1_WRAP = 1 << 30;
export const TX_WORD1_USED = 1 << 31; // not to be sent, or sent: negative as a signed integer

// PHY registers, IEEE 802.3 22.2.4.
export const PHY_STATUS = 1;
export const PHY_STATUS_LINK = 1 << 2;
export const PHY_IDENTIFIER_1 = 2;
export const PHY_ADDRESSES = 32;
