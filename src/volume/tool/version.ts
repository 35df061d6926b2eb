/**
 * Object versions as this tool chooses them: the first 16 bytes of a SHA-256 over all that a reply may depend on, so
 * that two boards filled from the same files at any time have the same versions, and boards with the same version
 * send the same bytes. The name is no part of it: the version of a renamed object stays.
 */
import { createHash, type Hash } from 'node:crypto';
import { put64 } from '../../wire/bytes.js';
import { VERSION_BYTES, type ObjectKind } from '../record.js';

const DOMAIN = Buffer.from('ATCP object version 1\0', 'ascii');

export class VersionHash {
  private readonly hash: Hash = createHash('sha256');

  /** The hash over domain text, kind (1 byte), size and modification time in ms (8 bytes each, big-endian) … */
  constructor(kind: ObjectKind, sizeBytes: number, modifiedMs: number) {
    const head = Buffer.alloc(17);
    head[0] = kind;
    put64(head, 1, sizeBytes);
    put64(head, 9, modifiedMs);
    this.hash.update(DOMAIN).update(head);
  }

  /** … of a file: and its content; */
  addContent(b: Uint8Array): void {
    this.hash.update(b);
  }

  /** … of a directory: and for each child, in the order of the names' bytes, the name, a zero byte, its version. */
  addChild(name: Uint8Array, version: Uint8Array): void {
    this.hash.update(name).update('\0').update(version);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.hash.digest().subarray(0, VERSION_BYTES));
  }
}
