/**
 * The one door from TypeScript to C on a host that embeds XS: `native(name)` returns a host function. It is
 * called as it is, because on XS a native call is cheaper than a call of a JavaScript function.
 */
declare function native(name: string): unknown;

/** The host function of that name; throws a ReferenceError when the host has none. */
export function nativeFunction(name: string): unknown {
  return native(name);
}
