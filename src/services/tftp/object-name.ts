/** From the name in a request to the name on the volume. */
import { RequestError, TftpErrorCode } from './packets.js';

/**
 * Clients write "boot/kernel" as well as "/boot/kernel". There is no parent directory to be reached: names are looked
 * up in the volume as they are, and those that mean a way through a file system are refused. Throws a {@link RequestError}.
 */
export function objectName(requested: string, directory: string): string {
  const path = requested.replace(/^\/+/, '');
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new RequestError(TftpErrorCode.accessViolation, 'that is not the name of a file here');
  return directory === '' ? path : `${directory}/${path}`;
}
