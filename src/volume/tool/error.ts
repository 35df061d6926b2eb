import type { VolumeProblem } from '../problem.js';

/** A failure that the user can do something about: what happened, and what to do. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  readonly cure: string;

  /** `cause` without and `cure` with the verb first, both without a full stop. */
  constructor(cause: string, cure: string) {
    super(`${cause}; ${cure}`);
    this.cure = cure;
  }
}

const EXPLANATIONS: Readonly<Record<VolumeProblem, string>> = Object.freeze({
  ok: 'sound',
  'no-mbr': 'no master boot record (bytes 510 and 511 are not 55 AA)',
  'no-partition': 'the master boot record has no partition of type DA, which a volume has',
  magic: 'something else, or nothing, is where a sector of this kind should be (magic)',
  crc: 'damaged, or written for another volume or object (CRC-32C)',
  'format-version': 'made by a later, incompatible version of atcp',
  feature: 'uses a feature that this version of atcp does not know, or has a journal to be replayed',
  geometry: 'its regions overlap or lie outside the partition',
  truncated: 'the volume is larger than its medium',
  number: 'the sector belongs to another place (its own number differs)',
  kind: 'the kind is not one that can be here',
  path: 'the path is malformed or does not fit',
  count: 'a count is larger than the sector',
  size: 'the size of the object and the space that it has do not go together',
  extent: 'an extent is empty or outside the data region',
  link: 'a link to another record leads nowhere or to the wrong one',
});

export function explain(problem: VolumeProblem): string {
  return EXPLANATIONS[problem];
}

/** "ENOENT"-like code of a failed system call, or an empty string. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** A system error in a user's words: what was tried and why it failed. */
export function systemError(attempt: string, error: unknown): VolumeError {
  if (error instanceof VolumeError) return error;
  const code = systemErrorCode(error);
  const known = REASONS.get(code);
  if (known !== undefined) return new VolumeError(`${attempt}: ${known[0]}`, known[1]);
  const text = error instanceof Error ? error.message : String(error);
  return new VolumeError(`${attempt}: ${text}`, 'see the system error for the cause');
}

const REASONS = new Map<string, readonly [cause: string, cure: string]>([
  ['ENOENT', ['there is no such file or directory', 'check the path']],
  ['EACCES', ['permission denied', 'change the permissions or run as a user who may']],
  ['EPERM', ['not permitted', 'run as a user who may']],
  ['EISDIR', ['it is a directory', 'name a file']],
  ['ENOTDIR', ['part of the path is not a directory', 'check the path']],
  ['ENOSPC', ['the file system is full', 'free some space or choose another place']],
  ['EFBIG', ['the file system cannot hold a file of this size', 'choose another file system']],
  ['EBUSY', ['the device is in use', 'unmount its file systems first']],
  ['EROFS', ['the file system or card is read-only', 'release the write protection']],
  ['EIO', ['the medium failed', 'try another card or reader']],
  ['EMFILE', ['too many open files', 'raise the limit (ulimit -n)']],
]);
