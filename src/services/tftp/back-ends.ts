import type { ObjectFacts, ObjectRange, Span } from '../../front-end/index.js';

/** What the service needs of the delegation layer; `BackEnds` is one. */
export interface TftpBackEnds {
  stat(name: string): Promise<ObjectFacts>;
  createSpan(range: ObjectRange): Span;
}
