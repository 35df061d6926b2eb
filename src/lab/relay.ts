/**
 * A relay from 127.0.0.1 of the machine into the client's namespace, so that a browser outside reaches the server:
 * the outer half listens on TCP, the inner half connects to the server, a Unix socket joins the two.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

function join(a: Socket, b: Socket): void {
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
  a.pipe(b);
  b.pipe(a);
}

/** Listens on the Unix socket `path` and connects each caller to `host`:`port`. */
export function listenInside(path: string, host: string, port: number): Server {
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    join(caller, createConnection({ host, port, allowHalfOpen: true }));
  });
  return server.listen(path);
}

/** Listens on 127.0.0.1:`port` (0 for any) and connects each caller to the Unix socket `path`. */
export function listenOutside(port: number, path: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    join(caller, createConnection({ path, allowHalfOpen: true }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
