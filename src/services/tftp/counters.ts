/** What the service counts: plain numbers, read by anybody at any time. */
export class TftpCounters {
  requests = 0;
  /** Requests that were answered with an ERROR. */
  refused = 0;
  /** The client's repetition of a request whose transfer is under way. */
  requestsRepeated = 0;
  completed = 0;
  /** The client has ended it. */
  aborted = 0;
  unanswered = 0;
  failed = 0;
  /** Packets from others than the transfer's client. */
  strangers = 0;
  malformed = 0;
  /** ACKs of what the client has, or of what was never sent. */
  acksIgnored = 0;
  timeouts = 0;
  windowsRepeated = 0;
}
