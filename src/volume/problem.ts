/** Why a piece of a volume is not what it should be; every `check…` of the format answers one of these. */
export type VolumeProblem =
  | 'ok'
  /** MBR: bytes 510 and 511 are not 0x55 0xAA. */
  | 'no-mbr'
  /** MBR: no entry of the volume's partition type. */
  | 'no-partition'
  /** The sector does not begin with the magic of its kind: something else, or nothing, was written here. */
  | 'magic'
  /** The CRC-32C does not fit: damaged, or written for another volume, place or object. */
  | 'crc'
  /** Made by a later, incompatible version of the format. */
  | 'format-version'
  /** Uses an incompatible feature that this reader does not know. */
  | 'feature'
  /** Regions overlap, lie outside the partition, or have sizes that the format does not allow. */
  | 'geometry'
  /** The medium is smaller than the volume. */
  | 'truncated'
  /** The sector's own number is not that of its place. */
  | 'number'
  | 'kind'
  | 'path'
  /** A count beyond what the sector holds. */
  | 'count'
  /** An object's size and the space that it has do not go together. */
  | 'size'
  /** An extent is empty or lies outside the data region. */
  | 'extent'
  /** A chain of sectors leads somewhere that it can't. */
  | 'link';
