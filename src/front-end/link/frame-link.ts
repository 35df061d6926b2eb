/**
 * How the front-end meets the wire: whole Ethernet frames without the FCS, in batches. A link hands over what
 * arrived since the last drain, then says that the batch is over, so that the front-end states its credits and
 * flushes once a batch and not once a frame. Packet sockets, UDP datagrams and simulations implement it.
 */

/**
 * When to look at the wire again. `wake`: at the next frame, for the shortest latency. `rest`: on the link's
 * timer (1 ms), for frames that can wait for each other; waking costs several times what a frame does.
 */
export type Pace = 'wake' | 'rest';

export interface FrameSink {
  /**
   * One received frame: `length` bytes of `b` from `at`. `b` is the link's own memory, the same array again and
   * again: valid until this call returns, and free to be changed in place within the frame.
   */
  onFrame(b: Uint8Array, at: number, length: number): void;
  /**
   * The end of a batch of `frames` frames (0 after a rest in which nothing came). What was queued by then is
   * flushed after it. The answer is the pace until the next batch; undefined leaves it to the link, which
   * rests while the traffic is dense and wakes while it is sparse.
   */
  onBatchEnd(frames: number): Pace | undefined;
  /** The link can't go on (its interface went away, for one); nothing comes after it. */
  onLost(error: Error): void;
}

/** Totals since the link was opened. */
export interface FrameLinkCounters {
  readonly receivedFrames: number;
  readonly sentFrames: number;
  /** Frames that came while the receive ring or the socket's buffer was full. */
  readonly receiveDrops: number;
  /** Frames that were longer than a receive slot, or came from a stranger. */
  readonly receiveRefused: number;
  /** Frames that were queued but that the kernel refused for good (interface down, too long for it). */
  readonly sendDrops: number;
  /** Received frames whose TCP or UDP checksum the sending kernel had left to its NIC, and that were completed. */
  readonly checksumsCompleted: number;
  /** The same, but of a kind that is not understood: handed over as they came. */
  readonly checksumsUnfinished: number;
}

export interface FrameLink {
  /** Six bytes. */
  readonly macAddress: Uint8Array;
  /** The largest network-layer packet, in bytes: 14 less than the longest frame. */
  readonly mtu: number;
  /** Starts handing frames to `sink`; once in a link's life. */
  start(sink: FrameSink): void;
  /** Copies one frame to the send queue; false when the queue is full (try again after the next batch). */
  send(b: Uint8Array, at: number, length: number): boolean;
  /** Hands the send queue to the kernel. Needed after a send outside {@link FrameSink}'s calls only. */
  flush(): void;
  /** Reads the totals; the kernel is asked for its own. */
  counters(): FrameLinkCounters;
  close(): void;
}
