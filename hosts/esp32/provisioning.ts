/**
 * Who the board is. Until `atcp provision` writes it to flash, it is part of the build: NAME=VALUE arguments of
 * mcconfig, which arrive as texts in `mc/config`. There is no default key.
 */
import type { Provisioning, PseudoSource } from '../../src/back-end/ports.js';
import { EtherType } from '../../src/wire/ethernet.js';

const KEY_BYTES = 16;
const IPV4_BYTES = 4;
const ASCII_0 = 0x30;
const ASCII_9 = 0x39;
const ASCII_A = 0x61;
const ASCII_F = 0x66;
const LOWER_CASE = 0x20;

/** Throws an Error that names what is missing or wrong and says what it may be. */
export function readProvisioning(config: Readonly<Record<string, unknown>>): Provisioning {
  const boardId = decimal(text(config, 'boardId'));
  if (!(boardId >= 1 && boardId <= 0xffff_ffff)) throw wrong('boardId', 'a number from 1 to 4294967295');
  return {
    boardId,
    boardKey: keyBytes(text(config, 'boardKey')),
    pseudoSources: text(config, 'sources').split(',').map(source),
    etherType: EtherType.atcp,
  };
}

function text(config: Readonly<Record<string, unknown>>, name: string): string {
  const value = config[name];
  if (value === undefined) throw new Error(`this board was not told its ${name}: build it with ${name}=…`);
  return String(value);
}

function wrong(name: string, what: string): Error {
  return new Error(`${name} must be ${what}: build the board again`);
}

function keyBytes(hex: string): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  let valid = hex.length === 2 * KEY_BYTES;
  for (let i = 0; valid && i < KEY_BYTES; i++) {
    const high = digit(hex.charCodeAt(2 * i));
    const low = digit(hex.charCodeAt(2 * i + 1));
    valid = high >= 0 && low >= 0;
    key[i] = (high << 4) | low;
  }
  if (!valid) throw wrong('boardKey', `${2 * KEY_BYTES} hexadecimal digits`);
  return key;
}

/** The value of a hexadecimal digit, or -1. */
function digit(code: number): number {
  if (code >= ASCII_0 && code <= ASCII_9) return code - ASCII_0;
  const letter = code | LOWER_CASE;
  return letter >= ASCII_A && letter <= ASCII_F ? letter - ASCII_A + 10 : -1;
}

/** An IPv4 address and a port: 192.168.1.80:80. */
function source(endpoint: string): PseudoSource {
  const [host = '', port = '', ...others] = endpoint.split(':');
  const parts = host.split('.');
  const address = new Uint8Array(IPV4_BYTES);
  let valid = others.length === 0 && parts.length === IPV4_BYTES;
  for (let i = 0; valid && i < IPV4_BYTES; i++) {
    const value = decimal(parts[i]!);
    valid = value <= 0xff;
    address[i] = value;
  }
  const number = decimal(port);
  if (!(valid && number <= 0xffff))
    throw wrong('sources', 'addresses with ports, as in 192.168.1.80:80, with commas between them');
  return { address, port: number };
}

/** The value of decimal digits, or NaN. */
function decimal(digits: string): number {
  if (digits === '') return NaN;
  let value = 0;
  for (let i = 0; i < digits.length; i++) {
    const code = digits.charCodeAt(i);
    if (code < ASCII_0 || code > ASCII_9) return NaN;
    value = value * 10 + code - ASCII_0;
  }
  return value;
}
