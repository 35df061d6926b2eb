import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { equalStrongly, equalWeakly, parseEntityTags } from '../../../src/services/web/entity-tags.js';
import { formatHttpDate, parseHttpDate } from '../../../src/services/web/http-date.js';
import { evaluateIfRange, evaluatePreconditions } from '../../../src/services/web/preconditions.js';

const NOW_MS = Date.UTC(2026, 6, 1);

describe('services/web: HTTP-date', () => {
  const MOMENT = Date.UTC(1994, 10, 6, 8, 49, 37);

  it('reads all three forms of RFC 9110 5.6.7', () => {
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ])
      assert.equal(parseHttpDate(text, NOW_MS), MOMENT, text);
    assert.equal(parseHttpDate('Wed Nov 16 08:49:37 1994', NOW_MS), Date.UTC(1994, 10, 16, 8, 49, 37));
  });

  it('takes two digits for a year that is at most 50 years ahead', () => {
    const year = (text: string): number =>
      new Date(parseHttpDate(`Sunday, 06-Nov-${text} 08:49:37 GMT`, NOW_MS)!).getUTCFullYear();
    assert.deepEqual(['00', '26', '76', '77', '99'].map(year), [2000, 2026, 2076, 1977, 1999]);
  });

  it('takes nothing else', () => {
    for (const text of [
      '',
      '0',
      '784111777',
      '1994-11-06T08:49:37Z',
      'Sun, 6 Nov 1994 08:49:37 GMT',
      'sun, 06 nov 1994 08:49:37 gmt',
      'Sun, 06 Nov 1994 08:49:37',
      'Sun, 06 Nov 1994 08:49:37 UTC',
      'Sun, 06 Nov 1994 08:49:37 +0000',
      'Sun, 06 Nov 94 08:49:37 GMT',
      'Sun, 31 Feb 1994 08:49:37 GMT',
      'Sun, 00 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 24:00:00 GMT',
      'Sun, 06 Nov 1994 08:60:00 GMT',
      'Sun, 06 Nov 1994 08:49:61 GMT',
      ' Sun, 06 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
      'Sun Nov 06 08:49:37 94',
      'Sunday, 06 Nov 1994 08:49:37 GMT',
    ])
      assert.equal(parseHttpDate(text, NOW_MS), undefined, text);
  });

  it('reads what it writes, and knows leap seconds', () => {
    assert.equal(formatHttpDate(MOMENT + 999), 'Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW_MS), Date.UTC(2017, 0, 1));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        assert.equal(parseHttpDate(formatHttpDate(seconds * 1000), NOW_MS), seconds * 1000);
      }),
    );
  });
});

describe('services/web: entity tags', () => {
  it('reads lists', () => {
    const cases: [string, string[] | undefined][] = [
      ['"xyzzy"', ['"xyzzy"']],
      ['W/"xyzzy"', ['W/"xyzzy"']],
      ['""', ['""']],
      ['"xyzzy", "r2d2xxxx", "c3piozzzz"', ['"xyzzy"', '"r2d2xxxx"', '"c3piozzzz"']],
      ['W/"a",W/"b","c"', ['W/"a"', 'W/"b"', '"c"']],
      [' ,\t"a,b" , ,"c" ,', ['"a,b"', '"c"']],
      ['"a\\"', ['"a\\"']],
      ['', []],
      ['xyzzy', undefined],
      ['"xyzzy', undefined],
      ['w/"a"', undefined],
      ['W/ "a"', undefined],
      ['"a" "b"', undefined],
      ['"a"b', undefined],
      ['"a""b"', undefined],
      ['*, "a"', undefined],
      ['"a b"', undefined],
    ];
    for (const [list, tags] of cases) assert.deepEqual(parseEntityTags(list), tags, list);
  });

  it('compares as the table of RFC 9110 8.8.3.2', () => {
    const rows: [string, string, boolean, boolean][] = [
      ['W/"1"', 'W/"1"', false, true],
      ['W/"1"', 'W/"2"', false, false],
      ['W/"1"', '"1"', false, true],
      ['"1"', '"1"', true, true],
    ];
    for (const [a, b, strong, weak] of rows) {
      assert.equal(equalStrongly(a, b), strong, `${a} ${b} strongly`);
      assert.equal(equalStrongly(b, a), strong);
      assert.equal(equalWeakly(a, b), weak, `${a} ${b} weakly`);
      assert.equal(equalWeakly(b, a), weak);
    }
  });
});

