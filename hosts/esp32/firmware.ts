/** The firmware on an ESP32 with a W5500 and an SD card on one SPI bus. */
import Timer from 'timer';
import { SdCard } from '../../drivers/sd-card/sd-card.js';
import { W5500 } from '../../drivers/w5500/w5500.js';
import { Board } from '../../src/back-end/board.js';
import { type ConsolePort, type EntropyPort, PortStatus } from '../../src/back-end/ports.js';
import { MAC_BYTES } from '../../src/wire/ethernet.js';
import { fillEntropy, macAddress, nowUs, print } from './native.js';
import { readProvisioning } from './provisioning.js';
import { SpiBus, type SpiPins } from './spi-bus.js';

/**
 * How long the main loop keeps the processor from the SDK's event loop, which serves the watchdog and, in a debug
 * build, xsbug.
 */
const TURN_US = 20_000;
/** The SDK's timers count milliseconds; shorter waits are waited here. */
const TICK_MS = 1;
const TICK_US = 1_000;

class HardwareEntropy implements EntropyPort {
  fill(b: Uint8Array, at: number, length: number): void {
    fillEntropy(b, at, length);
  }
}

class SerialConsole implements ConsolePort {
  write(line: string): void {
    print(line);
  }
}

/** Makes the board and has the SDK's event loop run it. Throws an Error when the configuration is wrong. */
export function startFirmware(config: Readonly<Record<string, unknown>>): void {
  const provisioning = readProvisioning(config);
  const bus = new SpiBus(config['spi'] as SpiPins);
  const nicSpi = bus.chip(config['nicSelect'] as number);
  const diskSpi = bus.chip(config['cardSelect'] as number);
  const ownMac = new Uint8Array(MAC_BYTES);
  macAddress(ownMac, 0);
  const disk = new SdCard({ spi: diskSpi });
  bringCardToSpiMode(disk);
  const nic = new W5500({ spi: nicSpi, macAddress: ownMac });
  const ports = { nic, disk, entropy: new HardwareEntropy(), console: new SerialConsole() };
  const board = new Board(ports, provisioning);
  Timer.repeat(() => turn(board), TICK_MS);
}

/**
 * A card begins in SD mode, where it takes what passes on the bus for its own commands ([SD] 7.2.1): it comes before
 * the other chip. Whether there is a card at all is the firmware's business.
 */
function bringCardToSpiMode(disk: SdCard): void {
  while (disk.open(nowUs()) === PortStatus.pending);
}

function turn(board: Board): void {
  let now = nowUs();
  const endUs = now + TURN_US;
  while (now < endUs) {
    const wakeUs = board.step(now);
    now = nowUs();
    if (wakeUs >= now + TICK_US) return;
    while (now < wakeUs) now = nowUs();
  }
}
