/**
 * Tail loss probe (RFC 8985 7): when nothing has come for two round trips, one more segment draws out an ACK, so
 * that the loss of the last segments shows itself to RACK and not only to the retransmission timer.
 */
import type { RttEstimator } from './rtt-estimator.js';

/** A client may keep an ACK of a single segment back for so long (7.2, TLP.max_ack_delay): 40 ms with Linux. */
const MAX_ACK_DELAY_US = 50_000;
/**
 * The RFC sends one probe and leaves the rest to the retransmission timer. The shortest timeout is a hundred round
 * trips of a LAN: a second probe, after twice the time, comes before it.
 */
const MAX_PROBES = 2;
/**
 * The link is drained every millisecond and a board reports every two; and a busy PC lets either wait for some
 * scheduler's turns, which is no loss. Still a tenth of the shortest timeout.
 */
const GRANULARITY_US = 20_000;

export class TailLossProbe {
  /** When the probe is due; Infinity while there is none to be sent. */
  atUs = Infinity;
  private readonly rtt: RttEstimator;
  /** SND.NXT when the probe left (TLP.end_seq), Infinity when none is under way. */
  private endSeq = Infinity;
  private isRetransmission = false;
  private probes = 0;

  constructor(rtt: RttEstimator) {
    this.rtt = rtt;
  }

  get underWay(): boolean {
    return this.endSeq !== Infinity;
  }

  /** `nowUs`: the last byte left, or there was progress. `single`: one segment is outstanding (7.2). */
  schedule(nowUs: number, single: boolean): void {
    if (this.probes === MAX_PROBES) return;
    const { srttUs, rtoUs } = this.rtt;
    const pauseUs = (2 * srttUs + (single ? MAX_ACK_DELAY_US : GRANULARITY_US)) * 2 ** this.probes;
    this.atUs = srttUs === 0 ? Infinity : Math.ceil(nowUs + Math.min(pauseUs, rtoUs));
  }

  cancel(): void {
    this.atUs = Infinity;
  }

  /** The probe leaves: as new bytes, or again. */
  onSent(sndNxt: number, isRetransmission: boolean): void {
    this.atUs = Infinity;
    this.probes++;
    this.endSeq = sndNxt;
    this.isRetransmission = isRetransmission;
  }

  /** Something arrived: the next silence is another one. */
  onNews(): void {
    this.probes = 0;
  }

  forget(): void {
    this.atUs = Infinity;
    this.endSeq = Infinity;
    this.probes = 0;
  }

  /**
   * What an ACK says about the probe (7.4.2). `needless`: it reports what the probe repeated as a duplicate;
   * `duplicate`: it is a duplicate ACK without SACK, which says the same. True when the probe repaired a loss.
   */
  onAck(ack: number, needless: boolean, duplicate: boolean): boolean {
    if (ack < this.endSeq) return false;
    const repaired = this.isRetransmission && !needless && ack > this.endSeq;
    if (repaired || needless || duplicate || !this.isRetransmission) this.endSeq = Infinity;
    return repaired;
  }
}