describe('services/web: preconditions in the order of RFC 9110 13.2.2', () => {
  const SAME = 'Thu, 29 Feb 2024 12:34:56 GMT';
  const BEFORE = 'Thu, 29 Feb 2024 12:34:55 GMT';
  const AFTER = 'Thu, 29 Feb 2024 12:34:57 GMT';
  const validators = { etag: '"v1"', lastModifiedMs: Date.UTC(2024, 1, 29, 12, 34, 56) };

  const rows: [IncomingHttpHeaders, 'proceed' | 'notModified' | 'preconditionFailed'][] = [
    [{}, 'proceed'],
    // 13.1.1, strong comparison.
    [{ 'if-match': '"v1"' }, 'proceed'],
    [{ 'if-match': '"v0", "v1"' }, 'proceed'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"v0"' }, 'preconditionFailed'],
    [{ 'if-match': 'W/"v1"' }, 'preconditionFailed'],
    [{ 'if-match': '' }, 'preconditionFailed'],
    [{ 'if-match': 'v1' }, 'preconditionFailed'],
    // 13.1.2, weak comparison.
    [{ 'if-none-match': '"v1"' }, 'notModified'],
    [{ 'if-none-match': 'W/"v1"' }, 'notModified'],
    [{ 'if-none-match': '"v0", W/"v1"' }, 'notModified'],
    [{ 'if-none-match': '*' }, 'notModified'],
    [{ 'if-none-match': '"v0"' }, 'proceed'],
    [{ 'if-none-match': 'v1' }, 'proceed'],
    // 13.1.3.
    [{ 'if-modified-since': SAME }, 'notModified'],
    [{ 'if-modified-since': AFTER }, 'notModified'],
    [{ 'if-modified-since': BEFORE }, 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed'],
    // 13.1.4.
    [{ 'if-unmodified-since': SAME }, 'proceed'],
    [{ 'if-unmodified-since': AFTER }, 'proceed'],
    [{ 'if-unmodified-since': BEFORE }, 'preconditionFailed'],
    [{ 'if-unmodified-since': 'yesterday' }, 'proceed'],
    // Step 2 is skipped when If-Match is there, step 4 when If-None-Match is.
    [{ 'if-match': '"v1"', 'if-unmodified-since': BEFORE }, 'proceed'],
    [{ 'if-match': '"v0"', 'if-unmodified-since': AFTER }, 'preconditionFailed'],
    [{ 'if-none-match': '"v0"', 'if-modified-since': AFTER }, 'proceed'],
    [{ 'if-none-match': '"v1"', 'if-modified-since': BEFORE }, 'notModified'],
    // Steps 1 and 2 come before 3 and 4.
    [{ 'if-match': '"v0"', 'if-none-match': '"v1"' }, 'preconditionFailed'],
    [{ 'if-match': '"v1"', 'if-none-match': '"v1"' }, 'notModified'],
    [{ 'if-unmodified-since': BEFORE, 'if-none-match': '"v1"' }, 'preconditionFailed'],
    [{ 'if-unmodified-since': SAME, 'if-modified-since': SAME }, 'notModified'],
  ];
  for (const [headers, verdict] of rows)
    it(`${JSON.stringify(headers)}: ${verdict}`, () =>
      assert.equal(evaluatePreconditions(headers, validators, NOW_MS), verdict));

  it('ignores dates where there is no Last-Modified', () => {
    const undated = { etag: '"v1"', lastModifiedMs: undefined };
    for (const name of ['if-modified-since', 'if-unmodified-since'])
      assert.equal(evaluatePreconditions({ [name]: BEFORE }, undated, NOW_MS), 'proceed');
  });

  it('takes If-Range by strong tag or by the exact date (13.1.5)', () => {
    const values: [string | undefined, boolean][] = [
      [undefined, true],
      ['"v1"', true],
      ['"v0"', false],
      ['W/"v1"', false],
      ['"v0", "v1"', false],
      ['*', false],
      [SAME, true],
      ['Thursday, 29-Feb-24 12:34:56 GMT', true],
      [AFTER, false],
      [BEFORE, false],
      ['yesterday', false],
    ];
    for (const [value, counts] of values)
      assert.equal(
        evaluateIfRange({ ...(value !== undefined && { 'if-range': value }) }, validators, NOW_MS),
        counts,
        value,
      );
    const fresh = validators.lastModifiedMs + 500;
    assert.equal(
      evaluateIfRange({ 'if-range': SAME }, validators, fresh),
      false,
      'not yet a strong validator',
    );
    assert.equal(evaluateIfRange({ 'if-range': '"v1"' }, validators, fresh), true);
  });
});
