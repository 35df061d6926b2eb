/** The observer is itself observed: told the same in the project's own formats, it must notice each breach. */
import assert from 'node:assert/strict';
import { Observer } from '../../src/simulation/observer.js';
import { emitAckDown, emitResendRange } from '../../src/wire/atcp/ack-down.js';
import { emitCommand, Opcode } from '../../src/wire/atcp/command.js';
import { emitAtcp, AtcpKey, AtcpType } from '../../src/wire/atcp/header.js';
import { emitEthernet, EtherType } from '../../src/wire/ethernet.js';
import { emitIpv4, IpProtocol } from '../../src/wire/ipv4.js';
import { emitTcp, TcpFlag } from '../../src/wire/tcp.js';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const BODY = 14 + 32;
const VIP = 0x0a00_0001;
const CLIENT = 0x0a00_0101;
const START = 0xffff_fff0;
const TEMPLATE_BYTES = 54;

interface Statement {
  readonly version: number;
  readonly acknowledged?: number;
  readonly granted: number;
  readonly leaseMs?: number;
  readonly again?: readonly [number, number, number];
  readonly flags?: number;
}

describe('simulation: observer', () => {
  let observer: Observer;
  let violations: string[];
  let serial = 0;

  beforeEach(() => {
    violations = [];
    observer = new Observer((what) => violations.push(what));
  });

  function frame(write: (b: Uint8Array) => number): Uint8Array {
    const b = new Uint8Array(600);
    emitEthernet(b, 0, MAC, MAC, EtherType.atcp);
    const bytes = write(b);
    emitAtcp(b, 14, AtcpType.statements, AtcpKey.session, 32 + bytes, 1, 100, 1);
    return b.subarray(0, BODY + bytes);
  }

  function take(bytes: Uint8Array, clockUs = 0, damagedAt = -1): void {
    observer.onBoardTakes(1, { bytes, serial: ++serial, damagedAt }, clockUs);
  }

  function command(): void {
    take(
      frame((b) => {
        const bytes = emitCommand(
          b,
          BODY,
          0,
          100,
          7,
          Opcode.read,
          TEMPLATE_BYTES,
          14,
          34,
          1460,
          34,
          START,
          0,
          0,
        );
        emitIpv4(b, BODY + 40 + 14, 0, IpProtocol.tcp, VIP, CLIENT);
        emitTcp(b, BODY + 40 + 34, 80, 40_000, 0, 0, TcpFlag.ack, 0, 20);
        return bytes;
      }),
    );
  }

  function statement({
    version,
    acknowledged = 0,
    granted,
    leaseMs = 2_000,
    again,
    flags = 0,
  }: Statement): Uint8Array {
    return frame((b) => {
      const ranges = again === undefined ? 0 : 1;
      const bytes = emitAckDown(
        ...([b, BODY, flags, 100, 7, version, acknowledged, granted, 55, 66, leaseMs, 0] as const),
        ...([ranges, 0, 0, 0] as const),
      );
      if (again !== undefined) emitResendRange(b, BODY, 0, ...again);
      return bytes;
    });
  }

  function send(offset: number, length: number, clockUs = 1_000, acknowledgment = 55): void {
    const b = new Uint8Array(54 + length);
    emitEthernet(b, 0, MAC, MAC, EtherType.ipv4);
    emitIpv4(b, 14, 20 + length, IpProtocol.tcp, VIP, CLIENT);
    emitTcp(b, 34, 80, 40_000, (START + offset) >>> 0, acknowledgment, TcpFlag.ack, 66, 20);
    observer.onBoardSends(1, b, clockUs);
  }

  function assertOnly(pattern: RegExp): void {
    assert.equal(violations.length, 1, violations.join('\n'));
    assert.match(violations[0]!, pattern);
  }

  it('lets pass what is granted, also across the end of the sequence numbers', () => {
    command();
    take(statement({ version: 1, granted: 2_920 }));
    send(0, 1460);
    send(1460, 1460);
    assert.deepEqual(violations, []);
  });

  it('notices bytes beyond the credit', () => {
    command();
    take(statement({ version: 1, granted: 1_459 }));
    send(0, 1460);
    assertOnly(/up to 1460, and 1459 are granted/);
  });

  it('notices bytes after the lease, by the board’s own clock', () => {
    command();
    take(statement({ version: 1, granted: 2_920, leaseMs: 100 }), 5_000_000);
    send(0, 1460, 5_099_999);
    send(1460, 1460, 5_100_000);
    assertOnly(/the lease ended 0 µs ago/);
  });

  it('notices a range sent again without leave, or twice', () => {
    command();
    take(statement({ version: 1, granted: 2_920 }));
    send(0, 1460);
    take(statement({ version: 2, granted: 2_920, again: [1, 0, 1460] }));
    send(0, 1460);
    assert.deepEqual(violations, []);
    take(statement({ version: 3, granted: 2_920, again: [1, 0, 1460] }));
    send(0, 1460);
    assertOnly(/0 to 1460 again, which nobody has asked for/);
  });

  it('notices a gap, a stale pair, and a command that never came', () => {
    command();
    take(statement({ version: 1, granted: 5_000 }));
    send(100, 100);
    assertOnly(/at 100, and 0 comes next/);
    violations = [];
    send(0, 100, 1_000, 54);
    assertOnly(/acknowledgment and the window are not those/);
    violations = [];
    observer.onBoardOff(1);
    send(0, 100);
    assertOnly(/it has no such command/);
  });

  it('a statement counts once, not when it is damaged, stale or released', () => {
    command();
    const first = statement({ version: 1, granted: 100 });
    take(statement({ version: 2, granted: 1_000 }), 0, 60);
    send(0, 50);
    assertOnly(/up to 50, and 0 are granted/);
    violations = [];
    take(first);
    send(0, 50);
    assert.deepEqual(violations, []);
    take(statement({ version: 2, granted: 100, flags: 1 }));
    take(statement({ version: 3, granted: 1_000 }));
    send(50, 50);
    assertOnly(/it was released/);
  });
});
