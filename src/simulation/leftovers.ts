/** What is still held by anybody when every client has gone. */
import type { BoardMachine } from './board-machine.js';
import type { FrontEndMachine } from './front-end-machine.js';

/** "name number" of each thing that is left; undefined when there is nothing. */
export function leftovers(frontEnd: FrontEndMachine, boards: readonly BoardMachine[]): string | undefined {
  const { tcp } = frontEnd.host;
  const { backEnds, server } = frontEnd;
  if (tcp.connections + tcp.table.size + tcp.timers.size + server.connections > 0)
    return list({
      connections: tcp.connections,
      'entries of the connection table': tcp.table.size,
      timers: tcp.timers.size,
      sockets: server.connections,
    });
  if (backEnds.outstanding + backEnds.waiting > 0)
    return list({ commands: backEnds.outstanding, 'spans that wait for a board': backEnds.waiting });
  for (const { board, id, powered } of boards)
    if (powered && board.slotsUsed + board.memory.lent > 0)
      return list({
        [`slots of board ${id}`]: board.slotsUsed,
        [`buffers of board ${id}`]: board.memory.lent,
      });
  return undefined;
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
