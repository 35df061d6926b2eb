/**
 * The arguments of a virtual board, the same on XS and on Node. They stand for what `atcp provision` would have
 * written to a real one.
 */
import type { Provisioning, PseudoSource } from '../../../src/back-end/ports.js';
import { EtherType, MAC_BYTES } from '../../../src/wire/ethernet.js';
import { parseEndpoint } from './endpoint.js';
import { parseHex, parseInteger } from './parse.js';

export const BOARD_USAGE = `arguments of a virtual board:
  --id N               number of the board, 1 ... 4294967295
  --key HEX            its key, 16 bytes in hexadecimal
  --mac MAC            its MAC address, as in 02:00:00:00:00:01
  --image FILE         the card image
  --local-port PORT    UDP port on 127.0.0.1 where frames for the board arrive
  --remote-port PORT   UDP port on 127.0.0.1 where the board's frames go
  --source ADDR[:PORT[-LAST]]  address and ports that the board may send from, as in 10.77.0.10:80,
                       10.77.0.10:49152-50175 or [fd77::10]:80; repeatable
  --ether-type N       EtherType of the data link (default 0x88b5)
  --with-parent yes    end when standard input ends`;

const BOARD_KEY_BYTES = 16;

export interface BoardOptions {
  readonly provisioning: Provisioning;
  /** Six bytes. */
  readonly macAddress: Uint8Array;
  readonly image: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** End when standard input ends. */
  readonly withParent: boolean;
}

/** Reads the arguments; throws an Error that names the argument at fault. */
export function parseBoardOptions(args: readonly string[]): BoardOptions {
  const values = new Map<string, string>();
  const sources: PseudoSource[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]!;
    const value = args[i + 1];
    if (!BOARD_USAGE.includes(`\n  ${name} `)) throw new Error(`unknown argument ${name}\n${BOARD_USAGE}`);
    if (value === undefined) throw new Error(`${name} lacks its value\n${BOARD_USAGE}`);
    if (name === '--source') sources.push(parseEndpoint(value));
    else values.set(name, value);
  }
  const macAddress = parseHex('--mac', required(values, '--mac').replaceAll(':', ''), MAC_BYTES);
  if ((macAddress[0]! & 1) !== 0) throw new Error(`--mac ${values.get('--mac')} is a group address`);
  return {
    provisioning: {
      boardId: parseInteger('--id', required(values, '--id'), 1, 0xffff_ffff),
      boardKey: parseHex('--key', required(values, '--key'), BOARD_KEY_BYTES),
      pseudoSources: sources,
      etherType: parseInteger(
        '--ether-type',
        values.get('--ether-type') ?? `${EtherType.atcp}`,
        0x0600,
        0xffff,
      ),
    },
    macAddress,
    image: required(values, '--image'),
    localPort: parseInteger('--local-port', required(values, '--local-port'), 1, 0xffff),
    remotePort: parseInteger('--remote-port', required(values, '--remote-port'), 1, 0xffff),
    withParent: values.get('--with-parent') === 'yes',
  };
}

function required(values: Map<string, string>, name: string): string {
  const value = values.get(name);
  if (value === undefined) throw new Error(`${name} is missing\n${BOARD_USAGE}`);
  return value;
}
