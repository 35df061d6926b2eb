/** Which content codings a client wants (RFC 9110 12.5.3). */

/** What stands beside NAME, best first. */
export const CONTENT_CODINGS = Object.freeze([
  Object.freeze({ name: 'br', suffix: '.br' } as const),
  Object.freeze({ name: 'zstd', suffix: '.zst' } as const),
  Object.freeze({ name: 'gzip', suffix: '.gz' } as const),
]);
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

export interface CodingPreference {
  /** Codings that the client would rather have than none, best first. */
  readonly codings: readonly ContentCoding[];
  /** The client takes the representation without a coding, too. */
  readonly identity: boolean;
}

const NO_CODING: CodingPreference = Object.freeze({ codings: Object.freeze([]), identity: true });
/** `token [ OWS ";" OWS "q=" qvalue ]` (12.4.2). */
const MEMBER =
  /^(?<coding>[!#$%&'*+\-.^_`|~\da-z]+)(?:[\t ]*;[\t ]*q=(?<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** Without the field anything may be sent, and nothing special is. Members that are malformed do not count. */
export function codingPreference(acceptEncoding: string | undefined): CodingPreference {
  if (acceptEncoding === undefined) return NO_CODING;
  const weights = new Map<string, number>();
  for (const member of acceptEncoding.split(',')) {
    const groups = MEMBER.exec(member.replace(/^[\t ]+|[\t ]+$/g, ''))?.groups;
    if (groups === undefined) continue;
    const coding = groups['coding']!.toLowerCase().replace(/^x-gzip$/, 'gzip');
    if (!weights.has(coding)) weights.set(coding, Number(groups['q'] ?? 1));
  }
  const rest = weights.get('*');
  const weightOf = ({ name }: ContentCoding): number => weights.get(name) ?? rest ?? 0;
  // Not named, it is acceptable, and preferred to nothing that is.
  const identity = weights.get('identity') ?? rest;
  const codings = CONTENT_CODINGS.filter(
    (coding) => weightOf(coding) > 0 && weightOf(coding) >= (identity ?? 0),
  );
  // The sort is stable: among equals ours is the order.
  return { codings: codings.sort((a, b) => weightOf(b) - weightOf(a)), identity: identity !== 0 };
}
