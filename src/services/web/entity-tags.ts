/** Entity tags (RFC 9110 8.8.3) and lists of them (13.1.1, 13.1.2). */

/** A strong validator from an object's version: equal versions are equal bytes. */
export function entityTag(version: Uint8Array): string {
  return `"${Buffer.from(version).toString('hex')}"`;
}

/** entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; it may contain commas. */
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/y;
const SEPARATOR = /[\t ,]*/y;

/** The members of a list, or undefined for what is none. Empty members count for nothing (5.6.1.2). */
export function parseEntityTags(list: string): string[] | undefined {
  const tags: string[] = [];
  let at = skipSeparator(list, 0);
  while (at < list.length) {
    ENTITY_TAG.lastIndex = at;
    const match = ENTITY_TAG.exec(list);
    if (match === null) return undefined;
    tags.push(match[0]);
    const end = ENTITY_TAG.lastIndex;
    at = skipSeparator(list, end);
    if (at < list.length && !list.slice(end, at).includes(',')) return undefined;
  }
  return tags;
}

function skipSeparator(list: string, at: number): number {
  SEPARATOR.lastIndex = at;
  SEPARATOR.exec(list);
  return SEPARATOR.lastIndex;
}

/** Strong comparison (8.8.3.2): the same, and neither is weak. */
export function equalStrongly(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/');
}

/** Weak comparison (8.8.3.2). */
export function equalWeakly(a: string, b: string): boolean {
  return a.replace(/^W\//, '') === b.replace(/^W\//, '');
}
