/**
 * ARP for the front-end's address (RFC 826): answers who-has, announces the address at the start and defends it
 * (RFC 5227 2.3 and 2.4b). It never asks: replies go to the MAC that a client's frame came from.
 */
import {
  ARP_BYTES,
  ARP_SENDER_ADDRESS,
  ARP_SENDER_MAC,
  ARP_TARGET_ADDRESS,
  ArpOperation,
  arpOperation,
  checkArp,
  emitArp,
} from '../../wire/arp.js';
import { equal, fill } from '../../wire/byte-loops.js';
import { get32, put32 } from '../../wire/bytes.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERNET_MIN_BYTES,
  EtherType,
  MAC_BYTES,
  emitEthernet,
} from '../../wire/ethernet.js';
import { IPV4_ADDRESS_BYTES } from '../../wire/ipv4.js';
import type { FrontEndCounters } from '../counters.js';
import type { Transmit } from './transmit.js';

// RFC 5227 1.1.
const ANNOUNCEMENTS = 2;
const ANNOUNCE_INTERVAL_US = 2_000_000;
const DEFEND_INTERVAL_US = 10_000_000;

export class ArpResponder {
  private readonly macAddress: Uint8Array;
  private readonly address: number;
  private readonly transmit: Transmit;
  private readonly counters: FrontEndCounters;
  private readonly addressBytes = new Uint8Array(IPV4_ADDRESS_BYTES);
  private readonly broadcast = new Uint8Array(MAC_BYTES).fill(0xff);
  private readonly nobody = new Uint8Array(MAC_BYTES);
  private readonly frame = new Uint8Array(ETHERNET_MIN_BYTES);
  private readonly askerMac = new Uint8Array(MAC_BYTES);
  private readonly askerAddress = new Uint8Array(IPV4_ADDRESS_BYTES);
  private announcementsLeft = 0;
  private announceAtUs = Infinity;
  private defendedAtUs = -Infinity;

  constructor(macAddress: Uint8Array, address: number, transmit: Transmit, counters: FrontEndCounters) {
    this.macAddress = macAddress;
    this.address = address;
    this.transmit = transmit;
    this.counters = counters;
    put32(this.addressBytes, 0, address);
  }

  /** Gratuitous ARP, now and once more. */
  start(nowUs: number): void {
    this.announcementsLeft = ANNOUNCEMENTS;
    this.announceAtUs = nowUs;
    this.advance(nowUs);
  }

  /** Returns when to be called again. */
  advance(nowUs: number): number {
    if (nowUs >= this.announceAtUs) {
      this.announce();
      this.announcementsLeft--;
      this.announceAtUs = this.announcementsLeft > 0 ? nowUs + ANNOUNCE_INTERVAL_US : Infinity;
    }
    return this.announceAtUs;
  }

  onPacket(b: Uint8Array, at: number, length: number, nowUs: number): void {
    if (checkArp(b, at, length) !== 'ok') {
      this.counters.arpCheckFailed++;
      return;
    }
    if (get32(b, at + ARP_SENDER_ADDRESS) === this.address) {
      this.defend(b, at, nowUs);
    } else if (
      arpOperation(b, at) === ArpOperation.request &&
      get32(b, at + ARP_TARGET_ADDRESS) === this.address
    ) {
      this.reply(b, at);
    }
  }

  private reply(b: Uint8Array, at: number): void {
    for (let i = 0; i < MAC_BYTES; i++) this.askerMac[i] = b[at + ARP_SENDER_MAC + i]!;
    for (let i = 0; i < IPV4_ADDRESS_BYTES; i++) this.askerAddress[i] = b[at + ARP_SENDER_ADDRESS + i]!;
    this.send(ArpOperation.reply, this.askerMac, this.askerMac, this.askerAddress);
    this.counters.arpReplies++;
  }

  private announce(): void {
    this.send(ArpOperation.request, this.broadcast, this.nobody, this.addressBytes);
    this.counters.arpAnnouncements++;
  }

  private defend(b: Uint8Array, at: number, nowUs: number): void {
    // A switch may send our own announcement back to us.
    if (equal(b, at + ARP_SENDER_MAC, this.macAddress, 0, MAC_BYTES)) return;
    this.counters.arpConflicts++;
    if (nowUs - this.defendedAtUs < DEFEND_INTERVAL_US) return;
    this.defendedAtUs = nowUs;
    this.announce();
  }

  private send(
    operation: number,
    destination: Uint8Array,
    targetMac: Uint8Array,
    targetAddress: Uint8Array,
  ): void {
    const at = emitEthernet(this.frame, 0, destination, this.macAddress, EtherType.arp);
    emitArp(this.frame, at, operation, this.macAddress, this.addressBytes, targetMac, targetAddress);
    const used = ETHERNET_HEADER_BYTES + ARP_BYTES;
    fill(this.frame, used, ETHERNET_MIN_BYTES - used, 0);
    this.transmit(this.frame, 0, ETHERNET_MIN_BYTES);
  }
}
