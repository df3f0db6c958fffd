// geofences.test.mjs - geofences through the real binary: rules, events in the log, webhooks at a receiver that checks
// signatures, restarts in between.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { startServer, tempDir } from './support/server.mjs';

const F = '/api/v1/geofences';
const O = '/api/v1/objects';
const square = (x, y, size) => ({ type: 'Polygon', coordinates: [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]] });
const all = ['enter', 'exit', 'inside', 'outside', 'cross'].map((trigger) => ({ trigger }));

let server, receiver;
before(async () => {
  server = await startServer();
  receiver = await startReceiver();
});
after(async () => {
  await server?.stop();
  receiver?.close();
});

/// Keeps what it is sent: {path, headers, body, json}.
async function startReceiver() {
  const got = [];
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    got.push({ path: request.url, headers: request.headers, body, json: JSON.parse(body) });
    response.end();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { got, url: `http://127.0.0.1:${http.address().port}`, close: () => http.close() };
}

async function until(what, ask) {
  for (let i = 0; i < 200; i++) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(50);
  }
  assert.fail(`waited in vain: ${what}`);
}

/// Events of a geofence, once there are `count`; `settle` looks a little longer that no more come.
async function events(id, count, { on = server, settle = false } = {}) {
  const url = `/api/v1/events?geofence=${encodeURIComponent(id)}&limit=10000`;
  const found = await until(`${count} events of ${id}`, async () => {
    const { json } = await on.get(url);
    return json.events.length >= count ? json.events : null;
  });
  if (settle) await sleep(1500);
  const { json } = await on.get(url);
  assert.deepEqual(json.events.slice(0, found.length), found);
  return json.events;
}

const put = async (id, lat, lon, more = {}, on = server) => {
  const { collection = 'default', ...body } = more;
  const reply = await on.put(`${O}/${id}?collection=${collection}`, { coordinates: [lat, lon], ...body });
  assert.ok(reply.status < 300, reply.text);
};
const make = async (geofence, on = server) => {
  const reply = await on.post(F, geofence);
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
};
const brief = (list) => list.map((e) => `${e.object.id} ${e.trigger}`);

test('every trigger, in order, each with what it needs to be understood', async () => {
  await make({ id: 'every', name: 'Every "one"', geometry: square(10, 10, 2), collection: 'every', rules: all });
  const steps = [[9, 9], [11, 11], [11.5, 11], [11, 15], [11, 9], [9, 9]];
  for (const [i, [lat, lon]] of steps.entries()) {
    await put('t', lat, lon, { collection: 'every', properties: { i }, time: `2026-01-02T03:04:0${i}Z` });
  }
  const list = await events('every', 6, { settle: true });
  // First seen outside: nothing. Then in, stays, out; from 15 to 9 degrees east across; stays out.
  assert.deepEqual(brief(list), ['t enter', 't inside', 't exit', 't cross', 't outside', 't outside']);
  const [enter, inside] = list;
  assert.equal(enter.type, 'geofence.enter');
  assert.deepEqual(enter.geofence, { id: 'every', name: 'Every "one"', version: 1 });
  assert.deepEqual(enter.rule, { id: 'enter', trigger: 'enter', metadata: {} });
  assert.equal(enter.cause, 'set');
  assert.deepEqual(enter.object.coordinates, [11, 11]);
  assert.deepEqual(enter.object.geometry, { type: 'Point', coordinates: [11, 11] });
  assert.deepEqual(enter.object.properties, { i: 1 });
  assert.equal(enter.object.time, '2026-01-02T03:04:01.000Z');
  assert.deepEqual(enter.previous.coordinates, [9, 9]);
  assert.equal(inside.previous.version, enter.object.version);
  assert.equal(new Set(list.map((e) => e.event_id)).size, list.length);
  for (let i = 1; i < list.length; i++) assert.ok(list[i].seq > list[i - 1].seq);
  assert.ok(Math.abs(Date.parse(enter.timestamp) - Date.now()) < 60_000);
});

