/**
 * The emulated SD card's place on the bus: whether it is in its slot and selected, whether its output is on the bus, and
 * the clocks that it gets before its first command. References as in sd-card-model.ts.
 */
import { POWER_UP_CLOCKS } from './sd-card-rules.js';

export class SdCardSlot {
  inserted = true;
  selected = false;
  /** Selected, or deselected and not clocked since ([SDM] 5.23). */
  drivesMiso = false;
  /** It was put into a running bus. */
  hotInserted = false;
  /** Clocks without chip select since it got power, as far as they count. */
  powerUpClocks = 0;

  pull(): void {
    this.inserted = false;
    this.drivesMiso = false;
  }

  insert(): void {
    this.inserted = true;
    this.drivesMiso = this.selected;
    this.hotInserted = true;
  }

  select(): void {
    this.selected = true;
    this.drivesMiso = this.inserted;
  }

  powerOn(): void {
    this.powerUpClocks = 0;
  }

  get listens(): boolean {
    return this.inserted && this.selected;
  }

  /** `n` bytes are clocked in which an inserted card does nothing. */
  idle(n: number): void {
    if (this.selected) return;
    this.drivesMiso = false;
    if (this.powerUpClocks < POWER_UP_CLOCKS) this.powerUpClocks += n * 8;
  }
}
