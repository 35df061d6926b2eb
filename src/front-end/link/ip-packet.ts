/** One received IP packet for one of our addresses, in an object that is used again for every packet. */
import { ipv4PseudoHeaderSum } from '../../wire/ipv4.js';
import { ipv6PseudoHeaderSum } from '../../wire/ipv6.js';
import { IpAddress } from './ip-address.js';

export class IpPacket {
  /** Valid during the call that hands the packet over. */
  frame: Uint8Array = new Uint8Array(0);
  /** Where the frame's source MAC is. */
  macAt = 0;
  l3At = 0;
  /** What is carried, `l4Bytes` from `l4At`; extension headers and padding are not among it. */
  protocol = 0;
  l4At = 0;
  l4Bytes = 0;
  /** The one of our addresses that it is for: always the same object for the same address. */
  local = new IpAddress();
  readonly remote = new IpAddress();

  /** Of the protocol that is carried (RFC 9293 3.1, RFC 8200 8.1). */
  pseudoHeaderSum(): number {
    const { frame, l3At, protocol, l4Bytes } = this;
    return this.local.isIpv4
      ? ipv4PseudoHeaderSum(frame, l3At, protocol, l4Bytes)
      : ipv6PseudoHeaderSum(frame, l3At, protocol, l4Bytes);
  }
}
