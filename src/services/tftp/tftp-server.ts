/**
 * A TFTP server for reading (RFC 1350): boards send the blocks. Requests come to one port, each transfer has a port
 * of its own. What would write is denied, and so is `netascii`, which would have to change the bytes on their way.
 */
import {
  NotAFileError,
  ObjectNotFoundError,
  RangeNotInObjectError,
  type UdpPeer,
  type UdpSocket,
  type UdpStack,
} from '../../front-end/index.js';
import type { TftpBackEnds } from './back-ends.js';
import { tftpConfiguration, type TftpConfiguration } from './configuration.js';
import { TftpCounters } from './counters.js';
import { objectName } from './object-name.js';
import {
  errorPacket,
  opcodeOf,
  parseReadRequest,
  printable,
  type ReadRequest,
  RequestError,
  TftpErrorCode,
  TftpOpcode,
} from './packets.js';
import { Transfer, type TransferOutcome } from './transfer.js';

export interface TftpServerOptions {
  /** The front-end's ({@link FrontEnd.udp}). */
  readonly udp: Pick<UdpStack, 'bind' | 'bindWithin'>;
  readonly backEnds: TftpBackEnds;
  readonly configuration?: Partial<TftpConfiguration>;
}

/** From the request on: what it asks for, and the transfer once the object has been looked up. */
interface Entry {
  readonly request: string;
  readonly address: string;
  transfer?: Transfer;
}

export class TftpServer {
  readonly configuration: TftpConfiguration;
  readonly counters = new TftpCounters();
  readonly #options: TftpServerOptions;
  readonly #socket: UdpSocket;
  /** By the client's address and port. */
  readonly #entries = new Map<string, Entry>();
  readonly #perClient = new Map<string, number>();

  /** Serves from now on. Throws EADDRINUSE when the port is taken, a RangeError for a setting that can't be. */
  constructor(options: TftpServerOptions) {
    this.configuration = tftpConfiguration(options.configuration);
    this.#options = options;
    this.#socket = options.udp.bind(this.configuration.port);
    this.#socket.on('message', (packet, from) => this.#onPacket(packet, from));
  }

  /** Transfers under way. */
  get transfers(): number {
    return this.#entries.size;
  }

  /** Takes no more requests; tells the clients of transfers under way that they are over. */
  close(): void {
    this.#socket.close();
    for (const { transfer } of [...this.#entries.values()]) transfer?.stop();
    this.#entries.clear();
  }

  #onPacket(packet: Buffer, from: UdpPeer): void {
    const opcode = opcodeOf(packet);
    // An ERROR is never answered; neither is what is no packet at all.
    if (opcode === TftpOpcode.error || packet.length < 4) {
      this.counters.malformed++;
      return;
    }
    this.counters.requests++;
    try {
      if (opcode === TftpOpcode.wrq)
        throw new RequestError(TftpErrorCode.accessViolation, 'files are not written here');
      if (opcode !== TftpOpcode.rrq)
        throw new RequestError(TftpErrorCode.illegalOperation, 'requests only at this port');
      this.#onReadRequest(parseReadRequest(packet), from, packet.toString('latin1'));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#refuse(from, error.code, error.message);
    }
  }

  #onReadRequest(request: ReadRequest, from: UdpPeer, text: string): void {
    const { configuration, counters } = this;
    if (request.mode === 'netascii')
      throw new RequestError(TftpErrorCode.notDefined, 'ask for mode octet: netascii is not served');
    if (request.mode !== 'octet')
      throw new RequestError(TftpErrorCode.illegalOperation, `no mode "${printable(request.mode)}"`);
    const name = objectName(request.name, configuration.directory);
    const known = this.#entries.get(String(from));
    if (known?.request === text) {
      counters.requestsRepeated++;
      return;
    }
    // The client has begun anew from the same port: what it asked for before it no longer wants.
    known?.transfer?.abandon();
    if (known !== undefined) this.#remove(String(from), known);
    const count = this.#perClient.get(from.address) ?? 0;
    if (this.#entries.size >= configuration.maxTransfers || count >= configuration.maxTransfersPerClient)
      throw new RequestError(TftpErrorCode.notDefined, 'too many transfers; try again later');
    const entry: Entry = { request: text, address: from.address };
    this.#entries.set(String(from), entry);
    this.#perClient.set(from.address, count + 1);
    void this.#serve(entry, name, request, from);
  }

  async #serve(entry: Entry, name: string, request: ReadRequest, client: UdpPeer): Promise<void> {
    const { configuration, counters } = this;
    const { backEnds, udp } = this.#options;
    try {
      const facts = await backEnds.stat(name);
      // Meanwhile the client may have asked for something else, or the service may have been closed.
      if (this.#entries.get(String(client)) !== entry) return;
      if (facts.kind !== 'file') throw new RequestError(TftpErrorCode.accessViolation, 'that is a directory');
      const socket = udp.bindWithin(configuration.firstTransferPort, configuration.lastTransferPort);
      if (socket === undefined)
        throw new RequestError(TftpErrorCode.notDefined, 'too many transfers; try again later');
      const { options } = request;
      const onEnd = (outcome: TransferOutcome): void => {
        counters[outcome]++;
        this.#remove(String(client), entry);
      };
      entry.transfer = new Transfer({
        socket,
        client,
        name,
        facts,
        options,
        backEnds,
        configuration,
        counters,
        onEnd,
      });
      entry.transfer.begin();
    } catch (error) {
      if (this.#entries.get(String(client)) !== entry) return;
      this.#remove(String(client), entry);
      const { code, message } = refusal(error);
      this.#refuse(client, code, message);
    }
  }

  #remove(client: string, entry: Entry): void {
    if (this.#entries.get(client) !== entry) return;
    this.#entries.delete(client);
    const left = this.#perClient.get(entry.address)! - 1;
    if (left > 0) this.#perClient.set(entry.address, left);
    else this.#perClient.delete(entry.address);
  }

  #refuse(client: UdpPeer, code: TftpErrorCode, message: string): void {
    this.counters.refused++;
    this.#socket.send(errorPacket(code, message), client);
  }
}

/** What the client is told. */
function refusal(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ObjectNotFoundError)
    return new RequestError(TftpErrorCode.fileNotFound, 'there is no such file');
  if (error instanceof NotAFileError)
    return new RequestError(TftpErrorCode.accessViolation, 'that is not a file');
  if (error instanceof RangeError && !(error instanceof RangeNotInObjectError))
    return new RequestError(TftpErrorCode.accessViolation, 'that is not the name of a file here');
  return new RequestError(TftpErrorCode.notDefined, 'the file can not be read now; try again later');
}

/** Serves from now on; see {@link TftpServer}. */
export function createTftpServer(options: TftpServerOptions): TftpServer {
  return new TftpServer(options);
}
