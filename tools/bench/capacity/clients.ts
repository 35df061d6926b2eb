/**
 * Many clients in typed arrays: each opens a connection, asks for an object, takes the answer and stays. Frames are
 * real and complete; the wire between is a call, so nothing is lost and nothing has to be repeated.
 */
import { get16 } from '../../../src/wire/bytes.js';
import { ETHERNET_HEADER_BYTES, EtherType, emitEthernet } from '../../../src/wire/ethernet.js';
import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  emitIpv4,
  ipv4PseudoHeaderSum,
  ipv4TotalLength,
} from '../../../src/wire/ipv4.js';
import {
  TCP_HEADER_BYTES,
  TcpFlag,
  emitMssOption,
  emitSackPermittedOption,
  emitTcp,
  emitWindowScaleOption,
  setTcpChecksum,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderBytes,
  tcpSequence,
} from '../../../src/wire/tcp.js';

const L4 = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
const IPV4_DESTINATION_AT = ETHERNET_HEADER_BYTES + 16;
/** Clients of one address differ by their ports. */
const PORTS = 50_000;
const FIRST_PORT = 10_000;
const FIRST_ADDRESS = 0x0a4d_0100;
const CLIENT_MAC = Uint8Array.of(2, 0xa7, 0xc9, 0, 0, 0xc1);
const WINDOW = 0xffff;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface Server {
  readonly macAddress: Uint8Array;
  readonly address: number;
  readonly port: number;
}

export class Clients {
  /** Answers that were complete, and the connections that were lost. */
  answers = 0;
  lost = 0;
  private readonly server: Server;
  private readonly transmit: (frame: Uint8Array, length: number) => void;
  private readonly object: Uint8Array;
  private readonly request: Uint8Array;
  private readonly sndNxt: Uint32Array;
  private readonly rcvNxt: Uint32Array;
  private readonly opened: Uint8Array;
  /** Bytes of the answer's content that are still to come; -1 before its head has come. */
  private readonly missing: Int32Array;
  private readonly frame = new Uint8Array(1514);

  constructor(
    count: number,
    server: Server,
    path: string,
    object: Uint8Array,
    transmit: (frame: Uint8Array, length: number) => void,
  ) {
    this.server = server;
    this.transmit = transmit;
    this.object = object;
    this.request = Buffer.from(`GET /${path} HTTP/1.1\r\nHost: capacity.example\r\n\r\n`);
    this.sndNxt = new Uint32Array(count);
    this.rcvNxt = new Uint32Array(count);
    this.opened = new Uint8Array(count);
    this.missing = new Int32Array(count);
  }

  /** The first step; the request follows the handshake. */
  open(client: number): void {
    this.sndNxt[client] = Math.imul(client, 0x9e37_79b1);
    this.send(client, TcpFlag.syn, undefined);
    this.sndNxt[client]!++;
  }

  ask(client: number): void {
    this.missing[client] = -1;
    this.send(client, TcpFlag.ack | TcpFlag.psh, this.request);
    this.sndNxt[client]! += this.request.length;
  }

  /** A frame for a client. */
  receive(b: Uint8Array): void {
    const address = ((b[IPV4_DESTINATION_AT]! << 24) | (get16(b, IPV4_DESTINATION_AT + 1) << 8)) >>> 0;
    const host = address + b[IPV4_DESTINATION_AT + 3]! - FIRST_ADDRESS;
    const client = host * PORTS + tcpDestinationPort(b, L4) - FIRST_PORT;
    const flags = tcpFlags(b, L4);
    if ((flags & (TcpFlag.rst | TcpFlag.fin)) !== 0) {
      this.lost++;
    } else if ((flags & TcpFlag.syn) !== 0) {
      this.onSynAck(client, tcpSequence(b, L4));
    } else {
      const end = ETHERNET_HEADER_BYTES + ipv4TotalLength(b, ETHERNET_HEADER_BYTES);
      const payload = b.subarray(L4 + tcpHeaderBytes(b, L4), end);
      if (payload.length > 0) this.take(client, tcpSequence(b, L4), payload);
    }
  }

  /** It may come twice, when all of this has stood still for a second: then it has been answered. */
  private onSynAck(client: number, sequence: number): void {
    if (this.opened[client] === 0) this.rcvNxt[client] = sequence + 1;
    this.send(client, TcpFlag.ack, undefined);
    if (this.opened[client] === 0) this.ask(client);
    this.opened[client] = 1;
  }

  private take(client: number, sequence: number, payload: Uint8Array): void {
    if (sequence !== this.rcvNxt[client]) {
      // It has it, or what comes before is still to come.
      this.send(client, TcpFlag.ack, undefined);
      return;
    }
    this.rcvNxt[client]! += payload.length;
    this.send(client, TcpFlag.ack, undefined);
    let content = payload;
    if (this.missing[client] === -1) {
      const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
      const end = text.indexOf(HEAD_END);
      if (end < 0 || text.toString('latin1', 0, 12) !== 'HTTP/1.1 200')
        throw new Error(`client ${client} got ${text.toString('latin1', 0, 80)}`);
      content = payload.subarray(end + HEAD_END.length);
      this.missing[client] = this.object.length;
    }
    const from = this.object.length - this.missing[client]!;
    if (Buffer.compare(content, this.object.subarray(from, from + content.length)) !== 0)
      throw new Error(
        `client ${client}: after ${from} bytes of the content came ${content.length} others: ${Buffer.from(content).toString('latin1', 0, 60)}`,
      );
    this.missing[client]! -= content.length;
    if (this.missing[client] === 0) this.answers++;
  }

  private send(client: number, flags: number, payload: Uint8Array | undefined): void {
    const { frame, server } = this;
    // What Linux puts into a SYN.
    const at = L4 + TCP_HEADER_BYTES;
    let optionBytes = 0;
    if ((flags & TcpFlag.syn) !== 0) {
      optionBytes = emitMssOption(frame, at, 1460);
      optionBytes += emitSackPermittedOption(frame, at + optionBytes);
      optionBytes += emitWindowScaleOption(frame, at + optionBytes, 7);
    }
    const headerBytes = TCP_HEADER_BYTES + optionBytes;
    const tcpBytes = headerBytes + (payload?.length ?? 0);
    const address = FIRST_ADDRESS + Math.floor(client / PORTS);
    emitEthernet(frame, 0, server.macAddress, CLIENT_MAC, EtherType.ipv4);
    emitIpv4(frame, ETHERNET_HEADER_BYTES, tcpBytes, IpProtocol.tcp, address, server.address);
    const port = FIRST_PORT + (client % PORTS);
    const sequence = this.sndNxt[client]!;
    const acknowledgment = (flags & TcpFlag.ack) === 0 ? 0 : this.rcvNxt[client]!;
    emitTcp(frame, L4, port, server.port, sequence, acknowledgment, flags, WINDOW, headerBytes);
    if (payload !== undefined) frame.set(payload, L4 + headerBytes);
    const sum = ipv4PseudoHeaderSum(frame, ETHERNET_HEADER_BYTES, IpProtocol.tcp, tcpBytes);
    setTcpChecksum(frame, L4, tcpBytes, sum);
    this.transmit(frame, L4 + tcpBytes);
  }
}
