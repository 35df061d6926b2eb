import assert from 'node:assert/strict';
import { Trace, type TraceEvent } from '../../../src/front-end/inspection/trace.js';

const LOST = { event: 'boardLost', board: 1 } as const;
const STATED = {
  event: 'stated',
  packet: 29,
  point: 'F',
  command: 7,
  board: 1,
  version: 3,
  withCommand: false,
  acknowledged: 10,
  granted: 20,
  resendRanges: 0,
} as const;

describe('front-end/inspection: trace', () => {
  it('has nothing to call while nobody listens', () => {
    const trace = new Trace(() => 0);
    assert.equal(trace.events, undefined);
    assert.equal(trace.statements, undefined);
    const stop = trace.listen(() => {});
    assert.notEqual(trace.events, undefined);
    assert.equal(trace.statements, undefined, 'nobody asked for single statements');
    stop();
    assert.equal(trace.events, undefined);
  });

  it('stamps events with its clock', () => {
    let nowUs = 1234;
    const trace = new Trace(() => nowUs++);
    const heard: TraceEvent[] = [];
    trace.listen((event) => heard.push(event));
    trace.events!(LOST);
    trace.events!(LOST);
    assert.deepEqual(heard, [
      { atUs: 1234, ...LOST },
      { atUs: 1235, ...LOST },
    ]);
  });

  it('tells statements only to those who want them', () => {
    const trace = new Trace(() => 5);
    const few: string[] = [];
    const all: string[] = [];
    trace.listen(({ event }) => few.push(event));
    const stop = trace.listen(({ event }) => all.push(event), true);
    trace.events!(LOST);
    trace.statements!(STATED);
    assert.deepEqual([few, all], [['boardLost'], ['boardLost', 'stated']]);
    stop();
    assert.equal(trace.statements, undefined);
    trace.events!(LOST);
    assert.deepEqual([few.length, all.length], [2, 2]);
  });
});
