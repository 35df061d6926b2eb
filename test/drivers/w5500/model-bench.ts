import { W5500 } from '../../../drivers/w5500/w5500.js';
import { W5500Model, type W5500Network } from '../../../hosts/virtual-board/chips/w5500-model.js';
import type { NicBench } from './nic-suite.js';

export const NIC_MAC = Uint8Array.of(0x02, 0x00, 0x5e, 0x10, 0x20, 0x30);
export const PEER_MAC = Uint8Array.of(0x02, 0x00, 0x00, 0x00, 0x00, 0x01);

/** The wire between the model and the test. */
export class TestNetwork implements W5500Network {
  readonly toModel: Uint8Array[] = [];
  readonly fromModel: Buffer[] = [];

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.toModel.shift();
    if (frame === undefined) return 0;
    b.set(frame.subarray(0, capacity), at);
    return frame.length;
  }

  send(b: Uint8Array, at: number, length: number): void {
    this.fromModel.push(Buffer.from(b.subarray(at, at + length)));
  }
}

export interface ModelBench extends NicBench {
  readonly nic: W5500;
  readonly model: W5500Model;
  readonly network: TestNetwork;
}

/** @param options how slow the chip is, and where its pointers stand after OPEN */
export function makeModelBench(
  options: { commandPolls?: number; sendPolls?: number; pointersAtOpen?: number; clockHz?: number } = {},
): ModelBench {
  const network = new TestNetwork();
  const model = new W5500Model({ network });
  model.socket.commandPolls = options.commandPolls ?? 0;
  model.socket.sendPolls = options.sendPolls ?? 0;
  model.socket.pointersAtOpen = options.pointersAtOpen ?? 0;
  const nic = new W5500({ spi: model, macAddress: NIC_MAC, clockHz: options.clockHz ?? 40_000_000 });
  let nowUs = 0;
  return {
    nic,
    model,
    network,
    peer: {
      macAddress: PEER_MAC,
      send: (frame) => void network.toModel.push(frame),
      receive: () => network.fromModel.shift(),
    },
    nowUs: () => nowUs,
    idle: () => void (nowUs += 1_000),
    close: () => {},
  };
}

/** As a bench module must export it, see w5500.test.ts. */
export const makeBench = (): NicBench => makeModelBench();
