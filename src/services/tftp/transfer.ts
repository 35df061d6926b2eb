/**
 * One transfer to one client (RFC 1350, windows RFC 7440): the board sends the blocks, the client acknowledges them
 * here, and this says which may be sent, and which again. Blocks are counted from 1 and beyond 65,535; on the wire
 * they are modulo 65,536, so that the one after 65,535 is 0.
 */
import type { DelegatedDatagrams, ObjectFacts, UdpPeer, UdpSocket, UdpTimer } from '../../front-end/index.js';
import type { TftpBackEnds } from './back-ends.js';
import type { TftpConfiguration } from './configuration.js';
import type { TftpCounters } from './counters.js';
import { negotiate, type TransferTerms } from './options.js';
import {
  acknowledgedBlock,
  DATA_HEADER,
  DATA_HEADER_BYTES,
  emptyBlock,
  errorPacket,
  opcodeOf,
  optionsPacket,
  printable,
  TftpErrorCode,
  TftpOpcode,
} from './packets.js';
import { AckTimeout } from './timeout.js';

export type TransferOutcome = 'completed' | 'aborted' | 'unanswered' | 'failed';

export interface TransferOptions {
  /** On the transfer's own port; the transfer listens to it, and closes it when it has rested. */
  readonly socket: UdpSocket;
  readonly client: UdpPeer;
  readonly name: string;
  readonly facts: ObjectFacts;
  readonly options: ReadonlyMap<string, string>;
  readonly backEnds: TftpBackEnds;
  readonly configuration: TftpConfiguration;
  readonly counters: TftpCounters;
  /** It is over: nothing more is sent, although the port rests for a while. */
  readonly onEnd: (outcome: TransferOutcome) => void;
}

export class Transfer {
  readonly terms: TransferTerms;
  readonly #o: TransferOptions;
  readonly #sizeBytes: number;
  /** The last one is never full. */
  readonly #lastBlock: number;
  /** The object's bytes from a board; none of an empty one. */
  #datagrams: DelegatedDatagrams | undefined;
  /** The client has these; of the OACK, none. */
  #acknowledged = 0;
  /** These may have been sent. */
  #granted = 0;
  #optionsSent = false;
  /** The last block is empty, granted, and has still to follow what the board sends. */
  #emptyBlockDue = false;
  #sendingAgain = false;
  /** The acknowledgment whose repetition has been answered already. */
  #answeredRepetition = -1;
  #retries = 0;
  /** The client has acknowledged something. */
  #heard = false;
  /** When what waits for its acknowledgment was sent, and sent once only; undefined: not, or more often. */
  #sentAtMs: number | undefined;
  readonly #timeout: AckTimeout;
  readonly #timer: UdpTimer;
  #ended = false;

