/** The front-end's link to an Ethernet interface; see {@link PacketSocket} for what it throws. */
import { PacketSocket, type PacketSocketOptions } from './packet-socket.js';
import { SocketLink } from './socket-link.js';

export class PacketLink extends SocketLink<PacketSocket> {
  constructor(interfaceName: string, options: PacketSocketOptions = {}) {
    super(new PacketSocket(interfaceName, options));
  }
}
