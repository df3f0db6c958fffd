// events_kill.test.mjs - kill -9 while events of fences flow to receivers that fail, stall, die and come back.
//
// Every event of every change that was made arrives at least once, in the order of its object, always under the same id
// and with the same body; none is invented. One receiver that is dead all the time holds nobody back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from '../api/support/receiver.mjs';
import { connectResp } from '../api/support/resp.mjs';
import { freePort, startServer, tempDir } from '../api/support/server.mjs';

const ROUNDS = { always: 4, interval: 6 };
const WRITERS = 3;
const OBJECTS = 5; // of each writer

let seed = Number(process.env.WARP_SEED ?? Date.now() % 2 ** 31);
console.log(`WARP_SEED=${seed}`);
function random(below) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

const ENV = {
  WARP_WAL_SYNC_INTERVAL: '20ms',
  WARP_WEBHOOKS_TIMEOUT: '0.3s',
  WARP_WEBHOOKS_RETRY_SCHEDULE: `0${',0.05'.repeat(31)}`,
};

/// What one client has written, and which events must come of it.
class Writer {
  constructor(name) {
    this.name = name;
    this.next = 1;
    this.inside = new Map(); // object -> side it is on
    this.expected = new Map(); // object -> ["enter 3", "exit 5", ...]
    this.asked = null; // under way when the server died
  }

  apply({ id, n, inside }) {
    const was = this.inside.get(id) ?? false;
    this.inside.set(id, inside);
    if (!this.expected.has(id)) this.expected.set(id, []);
    if (was !== inside) this.expected.get(id).push(`${inside ? 'enter' : 'exit'} ${n}`);
  }

  async write(client) {
    while (!client.socket.destroyed) {
      const id = `${this.name}-${random(OBJECTS)}`;
      this.asked = { id, n: this.next++, inside: random(2) === 1 };
      try {
        const reply = await client.ask('SET', 'fleet', id, 'FIELD', 'n', this.asked.n, 'POINT', this.asked.inside ? 33 : 50, -115);
        assert.equal(reply, 'OK');
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return; // the server is gone
      }
      this.apply(this.asked);
      this.asked = null;
      if (random(4) === 0) await sleep(random(60));
    }
  }

  /// Was the write without an answer made all the same?
  async settle(client) {
    if (!this.asked) return;
    const n = await client.ask('FGET', 'fleet', this.asked.id, 'n');
    if (Number(n) === this.asked.n) this.apply(this.asked);
    this.asked = null;
  }
}

/// What came, each id once, by object.
function eventsOf(receiver) {
  const byId = new Map();
  const byObject = new Map();
  for (const { id, body, json } of receiver.taken) {
    if (byId.has(id)) {
      assert.equal(byId.get(id), body, `another body under ${id}`);
      continue;
    }
    byId.set(id, body);
    if (!byObject.has(json.id)) byObject.set(json.id, []);
    byObject.get(json.id).push(`${json.detect} ${json.fields.n}`);
  }
  return byObject;
}

const total = (writers) => writers.reduce((sum, w) => sum + [...w.expected.values()].reduce((n, list) => n + list.length, 0), 0);
const count = (receiver) => new Set(receiver.taken.map((t) => t.id)).size;

async function waitFor(receiver, wanted, log) {
  const deadline = Date.now() + 60_000;
  while (count(receiver) < wanted) {
    assert.ok(Date.now() < deadline, `${count(receiver)} of ${wanted} events came\n${log()}`);
    await sleep(20);
  }
}

function verify(receiver, writers) {
  const got = eventsOf(receiver);
  for (const writer of writers) {
    for (const [id, expected] of writer.expected) assert.deepEqual(got.get(id) ?? [], expected, id);
  }
}

for (const [mode, rounds] of Object.entries(ROUNDS)) {
  test(`killed ${rounds} times in mode ${mode} while events flow`, { timeout: 240_000 }, async () => {
    const tmp = await tempDir('warp-events-');
    const steady = await startReceiver();
    const moody = await startReceiver(() => {
      const mood = random(100); // 429 makes it slow for seconds, as it asks for
      return mood < 4 ? 500 : mood < 8 ? 503 : mood < 11 ? 302 : mood < 15 ? 'drop' : mood < 17 ? 'stall' : mood < 18 ? 429 : 200;
    });
    const dead = await freePort();
    const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`));
    let server = await startServer({ data: tmp.dir, args: ['--wal-mode', mode], env: ENV });
    let client = await connectResp(server.respPort);
    const fence = 'NEARBY fleet FENCE DETECT enter,exit POINTS POINT 33 -115 5000';
    for (const [name, url] of [['steady', steady.url], ['moody', moody.url], ['dead', `http://127.0.0.1:${dead}`]]) {
      assert.equal(await client.say(`SETHOOK ${name} ${url} ${fence}`), 1);
    }
    for (let round = 0; round < rounds; round++) {
      const clients = await Promise.all(writers.map(() => connectResp(server.respPort)));
      const writing = Promise.all(writers.map((w, i) => w.write(clients[i])));
      await sleep(100 + random(400));
      if (random(3) === 0) {
        await moody.die();
        await sleep(random(200));
        await moody.listen();
      }
      if (random(3) === 0) await client.say('AOFSHRINK'); // a snapshot: the store forgets what the event log must know
      await sleep(random(100));
      await server.kill();
      await writing;
      server = await startServer({ data: tmp.dir, args: ['--wal-mode', mode], env: ENV });
      client = await connectResp(server.respPort);
      for (const writer of writers) await writer.settle(client);
    }
    const wanted = total(writers);
    assert.ok(wanted > 5 * rounds, `only ${wanted} events were made`);
    await waitFor(steady, wanted, () => server.log);
    await waitFor(moody, wanted, () => server.log);
    await sleep(200); // none is invented
    verify(steady, writers);
    verify(moody, writers);
    assert.equal(count(steady), wanted);
    assert.equal(count(moody), wanted);
    assert.equal(moody.mostBusy, 1);
    client.socket.destroy();
    await server.stop();
    // After a clean stop nothing is sent twice.
    const before = steady.taken.length;
    server = await startServer({ data: tmp.dir, args: ['--wal-mode', mode], env: ENV });
    await sleep(300);
    assert.equal(steady.taken.length, before);
    await server.stop();
    await steady.die();
    await moody.die();
    await tmp.remove();
  });
}
