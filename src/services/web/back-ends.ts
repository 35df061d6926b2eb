/** What the service needs of the boards. */
import type { BackEnds, ObjectFacts } from '../../front-end/index.js';

/** A child of a directory. */
export type DirectoryEntry = Pick<ObjectFacts, 'name' | 'kind' | 'size' | 'modifiedMs'>;

export interface WebBackEnds extends Pick<BackEnds, 'stat' | 'delegate'> {
  /** Needed in mode `relayed`, unless another handler relays. */
  readonly relay?: BackEnds['relay'];
  /**
   * The children of a directory, in any order; their names may be whole paths. Rejects with
   * {@link ObjectNotFoundError} or {@link DelegationError}, before the first or between them.
   */
  readonly list?: (name: string) => AsyncIterable<DirectoryEntry> | Promise<Iterable<DirectoryEntry>>;
}
