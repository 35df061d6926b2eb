// Loaded into the laboratory's Node processes with NODE_OPTIONS: on SIGUSR2 a front-end collects its garbage and
// writes what is left to the file that ATCP_TEST_MEMORY names, as one line of JSON.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

const file = process.env.ATCP_TEST_MEMORY;
if (file !== undefined && (process.argv[1] ?? '').endsWith('front-end-main.js')) {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    for (let i = 0; i < 4; i++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  });
}
