/** Every size that the volume format fixes, in one place; `test/volume/limits.test.ts` cross-checks them. */

/** Unit of allocation, bytes and sectors. */
export const BLOCK_BYTES = 4096;
export const BLOCK_SECTORS = 8;

/** Unit of data checksums: what one CRC covers, bytes and sectors. */
export const UNIT_BYTES = 4096;
export const UNIT_SECTORS = 8;

/** Data units behind one checksum sector, and the sectors of such a group. */
export const GROUP_UNITS = 127;
export const GROUP_SECTORS = 1 + GROUP_UNITS * UNIT_SECTORS;

/** Longest path in bytes of UTF-8. */
export const MAX_PATH_BYTES = 255;

/** Largest object: 2^32 units. */
export const MAX_OBJECT_BYTES = 2 ** 44;

/** Partition start in sectors: 1 MiB, as every partitioning tool aligns. */
export const PARTITION_START = 2048;

/** Most index buckets that a lookup reads; a volume states its own, smaller or equal, limit. */
export const MAX_PROBES = 64;
