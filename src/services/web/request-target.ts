/**
 * From the request target (RFC 9112 3.2) to the name of an object. Decoding comes first, once, and dot segments are
 * resolved after it, so that no spelling of ".." leads anywhere but into the volume. A backslash is no character of
 * a URI (RFC 3986 2) and refused, since browsers read it as "/"; escaped, it is a character of a name like others.
 */

export interface RequestTarget {
  /** Components joined by '/', without one at either end; empty for the root. */
  readonly name: string;
  /** The path ended with '/': a directory is meant. */
  readonly directory: boolean;
  /** As it came, with its '?', or empty. */
  readonly rawQuery: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined for a target that is malformed: bad escapes, bytes that are not UTF-8, NUL, or no path at all. */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  // A fragment is never sent (RFC 9110 7.1).
  if (/[^\x21-\x7e]|[\\#]/.test(target)) return undefined;
  const pathAndQuery = originForm(target);
  if (pathAndQuery === undefined) return undefined;
  const question = pathAndQuery.indexOf('?');
  const rawPath = question === -1 ? pathAndQuery : pathAndQuery.slice(0, question);
  const rawQuery = question === -1 ? '' : pathAndQuery.slice(question);
  const path = decodePath(rawPath);
  if (path === undefined || path.includes('\0')) return undefined;
  const components = path.split('/');
  const last = components[components.length - 1]!;
  const directory = last === '' || last === '.' || last === '..';
  return { name: removeDotSegments(components).join('/'), directory, rawQuery };
}

/** Absolute form must be accepted, too (RFC 9112 3.2.2); which authority it names makes no difference here. */
function originForm(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]+(?<rest>.*)$/i.exec(target);
  if (absolute === null) return undefined;
  const rest = absolute.groups!['rest']!;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** RFC 3986 2.1; undefined when an escape is incomplete or the bytes are not UTF-8. */
function decodePath(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  const bytes = Buffer.from(raw, 'latin1');
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i]!;
    if (byte === 0x25) {
      const digits = raw.slice(i + 1, i + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) return undefined;
      byte = parseInt(digits, 16);
      i += 2;
    }
    bytes[length++] = byte;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}

/** RFC 3986 5.2.4: ".." at the root stays at the root. Empty components count for nothing. */
function removeDotSegments(components: readonly string[]): string[] {
  const kept: string[] = [];
  for (const component of components) {
    if (component === '..') kept.pop();
    else if (component !== '' && component !== '.') kept.push(component);
  }
  return kept;
}
