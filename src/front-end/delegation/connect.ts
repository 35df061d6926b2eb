/** Joins the delegation layer to a front-end that runs: same link, same batches, same clock. */
import { get32 } from '../../wire/bytes.js';
import { type FrontEnd, nodeEntropy } from '../runtime.js';
import { BackEnds, type BackEndsOptions } from './back-ends.js';

export type ConnectBackEndsOptions = Pick<
  BackEndsOptions,
  'provisioning' | 'etherType' | 'timing' | 'cachedFacts'
>;

/** Throws a RangeError when the provisioning list or the timing contradicts itself. Before {@link FrontEnd.start}. */
export function connectBackEnds(frontEnd: FrontEnd, options: ConnectBackEndsOptions): BackEnds {
  const { host } = frontEnd;
  const backEnds = new BackEnds({
    ...options,
    macAddress: host.macAddress,
    epoch: randomEpoch(),
    entropy: nodeEntropy,
    transmit: host.transmit,
    trace: host.trace,
    unixTimeMs: Date.now,
    onWork: () => frontEnd.requestBatch(),
  });
  frontEnd.addPart(backEnds);
  return backEnds;
}

/** Not 0, and not that of the last start but by an accident of one in four thousand million. */
function randomEpoch(): number {
  const b = new Uint8Array(4);
  nodeEntropy.fill(b, 0, 4);
  return get32(b, 0) || 1;
}