test('boundary, holes, antimeridian, circle and corridor', async () => {
  const rules = [{ trigger: 'enter' }, { trigger: 'exit' }];
  const ring = square(20, 20, 4).coordinates[0];
  await make({ id: 'hole', collection: 'shapes', rules, geometry: { type: 'Polygon', coordinates: [ring, square(21, 21, 2).coordinates[0].toReversed()] } });
  await make({ id: 'date', collection: 'shapes', rules, geometry: { type: 'Polygon', coordinates: [[[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]]] } });
  await make({ id: 'circle', collection: 'shapes', rules, geometry: { type: 'Point', coordinates: [50, 50] }, radius: 1000 });
  await make({ id: 'corridor', collection: 'shapes', rules, geometry: { type: 'LineString', coordinates: [[60, 60], [61, 60]] }, radius: 500 });
  const collection = 'shapes';
  await put('edge', 20, 22, { collection }); // on the outer edge: inside
  await put('inner', 21, 22, { collection }); // on the hole's edge: inside
  await put('hole', 22, 22, { collection }); // in the hole: outside
  await put('hole', 23.5, 22, { collection });
  await put('west', 0, 179.5, { collection });
  await put('west', 0, -179.5, { collection }); // over the antimeridian, still inside
  await put('west', 0, -178, { collection });
  await put('near', 50.008, 50, { collection }); // 890 m
  await put('near', 50.01, 50, { collection }); // 1112 m
  await put('way', 60.004, 60.5, { collection }); // 445 m beside the line
  await put('way', 60.006, 60.5, { collection });
  assert.deepEqual(brief(await events('hole', 3, { settle: true })), ['edge enter', 'inner enter', 'hole enter']);
  assert.deepEqual(brief(await events('date', 2)), ['west enter', 'west exit']);
  assert.deepEqual(brief(await events('circle', 2)), ['near enter', 'near exit']);
  assert.deepEqual(brief(await events('corridor', 2)), ['way enter', 'way exit']);
  const inside = await server.get(`${F}/hole/objects`);
  assert.deepEqual(inside.json.features.map((f) => f.id).sort(), ['edge', 'hole', 'inner']);
});

test('what goes away inside leaves; a filter that stops to match lets go', async () => {
  const rules = [{ trigger: 'enter' }, { trigger: 'exit' }];
  await make({ id: 'leave', geometry: square(30, 30, 2), collection: 'leave', rules, filter: { op: '=', args: [{ property: 'kind' }, 'van'] } });
  const van = { collection: 'leave', properties: { kind: 'van' } };
  await put('deleted', 31, 31, van);
  await put('expired', 31, 31, { ...van, expires_in: 0.2 });
  await put('painted', 31, 31, van);
  await put('other', 31, 31, { collection: 'leave' });
  assert.equal((await server.delete(`${O}/deleted?collection=leave`)).status, 204);
  await server.patch(`${O}/painted?collection=leave`, { properties: { kind: 'car' } });
  await put('dropped', 31, 31, van);
  await events('leave', 7); // before the drop: 4 enters, 3 exits
  await server.delete('/api/v1/collections/leave');
  const list = await events('leave', 8, { settle: true });
  const causes = Object.fromEntries(list.filter((e) => e.trigger === 'exit').map((e) => [e.object.id, e.cause]));
  assert.deepEqual(causes, { deleted: 'delete', expired: 'expire', painted: 'fields', dropped: 'drop' });
  assert.equal(list.length, 8);
});

test('creating, changing and switching a geofence tells nothing', async () => {
  await put('there', 41, 41, { collection: 'silent' });
  const made = await make({ id: 'silent', geometry: square(40, 40, 2), collection: 'silent', rules: all });
  const changed = await server.put(`${F}/silent`, { ...made, geometry: square(40.5, 40.5, 2), active: false });
  assert.equal(changed.json.version, 2);
  await put('there', 41.1, 41, { collection: 'silent' }); // not active
  const again = await server.put(`${F}/silent`, { ...made, geometry: square(40.5, 40.5, 2) });
  assert.equal(again.json.version, 3);
  await put('there', 41.2, 41, { collection: 'silent' });
  const list = await events('silent', 1, { settle: true });
  assert.deepEqual(brief(list), ['there inside']);
  assert.equal(list[0].geofence.version, 3);
  assert.ok(list[0].seq >= again.json.applies_from_seq);
  assert.equal((await server.delete(`${F}/silent`)).status, 204);
  await put('there', 1, 1, { collection: 'silent' });
  assert.equal((await events('silent', 1, { settle: true })).length, 1);
});

