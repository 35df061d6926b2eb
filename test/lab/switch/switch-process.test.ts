import { inNamespace } from '../../hosts/linux/namespace.js';

const WORKER = new URL('./switch-worker.ts', import.meta.url);

describe('The switch as a process', function () {
  this.timeout(60_000);
  const scenarios = {
    packetToPacket: 'loses none of 50,000 frames between two interfaces',
    packetToDgram: 'loses none of 50,000 frames from an interface to a datagram port',
    dgramToPacket: 'loses none of 50,000 frames from a datagram port to an interface',
    capture: 'captures a TCP connection so that tshark sees who sent what, and nothing twice',
    delay: 'delays each way on the client’s port',
    boardFaults: 'has losses by its seed and a rate on the boards’ ports',
    lifecycle: 'ends with its standard input or a signal, and reports its totals',
    mistakes: 'names what is wrong with its configuration',
    removal: 'goes on when an interface is removed',
  };
  for (const [name, title] of Object.entries(scenarios)) it(title, () => inNamespace(WORKER, name));
});
