/** Whether this module lies in flash, or where a host says that it does: there its buffers cannot be written. */
const buffer = new Uint8Array(1);

export function isFrozen(): boolean {
  try {
    buffer[0] = 1;
    return false;
  } catch {
    return true;
  }
}
