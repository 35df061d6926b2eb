import { siteCard } from './site-files.js';
import { World } from './world.js';
describe('x', function () { this.timeout(60000);
 it('pipeline', async () => {
    const world = new World({ cards: [await siteCard(), await siteCard()] });
    await world.start();
    const c = world.client(); c.connect();
    c.write('GET /small.bin HTTP/1.1\r\nHost: site\r\n\r\n'.repeat(600));
    for (let i = 0; i < 12; i++) { await world.run(i < 6 ? 2 : 1000); console.log(world.nowUs, c.receivedBytes, c.responses().length, c.wasReset, c.ended, world.backEnds.outstanding, world.backEnds.waiting, c.seq - c.una, world.host.counters.bytesReceived); }
 });
 it('last board', async () => {
    const world = new World({ cards: [await siteCard()] });
    await world.start();
    const c = world.download('/large.bin', { bufferBytes: 20_000 });
    await world.until(() => c.receivedBytes > 100_000, 5_000);
    world.boards[0]!.powerOff();
    for (let i = 0; i < 30; i++) { await world.run(3000); console.log(world.nowUs, c.receivedBytes, c.wasReset, c.ended, world.backEnds.outstanding, world.backEnds.waiting, world.host.tcp.connections, world.backEnds.counters.spansFailed, world.host.counters.retransmissionTimeouts, world.host.tcp.table.size); }
 });
});
