/** A port that accepts connections (LISTEN of RFC 9293 3.3.2). */
import type { Connection } from './connection.js';

export class Listener {
  readonly port: number;
  /** Handshakes that are kept at one time; beyond that, SYNs are answered with cookies. */
  readonly backlog: number;
  /** Called before anything of a new connection is delivered; it sets the connection's user. */
  readonly accept: (connection: Connection) => void;
  pending = 0;

  constructor(port: number, backlog: number, accept: (connection: Connection) => void) {
    this.port = port;
    this.backlog = backlog;
    this.accept = accept;
  }
}
