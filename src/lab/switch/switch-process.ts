/** The switch on real links: frames of every link go through one {@link Switch} and, as they enter, to a capture. */
import { performance } from 'node:perf_hooks';
import type { FrameLink, FrameLinkCounters } from '../../front-end/link/frame-link.js';
import { PcapngWriter } from '../pcapng/writer.js';
import { portOptions, type SwitchConfiguration } from './configuration.js';
import { Switch, type SwitchPortCounters } from './switch.js';

const MAX_TIMER_MS = 1000;

export type PortReport = SwitchPortCounters & { readonly link: FrameLinkCounters };

export class SwitchProcess {
  readonly #links: readonly FrameLink[];
  readonly #switch: Switch;
  readonly #capture: PcapngWriter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerUs = Infinity;

  /**
   * Starts to forward between `links`, one for each port of `configuration` in the same order. `onLost` is told
   * of a link that went away; the others go on.
   *
   * The capture holds each frame once, on the interface of the port where it entered the switch (inbound), before
   * that port's faults: so tshark knows who sent what, and doesn't take the second sight of a frame for a
   * retransmission. What a fault did to a frame is not in it.
   */
  constructor(
    configuration: SwitchConfiguration,
    links: readonly FrameLink[],
    onLost: (port: string, error: Error) => void,
  ) {
    this.#links = links;
    const names = configuration.ports.map((port) => port.name);
    const capture =
      configuration.pcap === undefined ? undefined : new PcapngWriter(configuration.pcap, names);
    this.#capture = capture;
    this.#switch = new Switch(
      {
        ports: portOptions(configuration),
        ...(configuration.seed !== undefined && { seed: configuration.seed }),
        ...(configuration.queueBytes !== undefined && { queueBytes: configuration.queueBytes }),
      },
      {
        transmit: (port, b, at, length) => links[port]!.send(b, at, length),
        ...(capture && {
          capture: (nowUs, port, b, at, length) => record(capture, nowUs, port, b, at, length),
        }),
      },
    );
    links.forEach((link, port) => this.#start(link, port, (error) => onLost(names[port]!, error)));
  }

  /** The totals of every port and of its link. */
  report(): PortReport[] {
    return this.#switch.counters().map((port, i) => ({ ...port, link: this.#links[i]!.counters() }));
  }

  /** Closes the links and completes the capture. */
  close(): void {
    clearTimeout(this.#timer);
    for (const link of this.#links) link.close();
    this.#capture?.close();
  }

  #start(link: FrameLink, port: number, onLost: (error: Error) => void): void {
    link.start({
      onFrame: (b, at, length) => this.#switch.receive(now(), port, b, at, length),
      onBatchEnd: () => {
        this.#run();
        return undefined;
      },
      onLost,
    });
  }

  /** Moves what is due, sends what is queued, and comes back when the next frame is due. */
  #run(): void {
    const nowUs = now();
    this.#switch.advance(nowUs);
    for (let i = 0; i < this.#links.length; i++) this.#links[i]!.flush();
    const nextUs = this.#switch.nextEventUs;
    if (nextUs >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = nextUs;
    this.#timer = setTimeout(
      () => {
        this.#timerUs = Infinity;
        this.#run();
      },
      Math.min(MAX_TIMER_MS, Math.max(1, (nextUs - nowUs) / 1000)),
    );
  }
}

/** Microseconds of a clock that never goes back. */
function now(): number {
  return performance.now() * 1000;
}

function record(
  capture: PcapngWriter,
  nowUs: number,
  port: number,
  b: Uint8Array,
  at: number,
  length: number,
): void {
  capture.write(port, performance.timeOrigin * 1000 + nowUs, 'inbound', b, at, length);
}
