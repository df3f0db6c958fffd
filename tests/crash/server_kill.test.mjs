// server_kill.test.mjs - kill -9 while clients write over HTTP, again and again on one store.
//
// In every mode nothing that was acknowledged is lost: a killed process loses none of what it gave to the kernel, and in
// `always` none of what could have been in its own memory either. A batch is there whole or not at all,
// what was deleted stays deleted, what expires still expires.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, startServer, tempDir } from '../api/support/server.mjs';

const ROUNDS = { always: 20, interval: 20, off: 10 };
const BATCH = 20;
const WRITERS = 4;

let seed = Number(process.env.WARP_SEED ?? Date.now() % 2 ** 31);
console.log(`WARP_SEED=${seed}`);
function random(below) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

/// What one client knows: for each of its ids the version it was told (null: told it is gone), and those asked for whose
/// answer never came.
class Client {
  constructor(name) {
    this.name = name;
    this.told = new Map(); // id -> value, or null
    this.asked = new Map(); // id -> value, or null: under way when the server died
    this.next = 0;
  }

  async write(server) {
    for (;;) {
      const kind = random(10);
      try {
        if (kind < 5) await this.batch(server);
        else if (kind < 8) await this.put(server);
        else await this.remove(server);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return; // the server is gone
      }
    }
  }

