/**
 * Mode `decoded` ([0019]): the front-end understands the request, asks the boards what the object is, writes the
 * head, and has a board send the bytes straight to the client.
 */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { NotAFileError, type ObjectFacts, ObjectNotFoundError } from '../../front-end/index.js';
import type { DirectoryEntry, WebBackEnds } from './back-ends.js';
import type { WebConfiguration } from './configuration.js';
import { codingPreference } from './content-coding.js';
import { contentType, isCompressedFormat } from './content-type.js';
import { DIRECTORY_PAGE_POLICY, directoryPage } from './directory-page.js';
import { evaluatePreconditions } from './preconditions.js';
import { type Representation, RepresentationSender } from './representation.js';
import type { Later, RequestHandler, WebRequest } from './request-handler.js';
import { redirectToDirectory, respondWithStatus } from './responses.js';
import { Variants } from './variants.js';

export class DecodedHandler implements RequestHandler {
  readonly #backEnds: WebBackEnds;
  readonly #configuration: WebConfiguration;
  readonly #clock: () => number;
  readonly #variants: Variants;
  readonly #sender: RepresentationSender;

  constructor(backEnds: WebBackEnds, configuration: WebConfiguration, clock: () => number) {
    this.#backEnds = backEnds;
    this.#configuration = configuration;
    this.#clock = clock;
    this.#variants = new Variants(backEnds, configuration.absentVariantMs, clock);
    this.#sender = new RepresentationSender(backEnds, configuration, clock);
  }

  async handle(request: WebRequest, response: ServerResponse): Promise<Later | undefined> {
    const { target } = request;
    if (target.directory) return this.#handleDirectory(request, response);
    const facts = await this.#backEnds.stat(target.name);
    if (facts.kind === 'file') return this.#handleFile(request, response, facts);
    redirectToDirectory(response, target, this.#configuration.cacheControl);
    return undefined;
  }

  /**
   * Behind other answers it may wait for long, and the object be another one by then: it begins again when it is its
   * turn, with facts that, if nothing has changed, are at hand. The head says which version is to follow.
   */
  async #handleFile(
    request: WebRequest,
    response: ServerResponse,
    facts: ObjectFacts,
  ): Promise<Later | undefined> {
    const representation = await this.#represent(request, facts);
    if (response.destroyed) return undefined;
    if (response.socket === null) return () => this.handle(request, response);
    if (representation === undefined) respondWithStatus(response, 406, { Vary: 'Accept-Encoding' });
    else this.#sender.send(request, response, representation);
    return undefined;
  }

  /** Undefined when the client refuses the object as it is, and nothing else is there (RFC 9110 12.5.3). */
  async #represent({ headers }: WebRequest, facts: ObjectFacts): Promise<Representation | undefined> {
    const type = contentType(facts.name);
    if (!this.#configuration.precompressed || isCompressedFormat(type))
      return { facts, contentType: type, coding: undefined, negotiated: false };
    const { codings, identity } = codingPreference(oneValue(headers['accept-encoding']));
    const variant = await this.#variants.find(facts, codings);
    if (variant === undefined && !identity) return undefined;
    return { facts, coding: undefined, ...variant, contentType: type, negotiated: true };
  }

  async #handleDirectory(request: WebRequest, response: ServerResponse): Promise<Later | undefined> {
    const { name } = request.target;
    const index = await this.#fileOrError(childName(name, this.#configuration.indexName));
    if (!(index instanceof Error)) return this.#handleFile(request, response, index);
    if (!this.#configuration.listing || this.#backEnds.list === undefined) throw index;
    await this.#sendListing(request, response, this.#backEnds.list(name));
    return undefined;
  }

  /** The facts of a file, or why there is none of that name; rejects with everything else. */
  async #fileOrError(name: string): Promise<ObjectFacts | Error> {
    try {
      const facts = await this.#backEnds.stat(name);
      return facts.kind === 'file' ? facts : new NotAFileError(name);
    } catch (error) {
      // RangeError: longer than names can be.
      if (error instanceof ObjectNotFoundError || error instanceof RangeError) return error;
      throw error;
    }
  }

  async #sendListing(
    request: WebRequest,
    response: ServerResponse,
    children: ReturnType<NonNullable<WebBackEnds['list']>>,
  ): Promise<void> {
    const limit = this.#configuration.maxListingEntries;
    const entries: DirectoryEntry[] = [];
    let left = false;
    for await (const entry of await children) {
      left = entries.length === limit;
      if (left) break;
      entries.push(entry);
    }
    if (response.destroyed) return;
    const page = Buffer.from(directoryPage(request.target.name, entries, left));
    const etag = `"${createHash('sha256').update(page).digest('hex').slice(0, 32)}"`;
    const verdict = evaluatePreconditions(
      request.headers,
      { etag, lastModifiedMs: undefined },
      this.#clock(),
    );
    if (verdict === 'preconditionFailed') {
      respondWithStatus(response, 412);
      return;
    }
    const common = { ETag: etag, 'Cache-Control': this.#configuration.cacheControl };
    if (verdict === 'notModified') {
      response.writeHead(304, common).end();
      return;
    }
    response.writeHead(200, {
      ...common,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': page.length,
      'Content-Security-Policy': DIRECTORY_PAGE_POLICY,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(page);
  }
}

function childName(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

function oneValue(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(', ') : field;
}
