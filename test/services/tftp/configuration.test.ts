import assert from 'node:assert/strict';
import { DEFAULT_TFTP_CONFIGURATION, tftpConfiguration } from '../../../src/services/tftp/index.js';
import { negotiate } from '../../../src/services/tftp/options.js';

describe('tftp: configuration', () => {
  it('fills in defaults, and says what is wrong by name', () => {
    assert.deepEqual(tftpConfiguration(), DEFAULT_TFTP_CONFIGURATION);
    assert.throws(
      () => tftpConfiguration({ retries: -1 }),
      /tftp: retries is -1; it must be .* from 0 to 100/,
    );
    assert.throws(() => tftpConfiguration({ port: 49_200 }), /transfers need ports of their own/);
    assert.throws(
      () => tftpConfiguration({ firstTransferPort: 50_176 }),
      /transfers need ports of their own/,
    );
    assert.throws(() => tftpConfiguration({ minTimeoutMs: 2000 }), /minTimeoutMs \(2000\) must not exceed/);
    assert.throws(() => tftpConfiguration({ directory: '/boot' }), /directory must be a path/);
    assert.throws(() => tftpConfiguration({ speed: 1 } as never), /no setting "speed"/);
  });

  it('negotiates: exact answers', () => {
    const cases: [asked: Record<string, string>, answered: Record<string, string>][] = [
      [{ blksize: '8' }, { blksize: '8' }],
      [{ blksize: '65464' }, { blksize: '1468' }],
      [{ blksize: '65465' }, {}],
      [{ blksize: '1428.5' }, {}],
      [{ blksize: '-512' }, {}],
      [{ blksize: '1e3' }, {}],
      [{ blksize: '' }, {}],
      [{ timeout: '1' }, { timeout: '1' }],
      [{ timeout: '255' }, { timeout: '255' }],
      [{ timeout: '0' }, {}],
      [{ windowsize: '65535' }, { windowsize: '64' }],
      [{ windowsize: '65536' }, {}],
      [{ tsize: '0' }, { tsize: '1000' }],
      [{ tsize: '12345' }, { tsize: '1000' }],
      [
        { rollover: '1', tsize: '0', blksize: '600' },
        { tsize: '1000', blksize: '600' },
      ],
    ];
    for (const [asked, answered] of cases) {
      const terms = negotiate(new Map(Object.entries(asked)), 1000, 1472, DEFAULT_TFTP_CONFIGURATION);
      assert.deepEqual(Object.fromEntries(terms.accepted), answered, JSON.stringify(asked));
    }
  });

  it('never promises a block that would be fragmented, whatever the MTU', () => {
    for (const payloadBytes of [1472, 1452, 548]) {
      const options = new Map([['blksize', '65464']]);
      const { blockBytes } = negotiate(options, 1, payloadBytes, DEFAULT_TFTP_CONFIGURATION);
      assert.equal(blockBytes, payloadBytes - 4);
    }
  });
});
