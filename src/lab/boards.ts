/** The laboratory's boards: their keys and their command lines. */
import { qemuBoardCommand } from '../../hosts/qemu/launch.js';
import { virtualBoardCommand } from '../../hosts/virtual-board/launch.js';
import { KEY_BYTES, KeyDeriver } from '../wire/atcp/authentication.js';
import { parseMac } from '../front-end/index.js';
import { IPV6_ADDRESS_BYTES } from '../wire/ipv6.js';
import { formatIpv6, linkLocalAddress } from '../wire/ipv6-address.js';
import { LAB_ADDRESS, boardCable, boardMac, type LabBoard, type LabConfiguration } from './configuration.js';

/** 16 bytes, derived from the laboratory's secret as `src/wire/README.md` says. */
export function boardKey(configuration: LabConfiguration, id: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new KeyDeriver().boardKey(Buffer.from(configuration.secret, 'hex'), id, key);
  return key;
}

/** The link-local address that the front-end derives from its MAC address. */
function linkLocalText(mac: string): string {
  const address = new Uint8Array(IPV6_ADDRESS_BYTES);
  linkLocalAddress(parseMac(mac), address, 0);
  return formatIpv6(address, 0);
}

export function boardCommand(board: LabBoard, configuration: LabConfiguration): Promise<string[]> {
  const { switchPort, boardPort } = boardCable(board.id);
  const options = {
    id: board.id,
    key: Buffer.from(boardKey(configuration, board.id)).toString('hex'),
    mac: boardMac(board.id),
    image: board.image,
    localPort: boardPort,
    remotePort: switchPort,
    sources: [LAB_ADDRESS.vip, LAB_ADDRESS.vip6, linkLocalText(LAB_ADDRESS.vipMac)],
  };
  return board.kind === 'qemu'
    ? qemuBoardCommand(options)
    : virtualBoardCommand({ ...options, kind: board.kind });
}
