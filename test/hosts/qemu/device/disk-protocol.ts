/**
 * How a test drives the disk of an emulated board, through two named pipes. A request is 12 bytes: operation (1), 0 (1),
 * number of sectors (2), first sector (8), then the sectors of a write. The answer is a status (1), then the sectors of
 * a read that was `ok`, or the size of the disk (8).
 */
export const DiskOperation = Object.freeze({ open: 0, read: 1, write: 2, sectorCount: 3 } as const);
export const REQUEST_BYTES = 12;
export const SIZE_BYTES = 8;
export const SECTORS_MAX = 64;
export const SECTOR_BYTES = 512;
export const REQUESTS = 'requests';
export const ANSWERS = 'answers';
