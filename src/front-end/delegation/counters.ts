/**
 * Counters of the delegation layer, named after the steps of the patent's figures (decision 18). The steps of
 * Fig. 9 (124–127) that concern the client's ACK are TCP's; here is what they lead to.
 */
export class DelegationCounters {
  // Fig. 3 and Fig. 5: sending a command.
  /** Point A, steps 105–107: ATCP_COMMAND 25 delivered to the link, repetitions included. */
  step107CommandsSent = 0;
  /** … of which repetitions of a command that no ATCP_ACK 27 had confirmed. */
  commandsRepeated = 0;

  // Fig. 8: ATCP_ACK 27 arrives (point D).
  /** Step 120: statements 27 whose command was checked. */
  step120AcksChecked = 0;
  /** Step 121: discarded, because the command is not (or no longer) ours. */
  step121AcksDiscarded = 0;
  /** … because a newer one of the same command was here before. */
  step121AcksStale = 0;
  /** … because the board claims to have sent what it was not granted. */
  step121AcksBeyondGrant = 0;
  /** Step 122: the size that the board has sent was taken from the statement. */
  step122SizesTaken = 0;
  /** Step 123: the expected acknowledgment moved on. */
  step123ExpectedMoved = 0;

  // Fig. 9 and Fig. 10: ATCP_ACK 29 leaves (point F).
  /** Step 127: buffers freed because the client acknowledged. */
  step127Freed = 0;
  /** Point F: ATCP_ACK 29 delivered to the link. */
  pointFStatementsSent = 0;
  statementsRepeated = 0;
  leaseRenewals = 0;
  resendRangesStated = 0;

  // Life of delegations.
  delegationsOpened = 0;
  delegationsReleased = 0;
  /** Ended because their lease ran out: the board did not confirm. */
  delegationsOutwaited = 0;
  delegationsBusy = 0;
  delegationsFailed = 0;
  /** Released while their client took nothing, because others waited for a slot. */
  delegationsIdle = 0;
  delegationsUnanswered = 0;
  delegationsStalled = 0;
  stallReminders = 0;
  /** Delegations that ended because their board rebooted. */
  delegationsRebooted = 0;
  /** Spans that went on after they had begun elsewhere. */
  spansMoved = 0;
  spansCompleted = 0;
  spansAbandoned = 0;
  spansFailed = 0;
  inquiriesAnswered = 0;
  /** Answered from what was remembered. */
  inquiriesFromCache = 0;
  inquiriesFailed = 0;

  // Boards and sessions.
  discoversSent = 0;
  announcesAccepted = 0;
  /** An announce under the right key that answers none of the latest discovers, or one that was used already. */
  announcesStale = 0;
  announceHints = 0;
  sessionOpensSent = 0;
  sessionsOpened = 0;
  sessionsRenewed = 0;
  boardsLost = 0;
  boardsRebooted = 0;
  heartbeats = 0;

  // Frames.
  framesSent = 0;
  /** The link had no room; repetition repairs it. */
  framesRefused = 0;
  framesReceived = 0;
  framesMalformed = 0;
  framesUnknownBoard = 0;
  framesBadTag = 0;
  framesWrongEpoch = 0;
  framesReplayed = 0;
  framesUnexpected = 0;
  statementsMalformed = 0;
  statementsUnknown = 0;
}
