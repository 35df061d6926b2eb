/** The NICs under measurement: how a frame gets to the driver, and what it has sent. */
import type { Gem } from '../../../drivers/gem/gem.js';
import {
  RX_WORD0_USED,
  RX_WORD1_END_OF_FRAME,
  RX_WORD1_START_OF_FRAME,
} from '../../../drivers/gem/registers.js';
import { W5500 } from '../../../drivers/w5500/w5500.js';
import { McuGemPort } from '../../../hosts/qemu/device/ports.js';
import { makeNic } from '../../../hosts/qemu/device/qemu-board.js';
import { nativeFunction } from '../../../hosts/xs/device/native.js';
import type { NicPort, SpiPort } from '../../../src/back-end/ports.js';

const DESCRIPTOR_BYTES = 8;
const FRAME_BUFFER_BYTES = 1536;
const FRAME_BYTES = 1518;

export interface Link {
  readonly nic: NicPort & { readonly transmitted: number };
  /** A frame arrives. */
  inject(frame: Uint8Array): void;
  /** The frame that was sent last, with whatever follows it in its buffer; a short one at least. */
  lastFrame(): Uint8Array;
}

/** The insides of the driver that play the controller's part. */
interface GemInsides {
  readonly rxNext: number;
  readonly txNext: number;
  readonly txBuffers: number;
  readonly rxMemory: number;
  readonly txMemory: number;
}

/** Frames are put into the receive ring as the controller would put them. */
export class GemLink implements Link {
  readonly nic: Gem;
  private readonly port = new McuGemPort();

  constructor(macAddress: Uint8Array) {
    this.nic = makeNic(macAddress);
  }

  inject(frame: Uint8Array): void {
    const { rxNext, rxMemory } = this.nic as unknown as GemInsides;
    const descriptor = rxNext * DESCRIPTOR_BYTES;
    store(frame, 0, rxMemory + rxNext * FRAME_BUFFER_BYTES, frame.length);
    this.port.writeWord(descriptor + 4, frame.length | RX_WORD1_START_OF_FRAME | RX_WORD1_END_OF_FRAME);
    this.port.writeWord(descriptor, this.port.readWord(descriptor) | RX_WORD0_USED);
  }

  lastFrame(): Uint8Array {
    const { txNext, txBuffers, txMemory } = this.nic as unknown as GemInsides;
    const slot = (txNext + txBuffers - 1) % txBuffers;
    const frame = new Uint8Array(FRAME_BUFFER_BYTES);
    this.port.load(txMemory + slot * FRAME_BUFFER_BYTES, frame, 0, FRAME_BYTES);
    return frame;
  }
}

/** Copies `length` bytes of `b` from `at` to DMA memory from `to`. */
const store = nativeFunction('xs_mcu_dma_store') as (
  b: Uint8Array,
  at: number,
  to: number,
  length: number,
) => void;

const select = nativeFunction('xs_mcu_null_select') as () => void;
const inject = nativeFunction('xs_mcu_null_inject') as (frame: Uint8Array, length: number) => void;
const last = nativeFunction('xs_mcu_null_last') as (b: Uint8Array) => number;

/** native/mcu-null-w5500.c: what is counted is the driver, not the bus. */
class NullSpi implements SpiPort {
  readonly select = select;
  readonly deselect = select;
  readonly write = nativeFunction('xs_mcu_null_write') as SpiPort['write'];
  readonly read = nativeFunction('xs_mcu_null_read') as SpiPort['read'];

  setClock(_hz: number): void {}
}

export class W5500Link implements Link {
  readonly nic: W5500;

  constructor(macAddress: Uint8Array) {
    this.nic = new W5500({ spi: new NullSpi(), macAddress });
  }

  inject(frame: Uint8Array): void {
    inject(frame, frame.length);
  }

  lastFrame(): Uint8Array {
    const frame = new Uint8Array(FRAME_BUFFER_BYTES);
    last(frame);
    return frame;
  }
}
