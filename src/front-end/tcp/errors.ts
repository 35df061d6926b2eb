/** Errors as Node's own sockets give them: `code` and `syscall` are what programs look at. */

function socketError(code: string, syscall: string, detail: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${syscall} ${code}: ${detail}`);
  error.code = code;
  error.syscall = syscall;
  return error;
}

export function connectionReset(): Error {
  return socketError('ECONNRESET', 'read', 'the client reset the connection');
}

export function connectionTimedOut(): Error {
  return socketError('ETIMEDOUT', 'write', 'the client no longer answers');
}

export function writeCanceled(): Error {
  return socketError('ECANCELED', 'write', 'the socket was destroyed before the write was complete');
}

export function addressInUse(port: number): Error {
  return socketError(
    'EADDRINUSE',
    'listen',
    `port ${port} has a listener already; close it or choose another port`,
  );
}
