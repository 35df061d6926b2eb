/** The front-end's link over UDP datagrams on this machine; see {@link DgramSocket} for the format. */
import { DgramSocket, type DgramSocketOptions } from './dgram-socket.js';
import { SocketLink } from './socket-link.js';

export class DgramLink extends SocketLink<DgramSocket> {
  constructor(options: DgramSocketOptions) {
    super(new DgramSocket(options));
  }

  /** What the kernel gave of the wanted receive buffer. */
  get receiveBufferBytes(): number {
    return this.socket.receiveBufferBytes;
  }

  /** About how many full-size frames that holds while nobody looks. */
  get receiveBufferFrames(): number {
    return this.socket.receiveBufferFrames;
  }
}
