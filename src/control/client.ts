/** Asks a front-end through its control socket. Errors name cause and cure. */
import { get, type IncomingMessage } from 'node:http';
import { STATEMENTS_PARAMETER, STATUS_PATH, TRACE_PATH, type Status, type TraceLine } from './protocol.js';

/** The variable with the path of the socket; a laboratory sets it for its command. */
export const CONTROL_VARIABLE = 'ATCP_CONTROL';

export class ControlError extends Error {
  override name = 'ControlError';
}

/** `given`, or what the environment says. Throws {@link ControlError} when there is neither. */
export function controlPath(given: string | undefined, environment: NodeJS.ProcessEnv): string {
  const path = given ?? environment[CONTROL_VARIABLE];
  if (path !== undefined && path !== '') return path;
  throw new ControlError(
    `no front-end to ask, for ${CONTROL_VARIABLE} is not set: run this as, or within, the command of a laboratory ` +
      "(atcp lab … -- sh), or name a front-end's control socket with --socket PATH",
  );
}

export async function fetchStatus(path: string): Promise<Status> {
  const response = await request(path, STATUS_PATH);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return JSON.parse(text) as Status;
}

/** Every line of a trace, until the front-end ends. */
export async function* followTrace(path: string, withStatements: boolean): AsyncGenerator<TraceLine> {
  const response = await request(path, `${TRACE_PATH}${withStatements ? `?${STATEMENTS_PARAMETER}=1` : ''}`);
  let rest = '';
  try {
    for await (const piece of response.setEncoding('utf8')) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as TraceLine;
    }
  } catch (error) {
    // A front-end that ends leaves the stream incomplete.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
}

function request(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = get({ socketPath, path, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else {
        response.resume();
        reject(
          new ControlError(
            `${socketPath} answered ${path} with status ${response.statusCode}: it is not this version's front-end; ` +
              'use the atcp that it was started with',
          ),
        );
      }
    });
    asked.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ControlError(explain(socketPath, error))),
    );
  });
}

function explain(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return `there is no control socket ${path}: the front-end has ended, or the path is wrong; start it, or correct --socket or ${CONTROL_VARIABLE}`;
    case 'ECONNREFUSED':
      return `nobody listens on ${path}: the front-end has ended without taking its socket away; start it again`;
    case 'EACCES':
    case 'EPERM':
      return `you may not open ${path}: run this as the user who runs the front-end, or with sudo`;
    default:
      return `asking the front-end through ${path} failed: ${error.message}; look whether it is a front-end's control socket`;
  }
}
