import assert from 'node:assert/strict';
import { readProvisioning } from '../../../hosts/esp32/provisioning.js';

const CONFIG = {
  boardId: '4294967295',
  boardKey: '00112233445566778899aAbBcCdDeEfF',
  sources: '192.168.1.80:80,10.0.0.255:0',
};

describe('provisioning of an ESP32 by the arguments of mcconfig', () => {
  it('is read', () => {
    assert.deepEqual(readProvisioning(CONFIG), {
      boardId: 4_294_967_295,
      boardKey: Uint8Array.from({ length: 16 }, (_, i) => i * 0x11),
      pseudoSources: [
        { address: Uint8Array.of(192, 168, 1, 80), port: 80 },
        { address: Uint8Array.of(10, 0, 0, 255), port: 0 },
      ],
      etherType: 0x88b5,
    });
  });

  for (const name of ['boardId', 'boardKey', 'sources']) {
    it(`is refused without ${name}`, () => {
      const config = Object.fromEntries(Object.entries(CONFIG).filter(([key]) => key !== name));
      assert.throws(() => readProvisioning(config), new RegExp(`told its ${name}: build it with ${name}=`));
    });
  }

  const wrong: Record<string, readonly string[]> = {
    boardId: ['', '0', '4294967296', '-1', '1.5', '0x10', ' 1'],
    boardKey: [
      '',
      '00',
      `${CONFIG.boardKey}00`,
      `${CONFIG.boardKey.slice(0, 31)}g`,
      `${CONFIG.boardKey.slice(0, 31)}@`,
    ],
    sources: [
      '',
      '1.2.3.4',
      '1.2.3:80',
      '1.2.3.4.5:80',
      '1.2.3.256:80',
      '1.2.3.4:65536',
      '1.2.3.4:80:1',
      '1.2..4:80',
      '1.2.3.4:80,',
    ],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`is refused with ${name}=${value}`, () => {
        assert.throws(
          () => readProvisioning({ ...CONFIG, [name]: value }),
          new RegExp(`^Error: ${name} must be`),
        );
      });
    }
  }
});
