/** Somebody who just wants files, one after the other, whatever else goes on. */
import assert from 'node:assert/strict';
import type { Client } from './client.js';
import { MEDIUM } from './site-files.js';
import type { World } from './world.js';

const LOOK_US = 500;

export class HonestTraffic {
  downloads = 0;
  readonly #world: World;
  readonly #pauseUs: number;
  #client: Client;
  #stopping = false;
  #resting = false;
  #done = false;
  #failure: unknown;

  /** `pauseMs` between two downloads, where much time passes. */
  constructor(world: World, pauseMs = 0) {
    this.#world = world;
    this.#pauseUs = pauseMs * 1000;
    this.#client = this.#next();
    this.#look();
  }

  /** Lets the download under way finish; fails unless each one was byte-exact and none took long. */
  async finish(atLeast = 1): Promise<void> {
    this.#stopping = true;
    await this.#world.until(() => this.#done, 60_000, 'the honest download finishes');
    if (this.#failure !== undefined) throw this.#failure as Error;
    assert.ok(this.downloads >= atLeast, `${this.downloads} honest downloads, at least ${atLeast} expected`);
  }

  #next(): Client {
    return this.#world.download('/medium.bin', { bufferBytes: 8_000 });
  }

  #look(): void {
    try {
      this.#check();
    } catch (error) {
      this.#failure = error;
      this.#done = true;
    }
    if (!this.#done) this.#world.clock.in(this.#resting ? this.#pauseUs : LOOK_US, () => this.#look());
  }

  #check(): void {
    if (this.#resting) {
      this.#resting = false;
      this.#client = this.#next();
    }
    const client = this.#client;
    assert.ok(!client.wasReset, 'an honest client is not reset');
    assert.ok(!client.ended, 'an honest client gets all of its answer');
    if (client.receivedBytes < MEDIUM.length) return;
    const [response] = client.responses();
    if (response === undefined) return;
    assert.equal(response.status, 200, response.head);
    assert.equal(Buffer.compare(response.body, MEDIUM), 0, 'every byte of an honest download');
    this.downloads++;
    client.end();
    this.#done = this.#stopping;
    this.#resting = true;
  }
}

type Numbers = Readonly<Record<string, number>>;

/** How far counters have moved since this was called. Fails for a name that is no counter. */
export function watch<Counters extends object>(
  counters: Counters,
): (name: keyof Counters & string) => number {
  const before = { ...counters } as unknown as Numbers;
  return (name) => {
    const now = (counters as unknown as Numbers)[name];
    assert.equal(typeof now, 'number', name);
    return now! - before[name]!;
  };
}
