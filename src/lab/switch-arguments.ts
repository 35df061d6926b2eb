/** The laboratory's network as the switch's configuration. */
import { boardCable, type LabConfiguration } from './configuration.js';
import type { SwitchConfiguration } from './switch/configuration.js';

export function switchArguments(lab: LabConfiguration): string {
  const configuration: SwitchConfiguration = {
    ports: [
      { name: 'client', kind: 'packet', interface: 'client' },
      { name: 'front-end', kind: 'packet', interface: 'front-end' },
      ...lab.boards.map(({ id }) => {
        const { switchPort, boardPort } = boardCable(id);
        return { name: `board-${id}`, kind: 'dgram', localPort: switchPort, remotePort: boardPort } as const;
      }),
    ],
    faults: lab.faults,
    faultsOn: lab.faultsOn,
    seed: lab.seed,
    ...(lab.rateMbit === undefined ? {} : { rateMbit: lab.rateMbit }),
    ...(lab.pcap === undefined ? {} : { pcap: lab.pcap }),
  };
  return JSON.stringify(configuration);
}
