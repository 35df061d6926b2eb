/**
 * What is broken on purpose, one thing at a time, and what must find that out: a seed of the simulation, or a test
 * ("script") where the fault costs speed and not correctness, or where the simulation can't see it.
 */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Must fail; without it some seed must. */
  readonly script?: string;
}

export const MUTATIONS: readonly Mutation[] = Object.freeze([
  {
    name: 'RACK waits for no reordering',
    file: 'src/front-end/tcp/rack.ts',
    find: 'return Math.min((this.multiplier * this.rtt.minRttUs) / 4, this.rtt.srttUs);',
    replace: 'return 0;',
    script: 'test/simulation/scenarios.test.ts',
  },
  {
    name: 'board: credit is not looked at',
    file: 'src/back-end/delegations.ts',
    find: 'd.granted < d.total ? d.granted : d.total',
    replace: 'd.total',
  },
  {
    name: 'board: leases do not end',
    file: 'src/back-end/delegations.ts',
    find: 'if (nowUs >= d.leaseEndsUs && !d.leaseOver) {',
    replace: 'if (nowUs >= d.leaseEndsUs + 1e12 && !d.leaseOver) {',
    script: 'test/simulation/scenarios.test.ts',
  },
  {
    name: 'replay window accepts everything',
    file: 'src/wire/atcp/authentication.ts',
    find: '  accept(sequence: number): boolean {',
    replace: '  accept(sequence: number): boolean {\n    if (sequence >= 0) return true;',
    script: 'test/wire/atcp/authentication.test.ts',
  },
  {
    name: 'board: tags are not checked',
    file: 'src/back-end/session.ts',
    find: 'else if (!this.#authenticator.verify(frame, HEADER, this.#downKey)) counters.framesForged++;',
    replace: '',
  },
  {
    name: 'front-end: tags are not checked',
    file: 'src/front-end/delegation/boards.ts',
    find: 'else if (!this.#authenticator.verify(b, at, session.upKey)) counters.framesBadTag++;',
    replace: '',
    script: 'test/front-end/delegation/sessions.test.ts',
  },
  {
    name: 'front-end: TCP checksums are not checked',
    file: 'src/front-end/tcp/stack.ts',
    find: "!== 'ok') {\n      counters.segmentCheckFailed++;",
    replace: "=== 'header') {\n      counters.segmentCheckFailed++;",
  },
  {
    name: 'board: checksums of data are not checked',
    file: 'src/back-end/disk-controller.ts',
    find: 'if (crc32c(b, at, sectors * SECTOR_BYTES, 0) !== expected) {',
    replace: 'if (crc32c(b, at, sectors * SECTOR_BYTES, 0) === -1 && expected === -1) {',
  },
  {
    name: 'board: every statement has its resend ranges executed again',
    file: 'src/back-end/resend-list.ts',
    find: '    this.#count = count;',
    replace: '    this.#count = count;\n    this.executed = 0;',
  },
  {
    name: 'board: after a fail-over the first byte is one too far',
    file: 'src/back-end/delegations.ts',
    find: 'moveTo(d, wholeDatagrams(d, d.firstOffset));',
    replace: 'moveTo(d, d.firstOffset > 0 && d.firstOffset < total ? d.firstOffset + 1 : d.firstOffset);',
  },
  {
    name: 'board: a continued span reads the byte after the right one',
    file: 'src/back-end/delegations.ts',
    find: '  return d.from + offset - d.headBytes - unit * UNIT_BYTES;',
    replace:
      '  return d.from + offset - d.headBytes - unit * UNIT_BYTES + (offset > 0 && offset === d.firstOffset ? 1 : 0);',
  },
  {
    name: 'board: acknowledged buffers of an ended delegation are kept',
    file: 'src/back-end/delegations.ts',
    find: '    this.#memory.giveBackAll(d.slot);',
    replace: '',
  },
  {
    name: 'front-end: the client’s window is not looked at',
    file: 'src/front-end/tcp/sender.ts',
    find: 'this.sndEdge = Math.max(this.sndEdge, ack + windowBytes);',
    replace: 'this.sndEdge = Math.max(this.sndEdge, ack + windowBytes + 20_000);',
  },
  {
    name: 'front-end: closed windows are never probed',
    file: 'src/front-end/tcp/probes.ts',
    find: '      this.atUs = nowUs + rtoUs;',
    replace: '      this.atUs = Infinity;',
  },
  {
    name: 'front-end: a board that is silent for good is never given up',
    file: 'src/front-end/delegation/boards.ts',
    find: 'if (silent && board.asks >= REMINDERS_BEFORE_GIVING_UP) {',
    replace: 'if (silent && board.asks >= 1e9) {',
    script: 'test/front-end/delegation/faults.test.ts',
  },
  {
    name: 'front-end: releases are said once and not repeated',
    file: 'src/front-end/delegation/delegation.ts',
    find: "    if (this.#phase === 'releasing') this.#awaitSilence(nowUs);",
    replace: "    if (this.#phase === 'releasing') return;",
  },
  {
    name: 'front-end: overlapping text from clients is taken twice',
    file: 'src/front-end/tcp/reassembly.ts',
    find: '      const known = position - piece.start;',
    replace: '      const known = 0;',
  },
  {
    name: 'front-end: retransmission timer never expires',
    file: 'src/front-end/tcp/sender.ts',
    find: '    else if (nowUs >= this.retransmitAtUs) return this.onTimeout(nowUs);',
    replace: '',
  },
  {
    name: 'front-end: another board begins before the lease of the first is over',
    file: 'src/front-end/delegation/delegation.ts',
    find: 'return this.#credit.leaseEndUs + this.#context.timing.leaseGraceMs * 1000;',
    replace: 'return 0;',
    script: 'test/front-end/delegation/faults.test.ts',
  },
  {
    name: 'front-end: PAWS takes old duplicates',
    file: 'src/front-end/tcp/segment-input.ts',
    find: 'if (timestamps.isNew(options, nowUs)) return true;',
    replace: 'if (timestamps.isNew(options, nowUs) || nowUs >= 0) return true;',
    script: 'test/front-end/tcp/timestamps.test.ts',
  },
  {
    name: 'front-end: what is sent again has the time of now as TSval',
    file: 'src/front-end/tcp/timestamps.ts',
    find: 'if (position < edge && marks.count > 0) return marks.at(position);',
    replace: 'if (position < edge && marks.count > 0) return timestampAt(nowUs, this.offset);',
  },
  {
    name: 'board: what is sent again has the latest TSval',
    file: 'src/back-end/timestamp-marks.ts',
    find: 'while (i > this.#first && this.#from[i]! > offset) i--;',
    replace: '',
  },
]);
