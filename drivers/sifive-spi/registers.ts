/**
 * The registers of the SiFive SPI controller that a polled driver needs, spelled as in
 * [FU540] "SiFive FU540-C000 Manual", v1p0, chapter "Serial Peripheral Interface (SPI)".
 */

export const sckdiv = 0x00; // Serial clock divisor: f_sck = f_in / 2(div + 1)
export const sckdiv_max = 0xfff;
export const sckmode = 0x04; // Serial clock mode: pha, pol
export const csid = 0x10; // Chip select ID
export const csmode = 0x18; // Chip select mode
export const csmode_HOLD = 2; // asserted until something else is wanted
export const csmode_OFF = 3; // hardware control disabled: inactive
export const fmt = 0x40; // Frame format
export const fmt_len_8 = 8 << 16; // eight bits a frame; single protocol, most significant bit first, dir Rx
export const fctrl = 0x60; // SPI flash interface control
export const fctrl_programmed = 0; // en = 0: memory-mapped flash mode off
export const ie = 0x70; // SPI interrupt enable
