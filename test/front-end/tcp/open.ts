/** An open connection for the tests of this folder. */
import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import type { TcpSettings } from '../../../src/front-end/tcp/settings.js';
import { MSS_1460, Peer, Rig, settle, type Sent } from '../rig.js';

export interface Open {
  rig: Rig;
  peer: Peer;
  socket: AtcpSocket;
  /** Sequence number of our first byte. */
  first: number;
  /** Errors that the socket emitted. */
  errors: NodeJS.ErrnoException[];
}

export interface OpenOptions {
  readonly options?: readonly number[];
  readonly settings?: Partial<TcpSettings>;
  readonly window?: number;
  readonly allowHalfOpen?: boolean;
  /** What the handshake takes; 0 when left out. */
  readonly rttUs?: number;
}

export async function open(how: OpenOptions = {}): Promise<Open> {
  const rig = new Rig(how.settings);
  const errors: NodeJS.ErrnoException[] = [];
  let socket: AtcpSocket | undefined;
  rig.serve(
    (each) => {
      socket = each;
      each.on('error', (error) => errors.push(error));
      each.resume();
    },
    { allowHalfOpen: how.allowHalfOpen ?? true },
  );
  const peer = new Peer(rig);
  peer.window = how.window ?? 0xffff;
  const synAck = peer.connect(how.options ?? MSS_1460, how.rttUs);
  await settle();
  return { rig, peer, socket: socket!, first: (synAck.seq + 1) >>> 0, errors };
}

/** [offset in the stream, bytes] of each segment that carries data. */
export function pieces(sent: Sent[], first: number): [number, number][] {
  return sent
    .filter(({ payload }) => payload.length > 0)
    .map(({ seq, payload }) => [(seq - first) | 0, payload.length]);
}

/** Flags and offset of each segment. */
export function shapes(sent: Sent[], first: number): [string, number][] {
  return sent.map(({ flags, seq }) => [flags, (seq - first) | 0]);
}
