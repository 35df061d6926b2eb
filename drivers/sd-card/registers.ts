/**
 * Commands, responses, tokens, registers and times of an SD memory card in SPI mode, spelled as in
 *
 * [SD]  "SD Specifications, Part 1, Physical Layer Simplified Specification", version 9.10, SD Association;
 *       (the full edition, not the simplified one, prints the bus timing of 7.5);
 * [SDM] "SanDisk SD Card Product Manual", version 2.2, SanDisk: bus timing in 5.23 and 5.24.
 */

// Commands, [SD] 7.3.1.3, Table 7-3
export const GO_IDLE_STATE = 0; // CMD0: reset; with CS low it selects SPI mode, [SD] 7.2.1
export const SEND_IF_COND = 8; // CMD8: interface condition, answers R7
export const SEND_CSD = 9; // CMD9: the CSD as a block of 16 bytes, [SD] 7.2.6
export const STOP_TRANSMISSION = 12; // CMD12: ends a read, or a write that went wrong; answers R1b
export const SEND_STATUS = 13; // CMD13: answers R2
export const SET_BLOCKLEN = 16; // CMD16: block length of an SDSC card
export const READ_SINGLE_BLOCK = 17; // CMD17
export const READ_MULTIPLE_BLOCK = 18; // CMD18: blocks until CMD12
export const WRITE_BLOCK = 24; // CMD24
export const WRITE_MULTIPLE_BLOCK = 25; // CMD25: blocks until the Stop Tran token
export const APP_CMD = 55; // CMD55: the next command is an ACMD
export const READ_OCR = 58; // CMD58: answers R3
export const CRC_ON_OFF = 59; // CMD59, [SD] 7.2.2
export const SD_SEND_OP_COND = 41; // ACMD41: starts and polls the card's initialisation, [SD] 7.3.1.3, Table 7-4

// Command format, [SD] 7.3.1.1
export const START_AND_TRANSMISSION_BITS = 0x40;
export const END_BIT = 0x01;

// Arguments
export const VHS_AND_CHECK_PATTERN = 0x1aa; // CMD8: 2.7–3.6 V (bit 8), check pattern 0xAA, [SD] 7.3.1.4
export const VOLTAGE_ACCEPTED = 0x01; // byte 3 of R7, low nibble, [SD] 7.3.2.6
export const CHECK_PATTERN = 0xaa; // byte 4 of R7, [SD] 7.3.2.6
export const CRC_ON = 1; // CMD59
export const HCS = 0x4000_0000; // ACMD41: the host supports SDHC and SDXC, [SD] 7.2.1

// R1, [SD] 7.3.2.1
export const IN_IDLE_STATE = 0x01;
export const ILLEGAL_COMMAND = 0x04;
export const COM_CRC_ERROR = 0x08;
export const ADDRESS_ERROR = 0x20;
export const PARAMETER_ERROR = 0x40;
export const R1_ZERO_BIT = 0x80; // always 0 in an R1; nothing answered while it reads 1

// OCR, the four bytes after R1 in R3, [SD] 5.1: bits 31 and 30
export const OCR_POWERED_UP = 0x80;
export const OCR_CCS = 0x40; // Card Capacity Status: SDHC or SDXC

// Tokens, [SD] 7.3.3.2
export const START_BLOCK = 0xfe; // CMD17, CMD18, CMD24, CMD9
export const START_BLOCK_MULTIPLE_WRITE = 0xfc; // CMD25
export const STOP_TRAN = 0xfd; // CMD25
export const IDLE_BYTE = 0xff; // what the line reads while nobody pulls it low

// Data response token xxx0sss1, [SD] 7.3.3.1
export const DATA_RESPONSE_MARK_MASK = 0x11;
export const DATA_RESPONSE_MARK = 0x01;
export const DATA_RESPONSE_MASK = 0x1f;
export const DATA_ACCEPTED = 0x05;
export const DATA_CRC_ERROR = 0x0b;
export const DATA_WRITE_ERROR = 0x0d;

// Data error token 0000eeee, [SD] 7.3.3.3: bits 0–2 are error, CC error and card ECC failed
export const DATA_ERROR_ZERO_BITS = 0xf0;
export const DATA_ERROR_OUT_OF_RANGE = 0x08;

// CSD, 16 bytes, the most significant first, [SD] 5.3
export const CSD_BYTES = 16;
export const CSD_STRUCTURE_VERSION_1 = 0; // [SD] 5.3.1
export const CSD_STRUCTURE_VERSION_2 = 1;

// Times
export const POWER_UP_CLOCKS = 80; // at least 74 with CS high, [SD] 6.4.1.1
export const IDENTIFICATION_CLOCK_HZ = 400_000; // f_OD, the most before ACMD41 reports ready, [SD] 4.2.1 and 6.6.6
export const DEFAULT_SPEED_CLOCK_HZ = 25_000_000; // TRAN_SPEED 0x32, [SD] 5.3.2
export const NCR_BYTES = 8; // a response comes after at most this many bytes, [SD] 7.5.4, [SDM] 5.24
export const INITIALISATION_TIMEOUT_US = 1_000_000; // first ACMD41 to ready, [SD] 4.2.3
// [SD] 4.6.2.1 for SDHC and SDXC. SDSC cards may promise less in their CSD, but not all keep that; none may take longer.
export const READ_TIMEOUT_US = 100_000;
export const WRITE_TIMEOUT_US = 1_000_000; // cards may be busy for 500 ms, hosts are to wait longer, [SD] 4.6.2.2
