/**
 * What the front-end's own stack counts: one object of plain numbers, read by anybody at any time. Where the
 * patent numbers a step (Fig. 9: an ACK arrives from the client, point E), the counter carries that number.
 */
export class FrontEndCounters {
  // Frames.
  framesReceived = 0;
  framesSent = 0;
  /** The link had no room; retransmission repairs it. */
  framesRefused = 0;
  framesTooShort = 0;
  framesForOthers = 0;
  framesOfOtherTypes = 0;

  // Neighbours and IP.
  arpCheckFailed = 0;
  arpReplies = 0;
  arpAnnouncements = 0;
  /** Somebody else's frame claims the front-end's address. */
  arpConflicts = 0;
  ipv4CheckFailed = 0;
  ipv4ForOthers = 0;
  /** A source address that no reply can go to (RFC 9293 3.9.2.3, MUST-57 and MUST-63). */
  ipv4BadSource = 0;
  ipv6CheckFailed = 0;
  ipv6ForOthers = 0;
  ipv6BadSource = 0;
  /** Nothing is reassembled, over either family; IPv4's fragments are among those whose check failed. */
  ipv6Fragments = 0;
  /** Extension headers that are too many, damaged, or ask for what is not done here. */
  ipv6ExtensionsRefused = 0;
  /** Of RFC 4861 7.1 and RFC 3810 6.2: from beyond the link, for one. */
  neighborCheckFailed = 0;
  neighborReplies = 0;
  neighborAnnouncements = 0;
  /** What was said of the groups that are listened to (RFC 3810). */
  groupReports = 0;
  /** Somebody else claims one of the front-end's IPv6 addresses. */
  neighborConflicts = 0;
  protocolsUnserved = 0;
  icmpCheckFailed = 0;
  /** Not an echo request, or one that is longer than a packet may be. */
  icmpIgnored = 0;
  echoReplies = 0;

  // Datagrams.
  datagramsReceived = 0;
  datagramsSent = 0;
  datagramCheckFailed = 0;
  /** No socket has their port; and how many of them were answered with ICMP's "port unreachable". */
  datagramsUnserved = 0;
  portUnreachableSent = 0;
  /** Too many at once. */
  datagramsDropped = 0;

  // Segments.
  segmentsReceived = 0;
  segmentsSent = 0;
  segmentCheckFailed = 0;
  resetsSent = 0;

  // Opening (steps 21, 22, 23 of Fig. 2).
  synReceived21 = 0;
  synAckSent22 = 0;
  synAckRepeated22 = 0;
  connectionsOpened23 = 0;
  synRefusedBacklog = 0;
  /** Handshakes of which nothing is kept: SYN-ACKs with a cookie, ACKs that brought one back, and that did not. */
  synCookiesSent = 0;
  synCookiesTaken = 0;
  synCookiesRefused = 0;
  synRefusedConnections = 0;
  /** The 4-tuple waits for the end of a board's lease (decision 2). */
  synRefusedQuarantine = 0;
  handshakesTimedOut = 0;

  // Fig. 9: an ACK from the client (point E).
  pointEAcksReceived = 0;
  /** Step 124 found no connection: discarded (126), and answered with a reset as RFC 9293 3.10.7.1 demands. */
  step126NoConnection = 0;
  /**
   * Step 125 found an acknowledgment of what was never granted: discarded (126), and answered with an ACK, which
   * the figure leaves out and RFC 9293 3.10.7.4 demands.
   */
  step126AckBeyondSent = 0;
  /** An acknowledgment older than any window ever offered (RFC 5961 5.2): discarded. */
  step126AckTooOld = 0;
  /** Step 127: acknowledgments that emptied a buffer, and by how many bytes. */
  step127Emptied = 0;
  step127EmptiedBytes = 0;

  // The path's MTU (RFC 1191, RFC 8201): errors about our segments, what came too fast, and what was believed.
  tooBigReceived = 0;
  tooBigSuppressed = 0;
  pathMtuReduced = 0;

  // Segments that are not acceptable, and attacks.
  segmentsOutOfWindow = 0;
  /** Timestamps (RFC 7323): older than what came before (PAWS), and without them although they were agreed. */
  segmentsOutdated = 0;
  segmentsWithoutTimestamps = 0;
  challengeAcksSent = 0;
  challengeAcksSuppressed = 0;

  // Sending and repairing.
  pureAcksSent = 0;
  retransmittedRanges = 0;
  retransmittedBytes = 0;
  fastRecoveries = 0;
  retransmissionTimeouts = 0;
  tailLossProbes = 0;
  /** Clients reported bytes that came twice (DSACK); of these, ACKs about bytes that were sent again. */
  duplicatesReported = 0;
  needlessRetransmissions = 0;
  recoveriesUndone = 0;
  probesSent = 0;
  pairChanges = 0;

  // Receiving.
  bytesReceived = 0;
  duplicateSegments = 0;
  outOfOrderSegments = 0;
  outOfOrderRefused = 0;

  // Closing.
  connectionsClosed = 0;
  /** What clients of closed connections acknowledged of the front-end's own bytes. */
  closedFrontEndBytes = 0;
  connectionsResetByPeer = 0;
  connectionsAborted = 0;
  connectionsTimedOut = 0;
  timeWaits = 0;
  quarantines = 0;
}
