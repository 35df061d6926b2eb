/**
 * The front-end as a process of the laboratory: the packet socket of its namespace, the boards of the
 * configuration, the services web, TFTP and stream. Argument: the laboratory's configuration file. Prints `ready` when every board
 * can be asked.
 */
import { readFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketLink } from '../../hosts/linux/packet-link.js';
import { ControlServer } from '../control/server.js';
import { BackEnds, FrontEnd, nodeEntropy, parseMac } from '../front-end/index.js';
import { createStreamServer } from '../services/stream/index.js';
import { createTftpServer } from '../services/tftp/index.js';
import { createWebServer } from '../services/web/index.js';
import { boardKey } from './boards.js';
import { LAB_ADDRESS, type LabConfiguration } from './configuration.js';
import { controlSocketOf } from './control.js';

const BOARDS_TIMEOUT_MS = 15_000;

async function main(): Promise<void> {
  const configuration = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as LabConfiguration;
  const macAddress = parseMac(LAB_ADDRESS.vipMac);
  const frontEnd = new FrontEnd({
    link: new PacketLink('eth0', { promiscuous: true }),
    address: LAB_ADDRESS.vip,
    address6: LAB_ADDRESS.vip6,
    macAddress,
    settings: { timestamps: configuration.timestamps },
  });
  const backEnds = new BackEnds({
    provisioning: configuration.boards.map(({ id }) => ({ id, key: boardKey(configuration, id) })),
    macAddress,
    epoch: randomInt(1, 0xffff_ffff),
    entropy: nodeEntropy,
    transmit: frontEnd.host.transmit,
    trace: frontEnd.host.trace,
    unixTimeMs: Date.now,
    onWork: () => frontEnd.requestBatch(),
  });
  frontEnd.addPart(backEnds);
  const web = createWebServer({ backEnds, configuration: { listing: true, mode: configuration.webMode } });
  frontEnd.createServer().attachHttp(web).listen(LAB_ADDRESS.webPort);
  createTftpServer({ udp: frontEnd.udp, backEnds, configuration: { port: LAB_ADDRESS.tftpPort } });
  createStreamServer({ udp: frontEnd.udp, backEnds, configuration: { port: LAB_ADDRESS.streamPort } });
  const control = new ControlServer(frontEnd, backEnds);
  await control.listen(controlSocketOf(configuration));
  frontEnd.start();

  const count = configuration.boards.length;
  const all = backEnds.whenAvailable(count).then(() => true);
  if (!(await Promise.race([all, sleep(BOARDS_TIMEOUT_MS, false)]))) {
    const silent = backEnds.boards.filter((board) => !board.available).map((board) => `board-${board.id}`);
    throw new Error(`after ${BOARDS_TIMEOUT_MS / 1000} s these boards can't be used: ${silent.join(', ')}`);
  }
  process.stdout.write('ready\n');
  process.once('SIGTERM', () => {
    control.close();
    frontEnd.close();
    process.exit(0);
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
