import assert from 'node:assert/strict';
import type { VirtualHost } from '../../../hosts/virtual-board/device/host.js';
import { Wire } from '../../../hosts/virtual-board/device/wire.js';

/** 100 Mbit/s: 1514 bytes, FCS, preamble and gap. */
const FULL_FRAME_US = ((1514 + 4 + 8 + 12) * 8) / 100;

function setUp(waiting: number) {
  const state = { nowUs: 1_000_000, waiting, sent: [] as number[] };
  const host = {
    nowUs: () => state.nowUs,
    receive: () => (state.waiting > 0 ? (state.waiting--, 1514) : 0),
    send: (_b: Uint8Array, _at: number, length: number) => state.sent.push(length),
  } as unknown as VirtualHost;
  const wire = new Wire(host);
  const b = new Uint8Array(1600);
  const receiveAll = () => {
    let frames = 0;
    while (wire.receive(b, 0, 1518) > 0) frames++;
    return frames;
  };
  return { state, wire, b, receiveAll };
}

describe('the wire of a virtual board', () => {
  it('hands on at once what a link may have delivered while nobody looked: less than the NIC holds', () => {
    const { receiveAll } = setUp(1000);
    const frames = receiveAll();
    assert.equal(frames, Math.ceil(1000 / FULL_FRAME_US));
    assert.ok(frames * 1516 < 16 * 1024);
  });

  it('delivers a burst at the speed of the link, losing none', () => {
    const { state, receiveAll } = setUp(1000);
    let frames = receiveAll();
    const start = state.nowUs;
    while (frames < 1000) {
      state.nowUs += 10;
      frames += receiveAll();
    }
    assert.equal(frames, 1000);
    const us = state.nowUs - start;
    assert.ok(Math.abs(us - 1000 * FULL_FRAME_US) < 1200, `${us} us`);
  });

  it('delivers a lone frame at once', () => {
    const { state, receiveAll } = setUp(1);
    assert.equal(receiveAll(), 1);
    state.nowUs += 5000;
    state.waiting = 1;
    assert.equal(receiveAll(), 1);
  });

  it('looks at an empty cable again only after a while', () => {
    const { state, receiveAll } = setUp(0);
    assert.equal(receiveAll(), 0);
    state.waiting = 1;
    state.nowUs += 29;
    assert.equal(receiveAll(), 0);
    assert.equal(state.waiting, 1, 'not looked');
    state.nowUs += 1;
    assert.equal(receiveAll(), 1);
  });

  it('sends as it is told', () => {
    const { state, wire, b } = setUp(0);
    wire.send(b, 3, 60);
    assert.deepEqual(state.sent, [60]);
  });
});
