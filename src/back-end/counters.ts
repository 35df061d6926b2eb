/**
 * What the firmware counts. The numbers in the names are the steps of the patent's flowcharts (Figs. 4, 6, 7 and
 * 10), so that a dump of the counters reads along with them. Each counts from 0 at boot and never goes back.
 */
export class Counters {
  // What is counted most often comes first: XS looks properties up one after the other.
  /** Fig. 7 steps 118 and 119: ATCP_SERVICE_REPLYs 26, made and handed to the NIC. */
  replySent119 = 0;
  /** Fig. 7 step 117: results that the command process handed over: units read from the card. */
  resultReceived117 = 0;
  /** Frames that the NIC handed over. */
  framesReceived = 0;
  /** Of these: for another destination, or of another EtherType. */
  framesForeign = 0;
  /** Discarded: the layout is not that of an ATCP frame, or the frame is for another board. */
  framesMalformed = 0;
  /** Discarded: the tag does not fit. */
  framesForged = 0;
  /** Discarded: the sequence number was seen before, or is too old. */
  framesReplayed = 0;
  /** Discarded: valid, but of no use now (no session yet, a nonce that is not the board's). */
  framesUnexpected = 0;
  /** ATCP frames sent. */
  framesSent = 0;
  /** The NIC had no room for a frame. */
  nicBusy = 0;
  /** The NIC was opened again because it took nothing for too long. */
  nicReopened = 0;

  /** Frames with statements that were malformed in whole or in part. */
  statementsMalformed = 0;
  /** Statements of a kind that does not travel downwards, or that this firmware does not know. */
  statementsUnknown = 0;

  /** Fig. 4 step 114: ATCP_COMMANDs 25 that arrived. */
  commandArrived114 = 0;
  /** The same command once more; answered as before. */
  commandRepeated = 0;
  /** Commands that the decoder turned down. */
  commandRefused = 0;
  /** Commands that found no slot. */
  commandBusy = 0;
  /** Fig. 6 step 109: delegations set up. */
  delegationSetUp109 = 0;
  /** Fig. 6 step 110: the command process was woken: the object is being looked up. */
  commandWoken110 = 0;
  /** Of the pseudo packets: sent again on request of the front-end. */
  replyRepeated = 0;
  /** Fig. 7 step 119: ATCP_ACKs 27 handed to the NIC. */
  ackSent119 = 0;

  /** Fig. 10 step 128: ATCP_ACKs 29 that arrived. */
  ackReceived128 = 0;
  /** Fig. 10 step 129, yes: the delegation is known. */
  delegationValid129 = 0;
  /** Fig. 10 step 129, no: answered with `released`. */
  delegationInvalid129 = 0;
  /**
   * Fig. 10 step 130: the acknowledged offset is ahead of what this board has sent. After fail-over that is the
   * other board's work: the delegation goes on from there.
   */
  ackAheadOfSent130 = 0;
  /** Fig. 10 step 131: discarded: it acknowledges more than the span has, or is malformed. */
  ackDiscarded131 = 0;
  /** An older version than the latest acted on, overtaken on the way. */
  ackStale = 0;
  /** Fig. 10 step 132: the buffer was emptied by what the client has. */
  bufferEmptied132 = 0;

  /** The credit of a delegation was used up. */
  creditUsedUp = 0;
  leaseEnded = 0;
  /** Delegations freed because nobody renewed their lease. */
  delegationForgotten = 0;
  delegationEvicted = 0;
  delegationFailed = 0;
  delegationReleased = 0;
  /** Events that the state machine calls impossible in the state in which they happened. */
  anomalies = 0;
  /** Answers that did not fit the queue; the front-end asks again. */
  answersDropped = 0;

  /** Units that were sent, not yet acknowledged, and given up for others. */
  bufferReclaimed = 0;
  /** Units that were read ahead and given up for others before they were sent. */
  bufferStolen = 0;
  diskErrors = 0;
  /** Sessions opened. */
  sessionsOpened = 0;
  /** Discovers that were not answered, because another one came before the answer was due. */
  discoversSuperseded = 0;
}
