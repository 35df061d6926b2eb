/** The states of a connection from ESTABLISHED on, and what leads from one to the next (RFC 9293 3.3.2, figure 5). */

export type ConnectionState =
  'ESTABLISHED' | 'FIN-WAIT-1' | 'FIN-WAIT-2' | 'CLOSE-WAIT' | 'CLOSING' | 'LAST-ACK' | 'CLOSED';

export type ConnectionEvent = 'finSent' | 'finAcknowledged' | 'finReceived';

/** TIME-WAIT is another object's ({@link TimeWait}): the connection itself is over then. */
type NextState = ConnectionState | 'TIME-WAIT';

const NEXT: Readonly<Record<ConnectionState, Readonly<Partial<Record<ConnectionEvent, NextState>>>>> =
  Object.freeze({
    ESTABLISHED: { finSent: 'FIN-WAIT-1', finReceived: 'CLOSE-WAIT' },
    'FIN-WAIT-1': { finAcknowledged: 'FIN-WAIT-2', finReceived: 'CLOSING' },
    'FIN-WAIT-2': { finReceived: 'TIME-WAIT' },
    'CLOSE-WAIT': { finSent: 'LAST-ACK' },
    CLOSING: { finAcknowledged: 'TIME-WAIT' },
    'LAST-ACK': { finAcknowledged: 'CLOSED' },
    CLOSED: {},
  });

/** The state itself when the event changes nothing, as a FIN that is sent again. */
export function nextState(state: ConnectionState, event: ConnectionEvent): NextState {
  return NEXT[state][event] ?? state;
}
