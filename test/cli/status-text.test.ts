import assert from 'node:assert/strict';
import type { Status, TraceLine, TraceStart } from '../../src/control/protocol.js';
import { formatStatus } from '../../src/cli/status-text.js';
import { formatDuration, formatTable } from '../../src/cli/table.js';
import { formatTraceLine } from '../../src/cli/trace-text.js';
import { DelegationCounters, FrontEndCounters } from '../../src/front-end/index.js';

const SPAN = {
  client: '10.0.0.2:40000',
  object: 'film.mp4',
  from: 0,
  length: 5_000_000,
  acknowledged: 3_000_000,
  ageMs: 900,
  outcome: 'underWay',
  error: null,
  pieces: [
    {
      board: 1,
      command: 17,
      from: 0,
      to: 1_000_000,
      sentUpTo: 1_048_576,
      resentBytes: 2920,
      cause: 'boardLost',
    },
    {
      board: 2,
      command: 18,
      from: 1_000_000,
      to: 3_000_000,
      sentUpTo: 3_100_000,
      resentBytes: 0,
      cause: null,
    },
  ],
} as const;

function status(changes: Partial<Status> = {}): Status {
  return {
    address: '10.0.0.1',
    address6: 'fd77::10',
    macAddress: '02:00:00:00:00:01',
    epoch: 77,
    process: {
      pid: 4711,
      uptimeMs: 65_000,
      rssBytes: 80 << 20,
      heapUsedBytes: 12 << 20,
      heapTotalBytes: 20 << 20,
      externalBytes: 4 << 20,
      cpuUserMs: 1500,
      cpuSystemMs: 250,
    },
    boards: [
      {
        id: 1,
        state: 'lost',
        available: false,
        macAddress: '02:00:00:00:01:01',
        epoch: 1000,
        card: 'ready',
        volumeId: '00',
        volumeGeneration: 3,
        firmwareVersion: 256,
        lastHeardMs: 4200,
        outstanding: 0,
        bytes: 1_000_000,
        heartbeat: {
          uptimeMs: 1,
          slotsUsed: 1,
          slots: 16,
          buffersLent: 12,
          buffers: 24,
          framesReceived: 100,
          framesDiscarded: 2,
          pseudoPacketsSent: 700,
          diskErrors: 0,
        },
        dataLink: null,
      },
    ],
    connectionCounts: { open: 3, handshakes: 1, timeWait: 2, quarantined: 0 },
    connections: [
      {
        client: '10.0.0.2:40000',
        localPort: 80,
        state: 'ESTABLISHED',
        ageMs: 1000,
        bytes: 3_000_180,
        frontEndBytes: 180,
        boardBytes: 3_000_000,
        spans: [SPAN],
      },
    ],
    endedSpans: [],
    delegations: { outstanding: [{ command: 18, board: 2, opcode: 'read', phase: 'confirmed' }], waiting: 4 },
    bytes: { frontEnd: 180, boards: { 1: 1_000_000, 2: 2_000_000 } },
    steps: [
      { figure: 8, step: '120', meaning: 'point D', counter: 'step120AcksChecked', count: 1234 },
      { figure: 8, step: '121', meaning: 'discarded', counter: 'step121AcksDiscarded', count: 0 },
    ],
    counters: { frontEnd: new FrontEndCounters(), delegation: new DelegationCounters() },
    ...changes,
  };
}

describe('atcp status, as text', () => {
  it('shows everything in tables', () => {
    const counters = { frontEnd: new FrontEndCounters(), delegation: new DelegationCounters() };
    counters.delegation.heartbeats = 12;
    counters.delegation.step120AcksChecked = 1234;
    assert.equal(
      formatStatus(status({ counters })),
      `\
Front-end 10.0.0.1, fd77::10 at 02:00:00:00:00:01, epoch 77, up 65 s
Process 4711: 80 MiB resident, heap 12 MiB of 20 MiB, 4 MiB outside it; CPU 1.50 s user, 0.25 s system
Acknowledged by clients: 3,000,000 bytes from boards, 180 from the front-end

Boards
id  state  MAC                epoch  slots  buffers  card   generation  last heard  link lost  twice  pseudo packets  discarded  disk errors      bytes
 1  lost   02:00:00:00:01:01   1000   1/16    12/24  ready           3      4.20 s          –      –             700          2            0  1,000,000

Connections: 3 open, 1 in handshake, 2 in TIME-WAIT, 0 quarantined
client          port  state           age      bytes  of the front-end  of boards
10.0.0.2:40000    80  ESTABLISHED  1.00 s  3,000,180               180  3,000,000
… and 2 more

Which board sent which bytes [from, to) of which object
client          object    state      board  command       from         to  sent up to  sent again
10.0.0.2:40000  film.mp4  under way      1       17          0  1,000,000   1,048,576       2,920  boardLost
                                         2       18  1,000,000  3,000,000   3,100,000           0

Commands outstanding: 1; waiting for a board: 4
command  board  opcode  phase
     18      2  read    confirmed

Steps of the figures
figure  step  count
Fig. 8  120   1,234  point D
Fig. 8  121       0  discarded

Counters of the delegation layer (others are 0)
name        count
heartbeats     12
`,
    );
  });

  it('leaves out what there is nothing of', () => {
    const text = formatStatus(
      status({ connections: [], connectionCounts: { open: 0, handshakes: 0, timeWait: 0, quarantined: 0 } }),
    );
    assert.match(text, /\nConnections: 0 open, 0 in handshake, 0 in TIME-WAIT, 0 quarantined\n\nCommands /);
  });

  it('says why a span failed, also when no board ever had it', () => {
    const failed = {
      ...SPAN,
      outcome: 'failed',
      error: 'no board can take the command',
      pieces: [],
    } as const;
    assert.match(
      formatStatus(status({ connections: [], endedSpans: [failed] })),
      /\n10\.0\.0\.2:40000 {2}film\.mp4 {2}failed +(– +){6}no board can take the command\n/,
    );
  });

  it('aligns columns, numbers at the right', () => {
    const rows = [
      ['a', '1'],
      ['bcd', '1,000'],
    ];
    assert.deepEqual(formatTable([{ title: 'x' }, { title: 'n', right: true }], rows), [
      'x        n',
      'a        1',
      'bcd  1,000',
    ]);
  });

  it('writes durations to the precision that matters', () => {
    assert.deepEqual([0, 9_990, 12_400, 119_999, 180_000, 10_800_000].map(formatDuration), [
      '0.00 s',
      '9.99 s',
      '12 s',
      '120 s',
      '3 min',
      '3 h',
    ]);
  });
});

