/** The program's side of a connection, and when it is told what. */
import type { Receiver } from './receiver.js';

/** Who reads and writes a connection. Called between batches of segments, so that it may do anything. */
export interface ConnectionUser {
  /** False while the program has enough: bytes wait in the connection, and the window narrows. */
  readonly wantsData: boolean;
  /** A write waits for room. */
  readonly awaitsRoom: boolean;
  onData(chunk: Buffer): void;
  /** The client has sent its FIN. */
  onEnd(): void;
  onRoom(): void;
  /** Nothing got through for the time that the program has set. */
  onIdle(): void;
  /** The connection is over, and not in order. */
  onError(error: Error): void;
}

/** Hands to the user what the receiver has; the user may leave at any moment. */
export class Delivery {
  user: ConnectionUser | undefined = undefined;
  private readonly receiver: Receiver;
  private ended = false;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
  }

  run(): void {
    while (this.user?.wantsData) {
      const chunk = this.receiver.takeArrived();
      if (chunk === undefined) break;
      this.user.onData(chunk);
    }
    if (this.ended || !this.receiver.finished || this.receiver.unreadBytes > 0) return;
    this.ended = true;
    this.user?.onEnd();
  }
}
