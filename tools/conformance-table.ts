/**
 * `npm run conformance-table`: writes docs/conformance.md from the conformance scripts. That the file is what they
 * say is a test of theirs.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { conformancePage } from '../test/conformance/table.js';

writeFileSync(fileURLToPath(new URL('../docs/conformance.md', import.meta.url)), conformancePage());