test('of many who make one geofence at once one wins; replacing and deleting beside a fleet', async () => {
  const geofence = { id: 'race', geometry: square(80, 10, 2), collection: 'race', rules: [{ trigger: 'enter' }, { trigger: 'exit' }] };
  const replies = await Promise.all(Array.from({ length: 20 }, () => server.post(F, geofence)));
  assert.deepEqual(replies.map((r) => r.status).sort(), [201, ...Array(19).fill(409)]);
  let done = false;
  const fleet = Promise.all(['r0', 'r1', 'r2'].map(async (id) => {
    for (let i = 0; !done; i++) await put(id, i % 2 ? 11 : 20, 81, { collection: 'race' });
  }));
  for (let i = 0; i < 40; i++) {
    const replaced = await server.put(`${F}/race`, { ...geofence, name: `n${i}` });
    assert.equal(replaced.json.version, replaced.status === 201 ? 1 : i < 10 ? i + 2 : (i % 10) + 1);
    if (i % 10 === 9) assert.equal((await server.delete(`${F}/race`)).status, 204);
  }
  done = true;
  await fleet;
  const list = (await server.get('/api/v1/events?geofence=race&limit=10000')).json.events;
  assert.equal(new Set(list.map((e) => e.event_id)).size, list.length);
});

test('webhooks: one for each rule, signed, in its words', async () => {
  const made = await make({
    id: 'hooks', geometry: square(50, 10, 2), collection: 'hooks',
    rules: [
      { id: 'a', trigger: 'enter', webhook_url: `${receiver.url}/a`, metadata: { who: 'a' } },
      { id: 'b', trigger: 'enter', webhook_url: `${receiver.url}/b`, metadata: { who: 'b' } },
      { id: 'c', trigger: 'exit', webhook_url: `${receiver.url}/c` },
    ],
  });
  assert.equal(new Set(made.rules.map((r) => r.webhook_secret)).size, 3);
  await put('h', 11, 51, { collection: 'hooks' });
  await put('h', 21, 51, { collection: 'hooks' });
  await until('three webhooks', () => receiver.got.length >= 3);
  await sleep(500);
  assert.equal(receiver.got.length, 3);
  const ids = new Set();
  for (const rule of made.rules) {
    const [hook] = receiver.got.filter((g) => g.path === `/${rule.id}`);
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = hook.headers;
    const key = Buffer.from(rule.webhook_secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(`${id}.${time}.${hook.body}`).digest('base64');
    assert.equal(signature, `v1,${expected}`);
    assert.equal(hook.json.type, `geofence.${rule.trigger}`);
    assert.equal(hook.json.timestamp, hook.json.data.timestamp);
    assert.equal(hook.json.data.rule.id, rule.id);
    assert.deepEqual(hook.json.data.rule.metadata, rule.metadata);
    assert.ok(hook.json.data.seq > 0);
    ids.add(id);
  }
  assert.equal(ids.size, 3);
  const logged = await events('hooks', 2);
  assert.equal(logged[0].event_id, receiver.got.find((g) => g.path === '/a').json.data.event_id);
});

test('signatures satisfy the receivers of Standard Webhooks, while secrets rotate too', async () => {
  const secret = (byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
  const body = (webhook_secret) => ({
    geometry: square(50, 30, 2), collection: 'rotation',
    rules: [{ id: 'r', trigger: 'enter', webhook_url: `${receiver.url}/rotation`, webhook_secret }],
  });
  const sent = () => receiver.got.filter((g) => g.path === '/rotation');
  const seen = async (count) => {
    await put('v', 31, 51, { collection: 'rotation' });
    await put('v', 31, 60, { collection: 'rotation' });
    await until(`webhook ${count}`, () => sent().length === count);
    return sent()[count - 1];
  };
  const accepts = (one, hook) => {
    const told = new Webhook(one).verify(hook.body, hook.headers); // throws
    assert.deepEqual(told, hook.json);
  };
  await make({ id: 'rotation', ...body(secret(1)) });
  const before = await seen(1);
  accepts(secret(1), before);
  assert.throws(() => accepts(secret(2), before));
  assert.throws(() => new Webhook(secret(1)).verify(`${before.body} `, before.headers));
  assert.equal((await server.put(`${F}/rotation`, body([secret(2), secret(1)]))).status, 200);
  const both = await seen(2);
  accepts(secret(1), both);
  accepts(secret(2), both);
  assert.equal((await server.put(`${F}/rotation`, body(secret(2)))).status, 200);
  const after = await seen(3);
  accepts(secret(2), after);
  assert.throws(() => accepts(secret(1), after));
  assert.equal((await server.delete(`${F}/rotation`)).status, 204);
});

test('what was delivered is sent again on demand, under the same id', async () => {
  const name = encodeURIComponent('geofence/hooks/a');
  const sent = () => receiver.got.filter((g) => g.path === '/a');
  const [first] = sent();
  const { json } = await server.get(`/api/v1/admin/webhooks/${name}`);
  assert.equal(json.state, 'ok');
  assert.equal(json.url, `${receiver.url}/a`);
  assert.equal(json.last_status, 200);
  assert.equal((await server.post(`/api/v1/admin/webhooks/${name}/replay`, { from_seq: first.json.data.seq })).status, 204);
  await until('it comes again', () => sent().length === 2);
  assert.equal(sent()[1].headers['webhook-id'], first.headers['webhook-id']);
  assert.equal(sent()[1].body, first.body);
  assert.equal((await server.delete(`${F}/hooks`)).status, 204);
  assert.equal((await server.get(`/api/v1/admin/webhooks/${name}`)).status, 404);
});

test('channels of rules reach subscribers of port 9851', async () => {
  await make({ id: 'chan', geometry: square(70, 10, 2), collection: 'chan', rules: [{ trigger: 'enter', channel: 'arrivals', metadata: { gate: 3 } }] });
  const socket = net.connect(server.respPort, '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (text) => (heard += text));
  socket.write('SUBSCRIBE arrivals\r\n');
  await until('the subscription', () => heard.includes('subscribe'));
  await put('c', 11, 71, { collection: 'chan' });
  await until('the event', () => heard.includes('geofence.enter'));
  const event = JSON.parse(heard.slice(heard.indexOf('{"seq"')).trim());
  assert.deepEqual(event.rule, { id: 'enter', trigger: 'enter', channel: 'arrivals', metadata: { gate: 3 } });
  assert.equal(event.object.id, 'c');
  socket.destroy();
});

test('events that are kept no longer are 410', async () => {
  const own = await startServer({ args: ['--events-retention-bytes', '1MiB'] });
  try {
    await make({ id: 'g', geometry: square(0, 0, 2), rules: [{ trigger: 'inside', metadata: { text: 'x'.repeat(4000) } }] }, own);
    for (let i = 0; i < 400; i++) await put('o', 1, 1 + i / 1000, {}, own);
    const gone = await until('old events to go', async () => {
      const reply = await own.get('/api/v1/events?since=0');
      return reply.status === 410 ? reply : null;
    });
    assert.match(gone.json.detail, /oldest there is has seq \d+/);
    const { json } = await own.get('/api/v1/events?limit=1');
    assert.ok(json.events[0].seq > 1);
    assert.equal((await own.get(`/api/v1/events?since=${json.events[0].seq - 1}`)).status, 200);
  } finally {
    await own.stop();
  }
});

test('bad URLs and private addresses are refused by name', async () => {
  for (const webhook_url of ['ftp://a.example/', 'https://user:pass@a.example/', 'http://192.168.1.1/', 'http://169.254.169.254/latest/meta-data', 'http://[fe80::1]/', 'nonsense']) {
    const reply = await server.post(F, { geometry: square(0, 0, 1), rules: [{ trigger: 'enter', webhook_url }] });
    assert.equal(reply.status, 422, webhook_url);
    assert.equal(reply.json.pointer, '/rules/0/webhook_url');
  }
});

test('the event log: pages, filters, wrong questions', async () => {
  await make({ id: 'log', geometry: square(60, 10, 2), collection: 'log', rules: [{ trigger: 'enter' }, { trigger: 'inside' }] });
  for (let i = 0; i < 30; i++) await put(`l${i % 3}`, 11 + i / 100, 61, { collection: 'log' });
  const whole = await events('log', 30);
  const seen = [];
  let since = whole[0].seq - 1;
  for (;;) {
    const { json } = await server.get(`/api/v1/events?geofence=log&limit=7&since=${since}`);
    assert.equal(json.numberReturned, json.events.length);
    seen.push(...json.events);
    if (json.events.length < 7) break;
    since = json.next;
  }
  assert.deepEqual(seen, whole);
  const ask = async (query) => (await server.get(`/api/v1/events?geofence=log&${query}`)).json.events.length;
  assert.equal(await ask('type=geofence.enter'), 3);
  assert.equal(await ask('type=inside&object=l1'), 9);
  assert.equal(await ask('collection=elsewhere'), 0);
  assert.equal((await server.get('/api/v1/events?since=x')).status, 400);
  assert.equal((await server.get('/api/v1/events?type=never')).status, 422);
  assert.equal((await server.get('/api/v1/events?limit=0')).status, 422);
  assert.equal((await server.get('/api/v1/events?colour=red')).status, 400);
  assert.deepEqual((await server.get('/api/v1/events?since=99999999')).json.events, []);
});

test('a restart repeats nothing and forgets nothing', async () => {
  const scratch = await tempDir();
  let own = await startServer({ data: scratch.dir });
  try {
    const rules = [{ trigger: 'enter', webhook_url: `${receiver.url}/restart` }, { trigger: 'exit' }];
    const made = await make({ id: 'kept', name: 'K', geometry: square(0, 0, 2), filter: { op: '>', args: [{ property: 'v' }, 1] }, rules }, own);
    await put('in', 1, 1, { properties: { v: 2 } }, own);
    await events('kept', 1, { on: own });
    await until('its webhook', () => receiver.got.some((g) => g.path === '/restart'));
    for (const how of ['stop', 'kill']) {
      if (how === 'stop') await sleep(1200); // the delivery's mark is kept
      await own[how]();
      own = await startServer({ data: scratch.dir });
      const { json } = await own.get(`${F}/kept`);
      assert.equal(json.version, 1);
      assert.equal(json.created_at, made.created_at);
      assert.deepEqual(json.geometry, made.geometry);
      assert.equal((await events('kept', 1, { on: own, settle: true })).length, 1, how);
    }
    await put('in', 5, 5, { properties: { v: 2 } }, own);
    const list = await events('kept', 2, { on: own, settle: true });
    assert.deepEqual(brief(list), ['in enter', 'in exit']);
    assert.equal(list[1].seq, list[0].seq + 1);
    assert.equal(receiver.got.filter((g) => g.path === '/restart').length, 1);
  } finally {
    await own.stop();
    await scratch.remove();
  }
});

test('a thousand geofences and a fleet at once: each object is told of in its own order', async () => {
  const rules = [{ trigger: 'enter' }, { trigger: 'exit' }];
  for (let i = 0; i < 1000; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => make({ id: `m${i + k}`, geometry: square(100 + ((i + k) % 40) * 0.5, -20 + Math.floor((i + k) / 40) * 0.5, 0.4), collection: 'many', rules })));
  }
  const { json: page } = await server.get(`${F}?collection=many&limit=1000`);
  assert.equal(page.numberReturned, 1000);
  const before = (await server.get('/api/v1/events?limit=1')).json.last_seq;
  const fleet = Array.from({ length: 8 }, (_, i) => `v${i}`);
  await Promise.all(fleet.map(async (id, row) => {
    for (let x = 100; x < 110; x += 0.25) await put(id, -19.8 + row * 0.5, x + 0.2, { collection: 'many' });
    await server.delete(`${O}/${id}?collection=many`);
  }));
  const list = await until('their events', async () => {
    const { json } = await server.get(`/api/v1/events?since=${before}&collection=many&limit=10000`);
    return json.events.length >= 8 * 40 ? json.events : null;
  });
  for (const id of fleet) {
    const own = list.filter((e) => e.object.id === id);
    assert.equal(own.length, 40);
    for (const [i, e] of own.entries()) {
      assert.equal(e.trigger, i % 2 ? 'exit' : 'enter');
      if (i % 2) assert.equal(e.geofence.id, own[i - 1].geofence.id);
    }
    assert.equal(own.at(-1).cause, 'set');
  }
});
