/** Every vector. A new file of vectors is added here, and then runs on every engine. */
import { boardVectors } from './board.js';
import { byteLoopVectors } from './byte-loops.js';
import { ipv6Vectors } from './ipv6.js';
import { pseudoPacketVectors } from './pseudo-packets.js';
import { pseudoPacket6Vectors } from './pseudo-packets6.js';
import { vectors } from './vector.js';
import { wireVectors } from './wire.js';

export const allVectors = vectors(
  ...byteLoopVectors,
  ...wireVectors,
  ...ipv6Vectors,
  ...pseudoPacketVectors,
  ...pseudoPacket6Vectors,
  ...boardVectors,
);
