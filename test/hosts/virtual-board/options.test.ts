import assert from 'node:assert/strict';
import { parseEndpoint } from '../../../hosts/virtual-board/device/endpoint.js';
import { parseBoardOptions } from '../../../hosts/virtual-board/device/options.js';

const ARGUMENTS = Object.freeze({
  '--id': '4294967295',
  '--key': '000102030405060708090a0b0c0d0e0F',
  '--mac': '02:a7:c0:00:00:01',
  '--image': '/tmp/card image',
  '--local-port': '24001',
  '--remote-port': '24002',
});

function list(changes: Record<string, string | undefined> = {}): string[] {
  return Object.entries({ ...ARGUMENTS, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
}

describe('arguments of a virtual board', () => {
  it('give provisioning, wires and the image', () => {
    const options = parseBoardOptions([...list(), '--source', '10.77.0.10:80', '--source', 'fd77::10']);
    assert.deepEqual(options, {
      provisioning: {
        boardId: 0xffff_ffff,
        boardKey: Uint8Array.from({ length: 16 }, (_, i) => i),
        pseudoSources: [
          { address: Uint8Array.of(10, 77, 0, 10), port: 80 },
          { address: Uint8Array.of(0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10), port: 0 },
        ],
        etherType: 0x88b5,
      },
      macAddress: Uint8Array.of(2, 0xa7, 0xc0, 0, 0, 1),
      image: '/tmp/card image',
      localPort: 24001,
      remotePort: 24002,
      withParent: false,
    });
  });

  it('may name another EtherType and the end with the parent', () => {
    const options = parseBoardOptions(list({ '--ether-type': '0x88B6', '--with-parent': 'yes' }));
    assert.equal(options.provisioning.etherType, 0x88b6);
    assert.equal(options.withParent, true);
  });

  const wrong: [string, Record<string, string | undefined>, RegExp][] = [
    ['a missing argument', { '--image': undefined }, /--image is missing/],
    ['an unknown argument', { '--speed': '9' }, /unknown argument --speed/],
    ['board number 0', { '--id': '0' }, /--id 0 is not an integer from 1/],
    ['a number with a tail', { '--local-port': '80x' }, /--local-port 80x is not an integer/],
    ['a port beyond 65535', { '--remote-port': '65536' }, /--remote-port 65536/],
    ['a short key', { '--key': '0011' }, /--key must be 16 bytes in hexadecimal/],
    ['a key that is not hexadecimal', { '--key': 'zz'.repeat(16) }, /--key must be 16 bytes/],
    ['a group MAC address', { '--mac': '03:00:00:00:00:01' }, /is a group address/],
    ['an EtherType that is a length', { '--ether-type': '0x05dc' }, /--ether-type 0x05dc/],
  ];
  for (const [what, changes, message] of wrong) {
    it(`refuse ${what}`, () => assert.throws(() => parseBoardOptions(list(changes)), message));
  }

  it('refuse a name without its value', () => {
    assert.throws(() => parseBoardOptions([...list(), '--source']), /--source lacks its value/);
  });
});

describe('addresses with ports', () => {
  const right: [string, string, number][] = [
    ['0.0.0.0', '0,0,0,0', 0],
    ['255.255.255.255:65535', '255,255,255,255', 65535],
    ['::', '0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0', 0],
    ['[::1]:443', '0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1', 443],
    ['[fd77::a:b]', '253,119,0,0,0,0,0,0,0,0,0,0,0,10,0,11', 0],
    ['1:2:3:4:5:6:7:8', '0,1,0,2,0,3,0,4,0,5,0,6,0,7,0,8', 0],
    ['1:2:3:4:5:6:7::', '0,1,0,2,0,3,0,4,0,5,0,6,0,7,0,0', 0],
  ];
  for (const [text, address, port] of right) {
    it(text, () => {
      const endpoint = parseEndpoint(text);
      assert.equal(endpoint.address.join(), address);
      assert.equal(endpoint.port, port);
    });
  }

  it('with a range of ports', () => {
    assert.deepEqual(parseEndpoint('10.0.0.1:49152-50175'), {
      address: Uint8Array.of(10, 0, 0, 1),
      port: 49_152,
      lastPort: 50_175,
    });
    assert.equal(parseEndpoint('[::1]:7-7').lastPort, 7);
  });

  const wrong = [
    '10.0.0.1:9-8',
    '10.0.0.1:9-',
    '10.0.0.1:-9',
    '10.0.0.1:9-65536',
    '[::1]:9-8',
    '',
    '10.0.0',
    '10.0.0.0.1',
    '256.0.0.1',
    '1.2.3.4:99999',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    'host:80',
  ];
  for (const text of wrong) {
    it(`refuses "${text}"`, () => assert.throws(() => parseEndpoint(text), Error));
  }
});
