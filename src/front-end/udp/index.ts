/** What UDP offers to programs; part of the public API. */
export { DelegatedDatagrams, type DatagramEvents, type DatagramFraming } from './delegated-datagrams.js';
export type { UdpPeer } from './peer.js';
export { UdpSocket, type UdpSocketEvents } from './socket.js';
export { UdpStack } from './stack.js';
export type { UdpTimer } from './timer.js';
