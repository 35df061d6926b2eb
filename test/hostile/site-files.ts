/** What the boards of these tests hold; the card is made once. */
import { pattern, volumeImage } from '../back-end/support/volume-image.js';
import { layoutOf } from './card.js';

export const SMALL = pattern(700, 1);
export const MEDIUM = pattern(60_000, 2);
export const LARGE = pattern(400_000, 3);

let made: Promise<Uint8Array> | undefined;

/** A fresh copy of the card's image. */
export async function siteCard(): Promise<Uint8Array> {
  made ??= makeCard();
  return (await made).slice();
}

/** The index hashes names under a key of the volume's own: a volume is made anew until no two share a bucket. */
async function makeCard(): Promise<Uint8Array> {
  const files = new Map([
    ['small.bin', SMALL],
    ['medium.bin', MEDIUM],
    ['large.bin', LARGE],
  ]);
  for (;;) {
    const card = await volumeImage(files);
    const { bucket } = layoutOf(card);
    if (new Set([...files.keys()].map(bucket)).size === files.size) return card;
  }
}
