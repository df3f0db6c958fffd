// events_backup.test.mjs - a server started from a backup sends what the copy says is not delivered, though the store has
// forgotten those events in a snapshot before.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from '../api/support/receiver.mjs';
import { connectResp } from '../api/support/resp.mjs';
import { startServer, tempDir } from '../api/support/server.mjs';

const MOVES = 40;

test('a backup holds the events that wait', { timeout: 120_000 }, async () => {
  const tmp = await tempDir('warp-backup-');
  const receiver = await startReceiver();
  await receiver.die();
  const data = path.join(tmp.dir, 'data');
  const env = { WARP_WEBHOOKS_RETRY_SCHEDULE: `0${',0.2'.repeat(31)}` };
  let server = await startServer({ data, env });
  const client = await connectResp(server.respPort);
  assert.equal(await client.say(`SETHOOK h ${receiver.url} NEARBY fleet FENCE DETECT enter,exit POINTS POINT 33 -115 5000`), 1);
  for (let i = 0; i < MOVES; i++) {
    if (i === MOVES / 2) {
      assert.equal(await client.say('AOFSHRINK'), 'OK'); // in the background
      while (!(await readdir(data)).some((name) => /^snapshot.*[0-9a-f]/.test(name) && !/tmp/.test(name))) await sleep(20);
      await sleep(200);
    }
    assert.equal(await client.ask('SET', 'fleet', 'truck', 'FIELD', 'n', i + 1, 'POINT', i % 2 ? 50 : 33, -115), 'OK');
  }
  const copy = path.join(tmp.dir, 'copy');
  const reply = await server.post('/api/v1/admin/backup', { dir: copy });
  assert.equal(reply.status, 200, reply.text);
  await server.kill();
  await receiver.listen();
  server = await startServer({ data: copy, env });
  await receiver.until(MOVES);
  assert.deepEqual(receiver.taken.map((t) => Number(t.json.fields.n)), Array.from({ length: MOVES }, (_, i) => i + 1));
  await server.stop();
  await receiver.die();
  await tmp.remove();
});