  constructor(options: TransferOptions) {
    this.#o = options;
    const { socket, client, facts, configuration } = options;
    this.#sizeBytes = facts.size;
    this.terms = negotiate(options.options, facts.size, client.payloadBytes, configuration);
    const { blockBytes, timeoutMs } = this.terms;
    this.#lastBlock = Math.floor(facts.size / blockBytes) + 1;
    this.#timeout = new AckTimeout(timeoutMs, configuration.minTimeoutMs, configuration.timeoutMs);
    this.#timer = socket.createTimer(() => this.#onTimeout());
    socket.on('message', (message, from) => this.#onMessage(message, from));
    socket.on('tooBig', (address, port, payloadBytes) => {
      if (address === client.address && port === client.port) this.#onTooBig(payloadBytes);
    });
    socket.on('unreachable', (address, port) => {
      if (address === client.address && port === client.port) this.#end('aborted');
    });
  }

  begin(): void {
    if (this.terms.accepted.length > 0) this.#sendOptions();
    else this.#beginData();
  }

  /** The client wants something else now: it hears nothing more. */
  abandon(): void {
    this.#end('aborted');
  }

  /** The service closes: the client is told. */
  stop(): void {
    this.#fail('the server stops');
  }

  // ---- What comes ----

  #onMessage(packet: Buffer, from: UdpPeer): void {
    const { client, socket, counters } = this.#o;
    if (String(from) !== String(client)) {
      // RFC 1350 4: somebody else's packet is answered and changes nothing. An ERROR is not, lest two answer for ever.
      counters.strangers++;
      if (opcodeOf(packet) !== TftpOpcode.error)
        socket.send(errorPacket(TftpErrorCode.unknownTransfer, 'not your transfer'), from);
      return;
    }
    if (this.#ended) return;
    if (client.heardAs(from)) this.#datagrams?.pathChanged();
    const block = acknowledgedBlock(packet);
    if (block !== undefined) this.#onAck(block);
    else if (opcodeOf(packet) === TftpOpcode.error) this.#end('aborted');
    else counters.malformed++;
  }

  #onAck(block: number): void {
    const { counters } = this.#o;
    if (this.#granted === 0) {
      // Only an OACK is out: block 0 accepts it.
      if (block !== 0) counters.acksIgnored++;
      else this.#onOptionsAccepted();
      return;
    }
    const ahead = (block - this.#acknowledged) & 0xffff;
    if (ahead === 0) this.#onRepeatedAck();
    else if (ahead > this.#granted - this.#acknowledged) counters.acksIgnored++;
    else this.#onProgress(this.#acknowledged + ahead);
  }

  /**
   * The blocks do not reach the client: it is told which would, since their size can't be changed any more. Heeded
   * before the first one is acknowledged only: from then on whoever says so is mistaken, or wants to disturb.
   */
  #onTooBig(payloadBytes: number): void {
    const most = payloadBytes - DATA_HEADER_BYTES;
    const outstanding = this.#granted > 0 && this.#acknowledged === 0;
    if (outstanding && most > 0 && most < this.terms.blockBytes)
      this.#fail(`these blocks do not reach you; ask for a blksize of at most ${most}`);
  }

  #onOptionsAccepted(): void {
    this.#heard = true;
    this.#measure();
    this.#retries = 0;
    this.#beginData();
  }

  #onProgress(acknowledged: number): void {
    this.#measure();
    this.#retries = 0;
    this.#heard = true;
    this.#acknowledged = acknowledged;
    // What was to be sent again has come before the board's report of it (28 before 27).
    if (acknowledged === this.#granted) this.#sendingAgain = false;
    if (acknowledged === this.#lastBlock) {
      this.#datagrams?.acknowledge(this.#sizeBytes);
      this.#end('completed');
      return;
    }
    this.#datagrams?.acknowledge(this.#offsetAfter(acknowledged));
    // RFC 7440 4: an acknowledgment within a window says that what follows was lost.
    if (acknowledged < this.#granted) this.#sendAgain();
    this.#grantWindow();
  }

  /**
   * With a window of one block a repeated ACK is never answered: each would double every packet that follows (the
   * Sorcerer's Apprentice, RFC 1123 4.2.3.1). In a window it says that the first block was lost, and is answered once.
   */
  #onRepeatedAck(): void {
    const { counters } = this.#o;
    const repeated = this.#acknowledged;
    const sent = this.#datagrams === undefined || this.#datagrams.sentUpTo > this.#offsetAfter(repeated);
    if (this.terms.windowBlocks === 1 || this.#answeredRepetition === repeated || !sent) {
      counters.acksIgnored++;
      return;
    }
    this.#answeredRepetition = repeated;
    this.#sendAgain();
    this.#restartTimer();
  }

  // ---- What goes ----

