/**
 * Pre-compressed variants: NAME.br, NAME.zst, NAME.gz beside NAME. To look for them costs a `stat` each. Those that
 * are there are known to the delegation layer, as long as their volume does not change; those that are not are
 * remembered here, for a short time and only for the version of NAME beside which they were missing: who changes a
 * site changes NAME, and who adds variants later waits a few seconds.
 */
import { ObjectNotFoundError, type ObjectFacts } from '../../front-end/index.js';
import type { WebBackEnds } from './back-ends.js';
import type { ContentCoding } from './content-coding.js';

/** Names of variants that are remembered as missing. */
const MAX_ABSENT = 4096;

interface Absence {
  readonly baseVersion: Uint8Array;
  readonly untilMs: number;
}

export interface Variant {
  readonly facts: ObjectFacts;
  readonly coding: ContentCoding;
}

export class Variants {
  readonly #backEnds: WebBackEnds;
  readonly #absentMs: number;
  readonly #clock: () => number;
  /** By the variant's name, oldest first. */
  readonly #absent = new Map<string, Absence>();

  constructor(backEnds: WebBackEnds, absentMs: number, clock: () => number) {
    this.#backEnds = backEnds;
    this.#absentMs = absentMs;
    this.#clock = clock;
  }

  /** The first of `codings` in which `base` is there. */
  async find(base: ObjectFacts, codings: readonly ContentCoding[]): Promise<Variant | undefined> {
    const candidates = codings.filter(({ suffix }) => !this.#isAbsent(base, base.name + suffix));
    if (candidates.length === 0) return undefined;
    const found = await Promise.all(candidates.map((coding) => this.#look(base, coding)));
    return found.find((variant) => variant !== undefined);
  }

  async #look(base: ObjectFacts, coding: ContentCoding): Promise<Variant | undefined> {
    const name = base.name + coding.suffix;
    try {
      const facts = await this.#backEnds.stat(name);
      if (facts.kind === 'file') return { facts, coding };
    } catch (error) {
      // Any other failure says nothing about the variant; NAME itself will do.
      if (!(error instanceof ObjectNotFoundError || error instanceof RangeError)) return undefined;
    }
    this.#rememberAbsent(base, name);
    return undefined;
  }

  #isAbsent(base: ObjectFacts, name: string): boolean {
    const absence = this.#absent.get(name);
    if (absence === undefined) return false;
    if (this.#clock() < absence.untilMs && Buffer.compare(absence.baseVersion, base.version) === 0)
      return true;
    this.#absent.delete(name);
    return false;
  }

  #rememberAbsent(base: ObjectFacts, name: string): void {
    this.#absent.delete(name);
    if (this.#absent.size >= MAX_ABSENT) this.#absent.delete(this.#absent.keys().next().value!);
    this.#absent.set(name, { baseVersion: base.version, untilMs: this.#clock() + this.#absentMs });
  }
}