describe('atcp trace, as text', () => {
  const start: TraceStart = {
    event: 'listening',
    address: '10.0.0.1',
    address6: 'fd77::10',
    atUs: 5_000_000,
    unixTimeMs: 86_400_000,
  };
  const at = { atUs: 5_001_500 } as const;
  const lines: readonly (readonly [TraceLine, string])[] = [
    [start, '00:00:00.000        listening to the front-end 10.0.0.1, fd77::10'],
    [
      { ...at, event: 'connectionOpened', packet: 23, client: '10.0.0.2:1', localPort: 80 },
      '00:00:00.001  23    10.0.0.2:1 connected to port 80',
    ],
    [
      {
        ...at,
        event: 'delegated',
        packet: 25,
        point: 'A',
        opcode: 'read',
        command: 3,
        board: 2,
        object: 'a',
        from: 10,
        to: 2010,
        client: 'c',
      },
      '00:00:00.001  25 A  command 3: board 2 is to send "a", bytes 10 to 2,010, to c',
    ],
    [
      {
        ...at,
        event: 'failedOver',
        fromBoard: 2,
        cause: 'boardLost',
        packet: 25,
        point: 'A',
        opcode: 'read',
        command: 4,
        board: 1,
        object: 'a',
        from: 1000,
        to: 2010,
        client: 'c',
      },
      '00:00:00.001  25 A  command 4: board 1 goes on where board 2 left (boardLost) with "a", bytes 1,000 to 2,010, to c',
    ],
    [
      { ...at, event: 'accepted', packet: 27, point: 'D', command: 3, board: 2, totalBytes: 2000 },
      '00:00:00.001  27 D  command 3: board 2 accepts it, 2,000 bytes in all',
    ],
    [
      { ...at, event: 'accepted', packet: 27, point: 'D', command: 3, board: 2, totalBytes: null },
      '00:00:00.001  27 D  command 3: board 2 accepts it',
    ],
    [
      {
        ...at,
        event: 'stated',
        packet: 29,
        point: 'F',
        command: 3,
        board: 2,
        version: 1,
        withCommand: true,
        acknowledged: 0,
        granted: 14_600,
        resendRanges: 2,
      },
      '00:00:00.001  29 F  command 3: board 2 is told 25 and version 1: acknowledged 0, granted 14,600, 2 to send again',
    ],
    [
      {
        ...at,
        event: 'reported',
        packet: 27,
        point: 'D',
        command: 3,
        board: 2,
        version: 1,
        sentUpTo: 14_600,
        resendGeneration: 0,
      },
      '00:00:00.001  27 D  command 3: board 2 answers version 1: sent up to 14,600',
    ],
    [
      { ...at, event: 'interrupted', command: 3, board: 2, cause: 'failed', error: 'its card is gone' },
      '00:00:00.001        command 3: board 2 is out of it, failed: its card is gone',
    ],
    [
      { ...at, event: 'released', packet: 27, point: 'D', command: 3, board: 2, confirmed: false },
      '00:00:00.001  27 D  command 3: board 2 did not confirm, its lease is over',
    ],
    [
      {
        ...at,
        event: 'completed',
        packet: 28,
        point: 'E',
        client: 'c',
        object: 'a',
        bytes: 1,
        boards: [2, 1],
      },
      '00:00:00.001  28 E  c has "a", 1 byte from boards 2, 1',
    ],
    [
      { ...at, event: 'failed', client: 'c', object: 'a', acknowledgedBytes: 5, error: 'no board' },
      '00:00:00.001        c does not get "a" beyond 5 bytes: no board',
    ],
    [
      {
        ...at,
        event: 'connectionClosed',
        client: 'c',
        state: 'LAST-ACK',
        bytes: 300,
        frontEndBytes: 100,
        error: null,
      },
      "00:00:00.001        c closed in LAST-ACK with 300 bytes acknowledged, 100 of them the front-end's own",
    ],
    [
      { ...at, event: 'missed', events: 1200 },
      '00:00:00.001        1,200 events missed: this trace was not read fast enough',
    ],
    [
      { ...at, event: 'boardRebooted', board: 1, epoch: 9 },
      '00:00:00.001        board 1 has rebooted, epoch 9',
    ],
  ];
  for (const [line, text] of lines)
    it(`writes ${line.event}${'totalBytes' in line && line.totalBytes === null ? ' without a total' : ''}`, () => {
      assert.equal(formatTraceLine(line, start), text);
    });
});
