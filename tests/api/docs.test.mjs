// docs.test.mjs - the curl examples of docs/api.md work as they stand.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, startServer } from './support/server.mjs';

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

test('every example of docs/api.md is answered well', async () => {
  const text = await readFile(path.join(ROOT, 'docs/api.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((m) => m[1]);
  assert.ok(blocks.length >= 6);
  for (const block of blocks) {
    const script = block.replaceAll('localhost:4000', `127.0.0.1:${server.port}`).replaceAll(/\bcurl /g, 'curl -sS --fail-with-body ');
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]).catch((error) => assert.fail(`${block}\n${error.stdout}${error.stderr}`));
    assert.match(stdout, /^\{/);
  }
  const fleet = await server.get('/api/v1/objects?collection=fleet');
  assert.deepEqual(fleet.json.features.map((f) => f.id).sort(), ['a', 'b', 'truck-7', 'truck-8']);
  assert.deepEqual(fleet.json.features.find((f) => f.id === 'truck-7').properties, { category: 'vehicle', speed: 9.1 });
});
