/** What the test support's statements use and XS does not have. Imported for its effect, before they run. */
class AsciiEncoder {
  encode(text: string): Uint8Array {
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }
}

(globalThis as { TextEncoder: unknown }).TextEncoder ??= AsciiEncoder;
