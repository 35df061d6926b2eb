/**
 * The registers of the WIZnet W5500 that MACRAW mode needs, spelled as in
 * [DS] "W5500 Datasheet", version 1.1.0, WIZnet.
 */

/** Block Select Bits of socket n's register block; its TX buffer is one further, its RX buffer two, [DS] 2.2.2. */
export function socketRegisterBlock(n: number): number {
  return n * 4 + 1;
}

/** Control phase that reads from a block in variable length data mode, [DS] 2.2.2 and 2.3. */
export function controlRead(block: number): number {
  return block << 3;
}

/** Control phase that writes to a block in variable length data mode, [DS] 2.2.2 and 2.3. */
export function controlWrite(block: number): number {
  return (block << 3) | 0x04;
}

// Control phases: BSB[4:0] << 3 | RWB << 2 | OM[1:0], [DS] 2.2.2
export const COMMON_READ = controlRead(0x00); // Common Register Block
export const COMMON_WRITE = controlWrite(0x00);
export const S0_READ = controlRead(socketRegisterBlock(0)); // Socket 0 Register Block
export const S0_WRITE = controlWrite(socketRegisterBlock(0));
export const S0_TX_WRITE = controlWrite(socketRegisterBlock(0) + 1); // Socket 0 TX Buffer Block
export const S0_RX_READ = controlRead(socketRegisterBlock(0) + 2); // Socket 0 RX Buffer Block

// Common Register Block, [DS] 3.1
export const MR = 0x0000; // Mode Register, [DS] 4.1
export const MR_RST = 0x80; // software reset, clears itself
export const MR_PB = 0x10; // ping block
export const SHAR = 0x0009; // Source Hardware Address Register, 6 bytes, [DS] 4.1
export const PHYCFGR = 0x002e; // PHY Configuration Register, [DS] 4.1
export const PHYCFGR_LNK = 0x01; // link status
export const VERSIONR = 0x0039; // Chip Version Register, [DS] 4.1
export const VERSIONR_W5500 = 0x04;

// Socket n Register Block, [DS] 3.2
export const Sn_MR = 0x0000; // Mode Register, [DS] 4.2
export const Sn_MR_MFEN = 0x80; // MAC filter
export const Sn_MR_MMB = 0x20; // multicast blocking
export const Sn_MR_MIP6B = 0x10; // IPv6 packet blocking
export const Sn_MR_MACRAW = 0x04; // P[3:0]
export const Sn_CR = 0x0001; // Command Register, 0 once the command is accepted, [DS] 4.2
export const Sn_CR_OPEN = 0x01;
export const Sn_CR_CLOSE = 0x10;
export const Sn_CR_SEND = 0x20;
export const Sn_CR_RECV = 0x40;
export const Sn_IR = 0x0002; // Interrupt Register, a written 1 clears, [DS] 4.2
export const Sn_IR_SEND_OK = 0x10;
export const Sn_IR_TIMEOUT = 0x08;
export const Sn_IR_ALL = 0x1f;
export const Sn_SR = 0x0003; // Status Register, [DS] 4.2
export const SOCK_CLOSED = 0x00;
export const SOCK_MACRAW = 0x42;
export const Sn_RXBUF_SIZE = 0x001e; // RX Buffer Size Register in KB, next to Sn_TXBUF_SIZE (0x001f), [DS] 4.2
export const Sn_TX_FSR = 0x0020; // TX Free Size Register, 2 bytes, [DS] 4.2
export const Sn_TX_WR = 0x0024; // TX Write Pointer Register, 2 bytes, [DS] 4.2
export const Sn_RX_RSR = 0x0026; // Received Size Register, 2 bytes, [DS] 4.2
export const Sn_RX_RD = 0x0028; // RX Read Data Pointer Register, 2 bytes, [DS] 4.2

/** What one socket can have of either kind of memory, [DS] 3.3. */
export const BUFFER_BYTES = 16_384;
