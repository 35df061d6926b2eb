/** Design 5.6: a NIC that segments gets one large packet a call, and the wire sees the same as without. */
import assert from 'node:assert/strict';
import { CommandFlag } from '../../src/wire/atcp/command.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Rig, VIP, VIP6 } from './support/rig.js';
import type { RigOptions } from './support/rig.js';
import { ackDown, readCommand, template } from './support/statements.js';
import type { ReadOptions } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(300_000, 12);
const LARGE: RigOptions = {
  segmentationBytes: 0x1_0000,
  limits: { buffers: 128, buffersPerSlot: 64, readAheadUnits: 32, unitsPerTurn: 32, unitsPerStep: 16 },
  sources: [{ ...VIP, port: 0 }, VIP6],
};

describe('segmentation by the NIC', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(new Map([['file', FILE]]));
  });

  function connected(): Rig {
    const rig = new Rig(image, LARGE);
    rig.connect(60_000);
    return rig;
  }

  const ipv6 = {
    template: template({ source: [...VIP6.address], destination: new Array<number>(16).fill(0xfd) }),
    segmentBytes: 1440,
  };
  const cases: [string, ReadOptions][] = [
    ['IPv4', {}],
    ['IPv6', ipv6],
    ['a VLAN', { template: template({ vlan: 9 }) }],
  ];
  for (const [what, read] of cases) {
    it(`hands over packets of full segments up to 64 KiB, over ${what}`, () => {
      const rig = connected();
      rig.state(readCommand({ ...read, flags: CommandFlag.fin }), ackDown({ granted: 0 }));
      rig.run(20_000);
      rig.state(ackDown({ version: 2, granted: FILE.length }));
      rig.run(100_000);
      assert.deepEqual(rig.stream(), FILE);
      const { superFrames } = rig.nic;
      assert.ok(superFrames.length < 20, `${superFrames.length} packets`);
      assert.ok(superFrames.some(({ frame }) => frame.length > 60_000 && frame.length <= 0x1_0000));
      for (const { segmentBytes } of superFrames) assert.equal(segmentBytes, read.segmentBytes ?? 1460);
      const short = rig.segments.filter(({ payload }) => payload.length < (read.segmentBytes ?? 1460));
      assert.ok(short.length <= 1, 'only the last segment of the span is short');
      assert.equal(rig.segments.filter(({ flags }) => (flags & TcpFlag.fin) !== 0).length, 1);
      assert.ok((rig.segments.at(-1)!.flags & TcpFlag.fin) !== 0);
    });
  }

  it('sends a single segment the plain way', () => {
    const rig = connected();
    rig.state(readCommand(), ackDown({ granted: 1460 }));
    assert.equal(rig.nic.superFrames.length, 0);
    assert.equal(rig.segments.length, 1);
  });

  it('does not put bytes of two TSvals into one packet', () => {
    const rig = connected();
    const headers = template({ timestamps: true });
    const marks: [number, number][] = [
      [0, 10],
      [14_480, 20],
    ];
    rig.state(readCommand({ template: headers, segmentBytes: 1448 }), ackDown({ granted: 0 }));
    rig.run(20_000);
    rig.state(ackDown({ version: 2, granted: 43_440, marks }));
    rig.run(20_000);
    assert.deepEqual(rig.stream(), FILE.slice(0, 43_440));
    for (const { sequence, tsVal } of rig.segments) assert.equal(tsVal, sequence - 1000 < 14_480 ? 10 : 20);
    assert.equal(rig.nic.superFrames.length, 2);
  });

  it('never makes one of UDP datagrams', () => {
    const rig = connected();
    rig.state(
      readCommand({ template: template({ udp: true }), segmentBytes: 512 }),
      ackDown({ granted: 20_480, acknowledgment: 0 }),
    );
    rig.run(20_000);
    assert.equal(rig.nic.superFrames.length, 0);
    assert.equal(rig.segments.length, 40);
  });

  it('sends again in large packets, too', () => {
    const rig = connected();
    rig.state(readCommand(), ackDown({ granted: 100_000 }));
    rig.run(50_000);
    rig.clear();
    rig.nic.superFrames.length = 0;
    rig.state(ackDown({ version: 2, granted: 100_000, resend: [[1, 2920, 40_000]] }));
    rig.run(20_000);
    assert.deepEqual(rig.stream(1000 + 2920), FILE.slice(2920, 40_000));
    assert.equal(rig.nic.superFrames.length, 1);
  });
});
