/** The Socket n Register Block of the emulated W5500. References as in w5500-model.ts. */

// [DS] 3.2, offsets in the Socket n Register Block
export const Sn_MR = 0x00;
export const Sn_CR = 0x01;
export const Sn_IR = 0x02;
export const Sn_SR = 0x03;
export const Sn_RXBUF_SIZE = 0x1e;
export const Sn_TXBUF_SIZE = 0x1f;
export const Sn_TX_FSR = 0x20;
export const Sn_TX_RD = 0x22;
export const Sn_TX_WR = 0x24;
export const Sn_RX_RSR = 0x26;
export const Sn_RX_RD = 0x28;
export const Sn_RX_WR = 0x2a;

// [DS] 4.2 Sn_MR
export const MODE_MACRAW = 0b0100;
export const MODE_PROTOCOL = 0b1111;

// [DS] 4.2 Sn_CR
export const COMMAND_NONE = 0x00;
export const COMMAND_OPEN = 0x01;
export const COMMAND_CLOSE = 0x10;
export const COMMAND_SEND = 0x20;
export const COMMAND_RECV = 0x40;

// [DS] 4.2 Sn_IR
export const INTERRUPT_SEND_OK = 1 << 4;
export const INTERRUPT_RECV = 1 << 2;
export const INTERRUPT_ALL = 0x1f;

// [DS] 4.2 Sn_SR
export const SOCK_CLOSED = 0x00;
export const SOCK_MACRAW = 0x42;
