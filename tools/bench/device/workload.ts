/** What the board under measurement is asked for. */
export const Workload = Object.freeze({
  /** One file for each delegation. */
  read: 0,
  /** The root directory, again and again. */
  list: 1,
  /** A small file with the board's own HTTP head, again and again. */
  relay: 2,
  /** One file for each delegation, in numbered UDP datagrams at a pace. */
  datagrams: 3,
} as const);
export type Workload = (typeof Workload)[keyof typeof Workload];
