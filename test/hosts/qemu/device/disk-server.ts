/** The SD driver on the emulated board, for a test on the other side of two pipes (disk-protocol.ts). */
import * as mcu from '../../../../hosts/qemu/device/mcu.js';
import { makeCard } from '../../../../hosts/qemu/device/qemu-board.js';
import { PortStatus } from '../../../../src/back-end/ports.js';
import { get16, get64, put64 } from '../../../../src/wire/bytes.js';
import {
  ANSWERS,
  DiskOperation,
  REQUEST_BYTES,
  REQUESTS,
  SECTOR_BYTES,
  SECTORS_MAX,
  SIZE_BYTES,
} from './disk-protocol.js';

function main(): never {
  const requests = mcu.openHostFile(REQUESTS, mcu.HostFileMode.read);
  const answers = mcu.openHostFile(ANSWERS, mcu.HostFileMode.write);
  const card = makeCard();
  const request = new Uint8Array(REQUEST_BYTES);
  const answer = new Uint8Array(1 + SIZE_BYTES);
  const sectors = new Uint8Array(SECTORS_MAX * SECTOR_BYTES);
  for (;;) {
    mcu.feedWatchdog();
    mcu.readHostFile(requests, request, 0, REQUEST_BYTES);
    const operation = request[0];
    const count = get16(request, 2);
    const sector = get64(request, 4);
    const bytes = count * SECTOR_BYTES;
    const nowUs = mcu.nowUs();
    let status: PortStatus = PortStatus.ok;
    if (operation === DiskOperation.open) status = card.open(nowUs);
    else if (operation === DiskOperation.read) status = card.read(nowUs, sector, count, sectors, 0);
    else if (operation === DiskOperation.write) {
      mcu.readHostFile(requests, sectors, 0, bytes);
      status = card.write(nowUs, sector, count, sectors, 0);
    }
    answer[0] = status;
    mcu.writeHostFile(answers, answer, 0, 1);
    if (operation === DiskOperation.read && status === PortStatus.ok)
      mcu.writeHostFile(answers, sectors, 0, bytes);
    if (operation === DiskOperation.sectorCount) {
      put64(answer, 1, card.sectorCount);
      mcu.writeHostFile(answers, answer, 1, SIZE_BYTES);
    }
  }
}

mcu.start(main);
