/** Every script, by folder. */
import { ack } from './ack/scripts.js';
import { close } from './close/scripts.js';
import { congestion } from './congestion/scripts.js';
import { data } from './data/scripts.js';
import { dsack } from './dsack/scripts.js';
import { handshake } from './handshake/scripts.js';
import { icmp } from './icmp/scripts.js';
import { keepalive } from './keepalive/scripts.js';
import { options } from './options/scripts.js';
import { persist } from './persist/scripts.js';
import { rackTlp } from './rack-tlp/scripts.js';
import { reset } from './reset/scripts.js';
import { retransmission } from './retransmission/scripts.js';
import { sack } from './sack/scripts.js';
import type { Script } from './script.js';
import { spans } from './spans/scripts.js';
import { synCookies } from './syn-cookies/scripts.js';
import { timestamps } from './timestamps/scripts.js';
import { window } from './window/scripts.js';

export const FOLDERS: Readonly<Record<string, readonly Script[]>> = {
  handshake,
  'syn-cookies': synCookies,
  options,
  data,
  ack,
  timestamps,
  window,
  persist,
  retransmission,
  sack,
  'rack-tlp': rackTlp,
  dsack,
  congestion,
  close,
  reset,
  keepalive,
  icmp,
  spans,
};