  #sendOptions(): void {
    const { socket, client } = this.#o;
    socket.send(optionsPacket(this.terms.accepted), client);
    this.#sentAtMs = this.#optionsSent ? undefined : socket.nowMs;
    this.#optionsSent = true;
    this.#restartTimer();
  }

  #beginData(): void {
    const { socket, client, name, facts, backEnds } = this.#o;
    if (this.#sizeBytes > 0) {
      const span = backEnds.createSpan({ name, version: facts.version, length: this.#sizeBytes });
      this.#datagrams = socket.delegate(
        span,
        client,
        { datagramBytes: this.terms.blockBytes, header: DATA_HEADER, firstNumber: 1 },
        {
          onSent: () => this.#onSent(),
          onResent: () => {
            this.#sendingAgain = false;
            this.#onSent();
          },
          onFailed: (error) => this.#fail(error.message),
        },
      );
    }
    this.#grantWindow();
  }

  #grantWindow(): void {
    const granted = Math.min(this.#acknowledged + this.terms.windowBlocks, this.#lastBlock);
    if (granted > this.#granted) {
      this.#granted = granted;
      this.#datagrams?.grant(this.#offsetAfter(granted));
      if (this.#sentAtMs === undefined && !this.#sendingAgain) this.#sentAtMs = this.#o.socket.nowMs;
      if (granted === this.#lastBlock && this.#endsWithEmptyBlock) this.#emptyBlockDue = true;
    }
    this.#sendEmptyBlock();
    this.#restartTimer();
  }

  /** All that is out and not acknowledged. */
  #sendAgain(): void {
    const { counters } = this.#o;
    counters.windowsRepeated++;
    this.#sentAtMs = undefined;
    const from = this.#offsetAfter(this.#acknowledged);
    const to = this.#offsetAfter(this.#granted);
    if (to > from && this.#datagrams !== undefined)
      this.#sendingAgain = this.#datagrams.sendAgain(from, to) || this.#sendingAgain;
    if (this.#granted === this.#lastBlock && this.#endsWithEmptyBlock) this.#emptyBlockDue = true;
    this.#sendEmptyBlock();
  }

  /** The board's blocks are on their way: the time for the acknowledgment runs from here (decision 6). */
  #onSent(): void {
    if (this.#ended) return;
    this.#sendEmptyBlock();
    this.#restartTimer();
  }

  /** Nothing of an object is in it, so it is the front-end's own; last in its window, so that the client answers all. */
  #sendEmptyBlock(): void {
    const { socket, client } = this.#o;
    if (!this.#emptyBlockDue || this.#sendingAgain || !this.#boardHasSent) return;
    this.#emptyBlockDue = false;
    socket.send(emptyBlock(this.#lastBlock), client);
  }

  get #endsWithEmptyBlock(): boolean {
    return this.#sizeBytes % this.terms.blockBytes === 0;
  }

  /** Everything granted has left, for all that is known. */
  get #boardHasSent(): boolean {
    return this.#datagrams === undefined || this.#datagrams.sentUpTo >= this.#offsetAfter(this.#granted);
  }

  #offsetAfter(block: number): number {
    return Math.min(block * this.terms.blockBytes, this.#sizeBytes);
  }

  // ---- Time ----

  #restartTimer(): void {
    if (!this.#ended) this.#timer.start(this.#timeout.ms);
  }

  #measure(): void {
    if (this.#sentAtMs !== undefined) this.#timeout.measured(this.#o.socket.nowMs - this.#sentAtMs);
    this.#sentAtMs = undefined;
  }

  #onTimeout(): void {
    const { configuration, counters } = this.#o;
    if (this.#granted > 0 && !this.#boardHasSent) {
      // The board has not sent it yet, or another takes its place: the delegation looks after itself.
      this.#restartTimer();
      return;
    }
    counters.timeouts++;
    const { retries, firstRetries } = configuration;
    if (this.#retries++ >= (this.#heard ? retries : Math.min(retries, firstRetries))) {
      this.#tell('the acknowledgment did not come');
      this.#end('unanswered');
      return;
    }
    this.#timeout.expired();
    this.#sendingAgain = false;
    if (this.#granted === 0) this.#sendOptions();
    else {
      this.#sendAgain();
      this.#restartTimer();
    }
  }

  // ---- The end ----

  #fail(why: string): void {
    if (this.#ended) return;
    this.#tell(why);
    this.#end('failed');
  }

  #tell(why: string): void {
    const { socket, client } = this.#o;
    socket.send(errorPacket(TftpErrorCode.notDefined, printable(why)), client);
  }

  /** The port rests before it is used again: a board that was not reached is silent after its lease (decision 2). */
  #end(outcome: TransferOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    const { socket, configuration, onEnd } = this.#o;
    this.#timer.stop();
    this.#datagrams?.close();
    socket.createTimer(() => socket.close()).start(configuration.restMs);
    onEnd(outcome);
  }
}