  async batch(server) {
    const value = this.next++;
    const ids = Array.from({ length: BATCH }, (_, i) => `${this.name}-batch${random(20)}-${i}`);
    for (const id of ids) this.asked.set(id, value);
    const lines = ids.map((id) => JSON.stringify({ id, coordinates: [value % 90, 1], properties: { value, batch: `${this.name}/${value}` } }));
    const reply = await server.request('POST', '/api/v1/objects/batch?collection=k', {
      body: lines.join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    assert.equal(reply.json.stored, BATCH, reply.text);
    for (const id of ids) this.settle(id, value);
  }

  async put(server) {
    const id = `${this.name}-one${random(50)}`;
    const value = this.next++;
    this.asked.set(id, value);
    const reply = await server.put(`/api/v1/objects/${id}?collection=k`, { coordinates: [value % 90, 2], properties: { value } });
    assert.ok(reply.status === 200 || reply.status === 201, reply.text);
    this.settle(id, value);
  }

  async remove(server) {
    const known = [...this.told.keys()];
    if (!known.length) return this.put(server);
    const id = known[random(known.length)];
    this.asked.set(id, null);
    const reply = await server.delete(`/api/v1/objects/${id}?collection=k`);
    assert.ok(reply.status === 204 || reply.status === 404, reply.text);
    this.settle(id, null);
  }

  settle(id, value) {
    this.told.set(id, value);
    this.asked.delete(id);
  }

  /// Holds what is there now against what was told, and takes it as the truth from here on.
  verify(objects) {
    for (const id of new Set([...this.told.keys(), ...this.asked.keys()])) {
      const value = objects.get(id)?.value ?? null;
      const allowed = [this.told.get(id) ?? null];
      if (this.asked.has(id)) allowed.push(this.asked.get(id));
      assert.ok(allowed.includes(value), `${id} is ${value}; told ${this.told.get(id)}, asked ${this.asked.get(id)}`);
    }
    // The last batch asked for and never answered is there whole or not at all.
    const pending = [...this.asked].filter(([id, value]) => id.includes('-batch') && value !== null);
    const there = pending.filter(([id, value]) => objects.get(id)?.value === value);
    assert.ok(there.length === 0 || there.length === pending.length, `${there.length} of ${pending.length} of a batch`);
    for (const id of this.asked.keys()) this.told.set(id, objects.get(id)?.value ?? null);
    this.asked.clear();
  }
}

async function readAll(server) {
  const objects = new Map();
  let cursor = '';
  do {
    const reply = await server.get(`/api/v1/objects?collection=k&limit=1000${cursor}`);
    if (reply.status === 404) return objects;
    for (const f of reply.json.features) {
      assert.ok(!objects.has(f.id), `${f.id} is listed twice`);
      objects.set(f.id, f.properties);
    }
    cursor = reply.json.next ? `&cursor=${encodeURIComponent(reply.json.next)}` : '';
  } while (cursor);
  return objects;
}

for (const [mode, rounds] of Object.entries(ROUNDS)) {
  test(`killed ${rounds} times in mode ${mode}`, { timeout: 180_000 }, async () => {
    const tmp = await tempDir('warp-kill-');
    const clients = Array.from({ length: WRITERS }, (_, i) => new Client(`w${i}`));
    const args = ['--wal-mode', mode, '--threads', '2', '--log-level', 'warn'];
    let acknowledged = 0;
    for (let round = 0; round < rounds; round++) {
      const server = await startServer({ data: tmp.dir, args });
      const objects = await readAll(server);
      for (const client of clients) client.verify(objects);
      const known = new Set(clients.flatMap((c) => [...c.told.keys()]));
      for (const id of objects.keys()) assert.ok(known.has(id), `${id} was never written`);
      const writing = Promise.all(clients.map((client) => client.write(server)));
      await sleep(20 + random(150));
      await server.kill();
      await writing;
      acknowledged = clients.reduce((sum, c) => sum + c.next, 0);
    }
    assert.ok(acknowledged > rounds * WRITERS, `only ${acknowledged} writes`);
    const check = await runCommand(['check', '--data', tmp.dir]);
    assert.equal(check.status, 0, check.stdout + check.stderr);
    await tmp.remove();
  });
}

test('what expires still expires after a kill, and nothing else does', { timeout: 60_000 }, async () => {
  const tmp = await tempDir('warp-kill-');
  const args = ['--wal-mode', 'always'];
  const first = await startServer({ data: tmp.dir, args });
  const short = await first.put('/api/v1/objects/short?collection=e', { coordinates: [1, 1], expires_in: 1.2 });
  await first.put('/api/v1/objects/long?collection=e', { coordinates: [1, 1], expires_in: 3600 });
  await first.put('/api/v1/objects/kept?collection=e', { coordinates: [1, 1], expires_in: 1.2 });
  await first.patch('/api/v1/objects/kept?collection=e', { expires_in: null });
  await first.kill();
  await sleep(Math.max(0, Date.parse(short.json.expires_at) - Date.now() + 50));
  const second = await startServer({ data: tmp.dir, args });
  assert.equal((await second.get('/api/v1/objects/short?collection=e')).status, 404);
  assert.equal((await second.get('/api/v1/objects/long?collection=e')).status, 200);
  assert.equal((await second.get('/api/v1/objects/kept?collection=e')).status, 200);
  assert.equal((await second.get('/api/v1/objects?collection=e')).json.features.length, 2);
  await second.kill();
  const third = await startServer({ data: tmp.dir, args });
  assert.equal((await third.get('/api/v1/objects/short?collection=e')).status, 404);
  assert.equal((await third.get('/api/v1/collections/e')).json.count, 2);
  await third.stop();
  await tmp.remove();
});

test('a collection dropped before a kill stays dropped', { timeout: 60_000 }, async () => {
  const tmp = await tempDir('warp-kill-');
  for (let round = 0; round < 5; round++) {
    const server = await startServer({ data: tmp.dir, args: ['--wal-mode', 'off'] });
    assert.equal((await server.get('/api/v1/collections/gone')).status, 404);
    await server.put('/api/v1/objects/x?collection=gone', { coordinates: [1, 1] });
    await server.put(`/api/v1/objects/r${round}?collection=stays`, { coordinates: [1, 1] });
    assert.equal((await server.delete('/api/v1/collections/gone')).status, 204);
    assert.equal((await server.get('/api/v1/collections/stays')).json.count, round + 1);
    await server.kill();
  }
  await tmp.remove();
});
