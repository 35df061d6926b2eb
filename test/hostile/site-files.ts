/** What the boards of these tests hold; the card is made once. */
import { pattern, volumeImage } from '../back-end/support/volume-image.js';

export const SMALL = pattern(700, 1);
export const MEDIUM = pattern(60_000, 2);
export const LARGE = pattern(400_000, 3);

let made: Promise<Uint8Array> | undefined;

/** A fresh copy of the card's image. */
export async function siteCard(): Promise<Uint8Array> {
  made ??= volumeImage(
    new Map([
      ['small.bin', SMALL],
      ['medium.bin', MEDIUM],
      ['large.bin', LARGE],
    ]),
  );
  return (await made).slice();
}
