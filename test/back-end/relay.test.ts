/** Command `relay`: the board's own answer to a request, head and body (decisions 7, 8 and 12). */
import assert from 'node:assert/strict';
import { DelegationState, Reason } from '../../src/wire/atcp/ack-up.js';
import {
  RelayExpect,
  RelayFlag,
  RelayIfRange,
  RelayMethod,
  RelayRange,
} from '../../src/wire/atcp/command.js';
import { UNKNOWN_U64 } from '../../src/wire/bytes.js';
import { MEDIA_TYPES } from '../../src/back-end/http-texts.js';
import { contentType } from '../../src/services/web/content-type.js';
import { Rig } from './support/rig.js';
import type { RigOptions } from './support/rig.js';
import { ackDown, relayCommand, type RelayOptions, statCommand } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(50_000, 3);
/** Directories: what may be in a name, and as much of it as can be. */
const ODD = 'a b/"<>&%?#[]@!$\'()*+,;=:-_.~|^`{}\u007f';
const LONG = '€'.repeat(84);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** The page of mode `decoded`. */
function pageOf(status: string): string {
  return `<!doctype html>\n<html lang="en"><title>${status}</title><h1>${status}</h1></html>\n`;
}

describe('relay', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(
      new Map([
        ['dir/page.HTML', FILE],
        ['small.txt', pattern(5, 1)],
        ['empty', new Uint8Array(0)],
        [`${ODD}/leaf`, new Uint8Array(1)],
        [`${LONG}/a`, new Uint8Array(1)],
      ]),
    );
  });

  interface Facts {
    readonly version: Uint8Array;
    readonly modifiedMs: number;
  }

  function connected(options: RigOptions = {}): { rig: Rig; facts: Facts } {
    const rig = new Rig(image, options);
    rig.connect(60_000);
    rig.state(statCommand('dir/page.HTML', 99));
    const { objectVersion: version, result } = rig.report(99);
    const modifiedMs = Number(new DataView(result.buffer, result.byteOffset).getBigUint64(8));
    return { rig, facts: { version, modifiedMs } };
  }

  /** What is sent for a request that is granted everything. */
  function answer(rig: Rig, name: string, options: RelayOptions = {}): { head: string; body: Uint8Array } {
    rig.clear();
    const counter = options.counter ?? 1;
    rig.state(
      relayCommand(name, { ...options, counter }),
      ackDown({ counter, granted: 1_000_000, leaseMs: 60_000 }),
    );
    rig.run(50_000);
    const bytes = rig.stream();
    assert.equal(rig.report(counter).total, bytes.length, 'the total that was named');
    const text = Buffer.from(bytes).toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    return { head: text.slice(0, end), body: bytes.slice(end) };
  }

  const hex = ({ version }: Facts): string => Buffer.from(version).toString('hex');
  const date = (ms: number): string => new Date(ms).toUTCString();

  it('writes the head and the object, byte by byte', () => {
    const { rig, facts } = connected();
    const { head, body } = answer(rig, 'dir/page.HTML');
    assert.equal(
      head,
      'HTTP/1.1 200 OK\r\nDate: Tue, 29 Feb 2028 07:08:09 GMT\r\nConnection: keep-alive\r\n' +
        `Cache-Control: no-cache\r\nETag: "${hex(facts)}"\r\nLast-Modified: ${date(facts.modifiedMs)}\r\n` +
        'Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\nContent-Type: text/html; charset=utf-8\r\n' +
        'Content-Length: 50000\r\n\r\n',
    );
    assert.deepEqual(body, FILE);
    assert.ok(
      rig.segments.slice(0, -1).every(({ payload }) => payload.length === 1460),
      'full segments',
    );
  });

  it('sends nothing before the total is named and credit given', () => {
    const { rig } = connected();
    rig.clear();
    rig.state(relayCommand('dir/page.HTML'));
    rig.run(10_000);
    assert.equal(rig.segments.length, 0);
    assert.ok(rig.report().total > FILE.length);
  });

  it('knows dates of every day', () => {
    const { rig } = connected();
    for (let i = 0; i < 60; i++) {
      const dateMs = Math.floor((i * 7919 * 86_400_000) / 13 + i * 12_345_678);
      const { head } = answer(rig, 'nothing', { counter: i + 1, dateMs });
      assert.match(head, new RegExp(`\r\nDate: ${date(dateMs)}\r\n`));
      rig.state(ackDown({ counter: i + 1, version: 9, flags: 1 }));
    }
  });

  it('answers a range across the border of units, and says which', () => {
    const { rig, facts } = connected();
    const cases: [readonly [number, number, number], number, number][] = [
      [[RelayRange.bytes, 4090, 12_300], 4090, 12_300],
      [[RelayRange.bytes, 49_999, UNKNOWN_U64], 49_999, 49_999],
      [[RelayRange.bytes, 8191, 99_999_999], 8191, 49_999],
      [[RelayRange.suffix, 7, UNKNOWN_U64], 49_993, 49_999],
      [[RelayRange.suffix, 70_000, UNKNOWN_U64], 0, 49_999],
    ];
    for (const [i, [range, first, last]] of cases.entries()) {
      const { head, body } = answer(rig, 'dir/page.HTML', { counter: i + 1, range });
      assert.match(head, /^HTTP\/1\.1 206 Partial Content\r\n/);
      assert.match(head, new RegExp(`Content-Range: bytes ${first}-${last}/50000\r\n`));
      assert.match(head, new RegExp(`Content-Length: ${last - first + 1}\r\n`));
      assert.deepEqual(body, FILE.slice(first, last + 1));
    }
    const beyond = answer(rig, 'dir/page.HTML', {
      counter: 7,
      range: [RelayRange.bytes, 50_000, UNKNOWN_U64],
    });
    assert.match(
      beyond.head,
      /^HTTP\/1\.1 416 [^]*Content-Range: bytes \*\/50000\r\nContent-Length: 114\r\n\r\n$/,
    );
    assert.equal(text(beyond.body), pageOf('416 Range Not Satisfiable'));
    const stale = {
      range: [RelayRange.bytes, 1, 2] as const,
      ifRange: [RelayIfRange.version, new Uint8Array(16)] as const,
    };
    assert.match(answer(rig, 'dir/page.HTML', { counter: 8, ...stale }).head, /^HTTP\/1\.1 200/);
    const fresh = { ...stale, ifRange: [RelayIfRange.version, facts.version] as const };
    assert.match(answer(rig, 'dir/page.HTML', { counter: 9, ...fresh }).head, /^HTTP\/1\.1 206/);
  });

  it('evaluates preconditions in the order of RFC 9110 13.2.2', () => {
    const { rig, facts } = connected();
    const other = new Uint8Array(16).fill(1);
    const second = Math.floor(facts.modifiedMs / 1000) * 1000;
    const cases: [RelayOptions, number][] = [
      [{ flags: RelayFlag.ifMatch }, 412],
      [{ flags: RelayFlag.ifMatch, match: [other] }, 412],
      [{ flags: RelayFlag.ifMatch, match: [other, facts.version] }, 200],
      [{ flags: RelayFlag.ifMatch | RelayFlag.ifMatchAny, unmodifiedSince: 0 }, 200],
      [{ unmodifiedSince: second - 1 }, 412],
      [{ unmodifiedSince: second }, 200],
      [{ flags: RelayFlag.ifNoneMatch, noneMatch: [other], modifiedSince: second }, 200],
      [{ flags: RelayFlag.ifNoneMatch, noneMatch: [other, facts.version] }, 304],
      [{ flags: RelayFlag.ifNoneMatch | RelayFlag.ifNoneMatchAny }, 304],
      [
        {
          flags: RelayFlag.ifMatch | RelayFlag.ifNoneMatch,
          match: [facts.version],
          noneMatch: [facts.version],
        },
        304,
      ],
      [{ modifiedSince: second }, 304],
      [{ modifiedSince: second - 1 }, 200],
    ];
    for (const [i, [options, status]] of cases.entries()) {
      const { head, body } = answer(rig, 'dir/page.HTML', { ...options, counter: i + 1 });
      assert.equal(Number(head.slice(9, 12)), status, `case ${i}`);
      if (status === 412) assert.equal(text(body), pageOf('412 Precondition Failed'));
      else assert.equal(body.length, status === 200 ? FILE.length : 0);
      if (status === 304) assert.match(head, /\r\nETag: "[0-9a-f]{32}"\r\n\r\n$/);
      rig.state(ackDown({ counter: i + 1, version: 9, flags: 1 }));
    }
  });

  it('answers HEAD with the head of GET, and what is not there with 404', () => {
    const { rig } = connected();
    const get = answer(rig, 'small.txt', { counter: 1 });
    const head = answer(rig, 'small.txt', { counter: 2, method: RelayMethod.head });
    assert.deepEqual([head.head, head.body.length], [get.head, 0]);
    for (const [i, name] of ['none', 'dir/none'].entries()) {
      const missing = answer(rig, name, { counter: 3 + i });
      assert.equal(
        missing.head,
        'HTTP/1.1 404 Not Found\r\nDate: Tue, 29 Feb 2028 07:08:09 GMT\r\nConnection: keep-alive\r\n' +
          'Cache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\n' +
          'X-Content-Type-Options: nosniff\r\nContent-Length: 90\r\n\r\n',
      );
      assert.equal(text(missing.body), pageOf('404 Not Found'));
      const asked = answer(rig, name, { counter: 6 + i, method: RelayMethod.head });
      assert.deepEqual([asked.head, asked.body.length], [missing.head, 0]);
    }
    const close = answer(rig, 'empty', { counter: 5, flags: RelayFlag.close });
    assert.match(
      close.head,
      /\r\nConnection: close\r\n[^]*application\/octet-stream\r\nContent-Length: 0\r\n\r\n$/,
    );
    assert.equal(close.body.length, 0);
  });

  it('sends who asks for a directory to its page', () => {
    const { rig } = connected();
    for (const [i, name] of ['dir', ODD, LONG].entries()) {
      const path = name.split('/').map(encodeURIComponent).join('/');
      const { head, body } = answer(rig, name, { counter: 2 * i + 1 });
      assert.equal(
        head,
        'HTTP/1.1 301 Moved Permanently\r\nDate: Tue, 29 Feb 2028 07:08:09 GMT\r\nConnection: keep-alive\r\n' +
          'Cache-Control: no-cache\r\nContent-Type: text/html; charset=utf-8\r\n' +
          `X-Content-Type-Options: nosniff\r\nLocation: /${path}/\r\nContent-Length: 106\r\n\r\n`,
      );
      assert.equal(text(body), pageOf('301 Moved Permanently'));
      const asked = answer(rig, name, { counter: 2 * i + 2, method: RelayMethod.head });
      assert.deepEqual([asked.head, asked.body.length], [head, 0]);
    }
  });

  it('starts at any byte of an error and its page, too', () => {
    const { rig } = connected();
    const { head, body } = answer(rig, 'none');
    const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body]);
    for (let firstOffset = 1; firstOffset <= bytes.length; firstOffset += 13) {
      const counter = 1 + firstOffset;
      rig.clear();
      rig.state(
        relayCommand('none', { counter, firstOffset, segmentBytes: 50 }),
        ackDown({ counter, acknowledged: firstOffset, granted: bytes.length }),
      );
      rig.run(5_000);
      assert.equal(Buffer.compare(rig.stream().slice(firstOffset), bytes.subarray(firstOffset)), 0);
      rig.state(ackDown({ counter, version: 2, flags: 1 }));
    }
  });

  it('starts at any byte, in segments of any size, and sends any range again', () => {
    const { rig } = connected();
    const whole = answer(rig, 'dir/page.HTML', { range: [RelayRange.bytes, 4000, 10_000] });
    const bytes = Buffer.concat([Buffer.from(whole.head, 'latin1'), whole.body]);
    const headBytes = whole.head.length;
    const starts = [
      1,
      100,
      headBytes - 1,
      headBytes,
      headBytes + 1,
      headBytes + 96,
      headBytes + 97,
      bytes.length,
    ];
    for (const [i, firstOffset] of starts.entries()) {
      const counter = i + 2;
      for (const [j, segmentBytes] of [1460, 536, 97].entries()) {
        rig.clear();
        const id = counter * 10 + j;
        const options = {
          counter: id,
          firstOffset,
          segmentBytes,
          range: [RelayRange.bytes, 4000, 10_000] as const,
        };
        const granted = bytes.length;
        rig.state(
          relayCommand('dir/page.HTML', options),
          ackDown({ counter: id, acknowledged: firstOffset, granted }),
        );
        rig.run(50_000);
        const stream = rig.stream();
        assert.equal(Buffer.compare(stream.slice(firstOffset), bytes.subarray(firstOffset)), 0);
        rig.clear();
        const from = firstOffset;
        const to = Math.min(bytes.length, from + 300);
        rig.state(
          ackDown({ counter: id, version: 2, acknowledged: firstOffset, granted, resend: [[1, from, to]] }),
        );
        rig.run(20_000);
        if (from < to)
          assert.equal(Buffer.compare(rig.stream().slice(from, to), bytes.subarray(from, to)), 0);
        rig.state(ackDown({ counter: id, version: 3, flags: 1 }));
      }
    }
    assert.equal(rig.board.counters.anomalies, 0);
  });

  it('goes on with a reply only if it is the same', () => {
    const { rig, facts } = connected();
    const expected: [string, RelayOptions, boolean][] = [
      ['dir/page.HTML', { expect: RelayExpect.version, version: facts.version }, true],
      ['dir/page.HTML', { expect: RelayExpect.version, version: new Uint8Array(16) }, false],
      ['none', { expect: RelayExpect.version, version: facts.version }, false],
      ['none', { expect: RelayExpect.absent }, true],
      ['dir/page.HTML', { expect: RelayExpect.absent }, false],
    ];
    for (const [i, [name, options, holds]] of expected.entries()) {
      rig.state(relayCommand(name, { ...options, counter: i + 1 }));
      rig.run(10_000);
      const { state, reason } = rig.report(i + 1);
      if (holds) assert.notEqual(state, DelegationState.failed);
      else assert.equal(reason, Reason.versionMismatch);
    }
  });

  it('names media types as the front-end does', () => {
    for (let i = 0; i < MEDIA_TYPES.length; i += 2)
      assert.equal(contentType(`name.${MEDIA_TYPES[i]!}`), MEDIA_TYPES[i + 1]);
  });
});
