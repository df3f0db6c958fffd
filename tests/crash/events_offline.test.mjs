// events_offline.test.mjs - a tool opens the data directory of a killed server and takes a snapshot of its own: events
// that the server had not yet brought into its event log must reach their receivers all the same.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { startReceiver } from '../api/support/receiver.mjs';
import { connectResp } from '../api/support/resp.mjs';
import { runCommand, startServer, tempDir } from '../api/support/server.mjs';

const MOVES = 200;
const SNAPSHOT_BYTES = 330 * 2 ** 20; // the store takes one by itself after 256 MiB of log

/// Lines that fill the log and leave next to nothing: the same few objects again and again.
function filling() {
  const lines = [];
  const pad = 'x'.repeat(60_000);
  for (let i = 0; i * pad.length < SNAPSHOT_BYTES; i++) {
    lines.push(`{"id":"fill-${i % 8}","coordinates":[0,0],"properties":{"n":${i},"pad":"${pad}"}}`);
  }
  return lines.join('\n');
}

test('an import offline with a snapshot after kill -9 loses no event', { timeout: 240_000 }, async () => {
  const tmp = await tempDir('warp-offline-');
  const receiver = await startReceiver();
  await receiver.die(); // nothing is delivered before the end
  // Nothing is durable for a minute: no event leaves memory for the event log.
  const env = { WARP_WAL_SYNC_INTERVAL: '60s', WARP_WEBHOOKS_RETRY_SCHEDULE: `0${',0.05'.repeat(31)}` };
  let server = await startServer({ data: tmp.dir, args: ['--wal-mode', 'interval'], env });
  const client = await connectResp(server.respPort);
  assert.equal(await client.say(`SETHOOK h ${receiver.url} NEARBY fleet FENCE DETECT enter,exit POINTS POINT 33 -115 5000`), 1);
  for (let i = 0; i < MOVES; i++) {
    assert.equal(await client.ask('SET', 'fleet', 'truck', 'FIELD', 'n', i + 1, 'POINT', i % 2 ? 50 : 33, -115), 'OK');
  }
  await server.kill();

  const done = await runCommand(['import', '-', '--format', 'ndjson', '--collection', 'filling', '--data', tmp.dir], {
    input: filling(),
    env,
    timeoutMs: 200_000,
  });
  assert.equal(done.status, 0, done.stderr);
  const files = await readdir(tmp.dir);
  assert.ok(files.some((name) => /snap/.test(name)), `no snapshot was taken: ${files}`);

  await receiver.listen();
  server = await startServer({ data: tmp.dir, env });
  await receiver.until(MOVES);
  assert.deepEqual(
    receiver.taken.map((t) => `${t.json.detect} ${t.json.fields.n}`),
    Array.from({ length: MOVES }, (_, i) => `${i % 2 ? 'exit' : 'enter'} ${i + 1}`),
  );
  await server.stop();
  await receiver.die();
  await tmp.remove();
});
