// webhooks.test.mjs - delivery to receivers that fail in every way, over the real binary.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from './support/receiver.mjs';
import { connectResp } from './support/resp.mjs';
import { freePort, startServer } from './support/server.mjs';

const ENV = {
  WARP_WAL_SYNC_INTERVAL: '10ms',
  WARP_WEBHOOKS_TIMEOUT: '1s',
  WARP_WEBHOOKS_RETRY_SCHEDULE: '0,0.1,0.1,0.1,0.3,0.5,0.5,0.5,1,1,1,1,1',
};

let server, client;
before(async () => {
  server = await startServer({ env: ENV });
  client = await connectResp(server.respPort);
});
after(async () => {
  client.socket.destroy();
  await server.stop();
});

let made = 0;
/// A hook of a collection of its own: each SET is one event, numbered from 1.
async function hook(url, name = `h${made++}`) {
  assert.equal(await client.say(`SETHOOK ${name} ${url} WITHIN ${name} FENCE DETECT inside IDS BOUNDS 0 0 10 10`), 1);
  let next = 1;
  return { name, send: async (count = 1) => { for (let i = 0; i < count; i++) await client.say(`SET ${name} n${next++} POINT 5 5`); } };
}
const numbers = (list) => list.map((t) => Number(t.json.id.slice(1)));
const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

async function metric(name) {
  const text = (await server.get('/metrics')).text;
  const line = text.split('\n').find((l) => l.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

test('errors are tried again, in order, under one id', async () => {
  const receiver = await startReceiver((_, n) => [500, 302, 200, 503, 'drop', 200][n] ?? 200);
  const h = await hook(receiver.url);
  await h.send(5);
  await receiver.until(5);
  assert.deepEqual(numbers(receiver.taken), upTo(5));
  const first = receiver.requests.slice(0, 3);
  assert.equal(new Set(first.map((r) => r.id)).size, 1);
  assert.equal(new Set(first.map((r) => r.body)).size, 1);
  assert.equal(receiver.mostBusy, 1);
  await receiver.die();
});

test('connections are kept and used again', async () => {
  const receiver = await startReceiver();
  const h = await hook(receiver.url);
  await h.send(50);
  await receiver.until(50);
  assert.deepEqual(numbers(receiver.taken), upTo(50));
  assert.equal(receiver.connections, 1);
  await receiver.die();
});

test('a receiver that stalls, dies and comes back misses nothing', async () => {
  const receiver = await startReceiver((_, n) => (n < 2 ? 'stall' : 200));
  const h = await hook(receiver.url);
  await h.send(20);
  await receiver.until(5);
  await receiver.die();
  await h.send(20);
  await sleep(300);
  await receiver.listen();
  await receiver.until(40);
  assert.deepEqual([...new Set(numbers(receiver.taken))], upTo(40));
  await receiver.die();
});

test('429 and Retry-After are honoured', async () => {
  const receiver = await startReceiver((_, n) => (n === 0 ? { status: 429, headers: { 'retry-after': '1' } } : 200));
  const h = await hook(receiver.url);
  await h.send(2);
  await receiver.until(2);
  assert.deepEqual(numbers(receiver.taken), [1, 2]);
  assert.ok(receiver.requests[1].at - receiver.requests[0].at >= 950, 'not before the second it asked for');
  await receiver.die();
});

test('410 disables; giving the hook again goes on where it stopped', async () => {
  const receiver = await startReceiver(() => 410);
  const h = await hook(receiver.url);
  await h.send(3);
  while (!receiver.requests.length) await sleep(10);
  await sleep(300);
  assert.equal(receiver.requests.length, 1);
  assert.equal(await metric('warp_webhook_endpoints_disabled'), 1);
  receiver.answer = () => 200;
  const [, key, [url], command] = (await client.say(`HOOKS ${h.name}`))[0];
  assert.equal(key, h.name);
  assert.equal(await client.ask('SETHOOK', h.name, url, ...command), 0);
  await receiver.until(3);
  assert.deepEqual(numbers(receiver.taken), [1, 2, 3]);
  assert.equal(await metric('warp_webhook_endpoints_disabled'), 0);
  await receiver.die();
});

test('several endpoints: the first that takes it', async () => {
  const broken = await startReceiver(() => 500);
  const well = await startReceiver();
  const h = await hook(`http://127.0.0.1:${await freePort()},${broken.url},${well.url}`);
  await h.send(5);
  await well.until(5);
  assert.deepEqual(numbers(well.taken), upTo(5));
  assert.deepEqual(numbers(broken.requests), upTo(5));
  await broken.die();
  await well.die();
});

test('hundreds of endpoints, some dead, some stalled: none holds another', { timeout: 60_000 }, async () => {
  const well = await startReceiver();
  const stalled = await startReceiver(() => 'stall');
  const dead = await freePort();
  const N = 150;
  for (let i = 0; i < N; i++) {
    const url = i % 3 === 0 ? `http://127.0.0.1:${dead}` : i % 3 === 1 ? stalled.url : well.url;
    await client.say(`SETHOOK many${i} ${url}/${i} WITHIN many FENCE DETECT inside IDS BOUNDS 0 0 10 10`);
  }
  for (let i = 1; i <= 10; i++) await client.say(`SET many n${i} POINT 5 5`);
  const different = () => new Set(well.taken.map((t) => t.id)).size;
  for (let i = 0; i < 1500 && different() < (N / 3) * 10; i++) await sleep(20);
  const byHook = new Map();
  for (const t of well.taken) byHook.set(t.json.hook, (byHook.get(t.json.hook) ?? new Set()).add(Number(t.json.id.slice(1))));
  assert.equal(byHook.size, N / 3);
  for (const [name, got] of byHook) assert.deepEqual([...got], upTo(10), name);
  assert.equal(await client.say('PDELHOOK many*'), N);
  await well.die();
  await stalled.die();
});

test('a window that runs over is read again from the log', { timeout: 60_000 }, async () => {
  let open = false;
  const receiver = await startReceiver(() => (open ? 200 : 503));
  const h = await hook(receiver.url);
  await h.send(700); // more than a window holds
  assert.equal(await metric('warp_webhook_endpoints_behind'), 1);
  open = true;
  await receiver.until(700, 30_000);
  assert.deepEqual(numbers(receiver.taken), upTo(700));
  await receiver.die();
});

test('a deleted hook hears nothing any more; one made anew begins at its making', async () => {
  const receiver = await startReceiver(() => 503);
  const h = await hook(receiver.url);
  await h.send(3);
  while (!receiver.requests.length) await sleep(10);
  await client.say(`DELHOOK ${h.name}`);
  await h.send(2);
  receiver.answer = () => 200;
  await client.say(`SETHOOK ${h.name} ${receiver.url} WITHIN ${h.name} FENCE DETECT inside IDS BOUNDS 0 0 10 10`);
  await h.send(2);
  await receiver.until(2);
  assert.deepEqual(numbers(receiver.taken), [6, 7]);
  await receiver.die();
});

test('without a store events are delivered, too', async () => {
  const memory = await startServer({ env: { ...ENV, WARP_WAL_ENABLED: 'false' } });
  const c = await connectResp(memory.respPort);
  const receiver = await startReceiver();
  await c.say(`SETHOOK m ${receiver.url} WITHIN m FENCE DETECT inside IDS BOUNDS 0 0 10 10`);
  for (let i = 1; i <= 20; i++) await c.say(`SET m n${i} POINT 5 5`);
  await receiver.until(20);
  assert.deepEqual(numbers(receiver.taken), upTo(20));
  c.socket.destroy();
  await memory.stop();
  await receiver.die();
});
