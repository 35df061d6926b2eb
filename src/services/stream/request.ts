/**
 * What clients say, a line of text in a datagram, and what they are told:
 *
 *   GET <bits per second> <token> <name>    sends the object at that rate to where this came from; repeated now and
 *                                           then, it goes on; with another rate, at that one from then on.
 *                                           Without a token yet: "-"
 *   STOP <token>                            no more of it
 *
 *   TOKEN <token>    say it again with this: it shows that you are where you say
 *   OK <bytes>       it is on its way, from the stream port; so many bytes in all
 *   END <bytes>      that was all
 *   ERROR <text>
 */
export interface StreamRequest {
  readonly verb: 'GET' | 'STOP';
  readonly token: string;
  readonly bitsPerSecond: number;
  readonly name: string;
}

const MAX_REQUEST_BYTES = 512;
const GET = /^GET ([1-9][0-9]{0,9}) ([0-9a-f]{16}|-) ([^\0-\x1f]+)$/;
const STOP = /^STOP ([0-9a-f]{16})$/;

/** Undefined when it is none. */
export function parseStreamRequest(message: Buffer): StreamRequest | undefined {
  if (message.length > MAX_REQUEST_BYTES) return undefined;
  const text = message.toString('utf8').replace(/\r?\n$/, '');
  const get = GET.exec(text);
  if (get !== null) return { verb: 'GET', bitsPerSecond: Number(get[1]), token: get[2]!, name: get[3]! };
  const stop = STOP.exec(text);
  return stop === null ? undefined : { verb: 'STOP', token: stop[1]!, bitsPerSecond: 0, name: '' };
}
