/**
 * What time does to a connection: delayed ACKs, retransmissions, probes of a silent client (RFC 9293 3.8.4, 3.8.6.1),
 * and the program's own patience. One entry in the stack's heap stands for all of them.
 */
import type { Connection } from './connection.js';
import { IdleWatch } from './idle-watch.js';
import { Probes } from './probes.js';
import type { TcpSettings } from './settings.js';

export class ConnectionTimers {
  /** The program's own timeout; once it has let go, how long the connection is kept without it. */
  readonly idle = new IdleWatch();
  private readonly connection: Connection;
  private readonly probes: Probes;

  constructor(connection: Connection, settings: TcpSettings) {
    this.connection = connection;
    this.probes = new Probes(settings);
  }

  /** When {@link run} has something to do; Infinity for never. */
  get nextUs(): number {
    const { receiver, sender } = this.connection;
    return Math.min(receiver.ackAtUs, sender.timerAtUs, this.probes.atUs, this.idle.atUs);
  }

  setKeepAlive(idleUs: number, nowUs: number): void {
    this.probes.setKeepAlive(idleUs, nowUs);
  }

  /** The client was heard. */
  onHeard(nowUs: number): void {
    this.probes.onHeard(nowUs);
  }

  /** What could be sent was sent. */
  afterSending(nowUs: number): void {
    const { sender } = this.connection;
    this.probes.update(sender.blockedByWindow, sender.rtt.rtoUs, nowUs);
  }

  run(nowUs: number): void {
    const { connection, probes, idle } = this;
    const { receiver, sender } = connection;
    if (nowUs >= receiver.ackAtUs) connection.sendAck();
    if (nowUs >= sender.timerAtUs) {
      if (!sender.onTimer(nowUs)) return connection.giveUp();
      connection.afterTimeout();
    }
    if (nowUs >= probes.atUs) this.probe(nowUs);
    if (idle.expire(nowUs)) connection.onIdle();
  }

  private probe(nowUs: number): void {
    const { connection, probes } = this;
    const { sender } = connection;
    if (probes.holdsWindow) sender.sendDespiteSmallWindow(nowUs);
    if (sender.sndUna !== sender.sndNxt) {
      // The retransmission timer watches the client while something is under way.
      probes.onUnderWay(nowUs);
      return;
    }
    probes.onProbe(nowUs);
    if (probes.givenUp) connection.giveUp();
    else connection.sendProbe();
  }
}
