import { FOLDERS } from './index.js';
import { Player } from './player.js';
import type { Script, Sender } from './script.js';

/** What the program writes goes out both ways unless the script says otherwise. */
function sendersOf(script: Script): readonly Sender[] {
  if (script.senders !== undefined) return script.senders;
  return script.steps.some(({ text }) => text.startsWith('write ')) ? ['local', 'delegated'] : ['local'];
}

for (const [folder, scripts] of Object.entries(FOLDERS))
  describe(`conformance: ${folder}`, () => {
    for (const script of scripts)
      for (const version of script.versions ?? ([4, 6] as const))
        for (const sender of sendersOf(script)) {
          const by = sender === 'local' ? '' : ', sent by a board';
          it(`${script.title} (IPv${version}${by})`, () => new Player(script, sender, version).play());
        }
  });
