// clients_tile38.test.mjs - npm tile38 (node-tile38): its README as a script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Tile38 from 'tile38';
import { startServer } from './support/server.mjs';

let server;
let client;
before(async () => {
  server = await startServer();
  client = new Tile38({ host: '127.0.0.1', port: server.respPort });
});
after(async () => {
  await client?.quit().catch(() => {});
  await server?.stop();
});

const truck = [33.5123, -112.2693];
const point = { type: 'Point', coordinates: [-112.2693, 33.5123] };
const near = (a, b, e = 1e-9) => assert.ok(Math.abs(a - b) <= e, `${a} is not ${b}`);

test('connection and server', async () => {
  assert.equal(await client.ping(), 'pong');
  const stats = await client.server();
  assert.equal(typeof stats.num_objects, 'number');
  assert.equal(typeof stats.pid, 'number');
  assert.equal(await client.gc(), true);
  assert.equal(await client.executeCommand('OUTPUT json'), true);
  await assert.rejects(client.executeCommand('FROBNICATE x'), /unknown command 'frobnicate'/i);
  assert.deepEqual(Object.keys(await client.configGet('keepalive')), ['keepalive']);
});

test('set and get in every form', async () => {
  await client.flushdb();
  assert.equal(await client.set('fleet', 'truck1', truck), true);
  assert.deepEqual(await client.get('fleet', 'truck1'), { object: point });
  assert.deepEqual(await client.get('fleet', 'truck1', { type: 'OBJECT' }), { object: point });
  assert.deepEqual(await client.getPoint('fleet', 'truck1'), { point: { lat: 33.5123, lon: -112.2693 } });
  assert.deepEqual(await client.getBounds('fleet', 'truck1'), { bounds: { sw: { lat: 33.5123, lon: -112.2693 }, ne: { lat: 33.5123, lon: -112.2693 } } });
  assert.deepEqual(await client.getHash('fleet', 'truck1'), { hash: '9tbnth' });
  assert.match((await client.getHash('fleet', 'truck1', { precision: 8 })).hash, /^9tbnth..$/);

  await client.set('fleet', 'truck2', truck, { value: 10, othervalue: 20 });
  assert.deepEqual(await client.get('fleet', 'truck2', { type: 'POINT', withfields: true }),
    { point: { lat: 33.5123, lon: -112.2693 }, fields: { othervalue: 20, value: 10 } });

  await client.set('fleet', 'high', [33.5123, -112.2693, 120]);
  assert.deepEqual((await client.getPoint('fleet', 'high')).point, { lat: 33.5123, lon: -112.2693, z: 120 });

  await client.set('props', 'house1', [33.784, -112.152, 33.7848, -112.1512]);
  assert.deepEqual((await client.getBounds('props', 'house1')).bounds, { sw: { lat: 33.784, lon: -112.152 }, ne: { lat: 33.7848, lon: -112.1512 } });
  assert.equal((await client.get('props', 'house1')).object.type, 'Polygon');

  await client.set('props', 'area1', '9tbnth');
  assert.equal((await client.getHash('props', 'area1')).hash, '9tbnth');
  await client.set('props', 'area2', 'my string value', null, { type: 'string' });
  assert.deepEqual(await client.get('props', 'area2'), { object: 'my string value' });
  await client.setString('props', 'area3', '{"not":"a geometry"}');
  assert.deepEqual(await client.get('props', 'area3'), { object: '{"not":"a geometry"}' });

  const tempe = { type: 'Polygon', coordinates: [[[-111.9787, 33.4411], [-111.8902, 33.4377], [-111.895, 33.2892], [-111.9739, 33.2932], [-111.9787, 33.4411]]] };
  await client.set('cities', 'tempe', tempe);
  assert.deepEqual((await client.get('cities', 'tempe')).object.coordinates[0].map(String).sort(), tempe.coordinates[0].map(String).sort());
  await assert.rejects(client.get('fleet', 'nobody'), /^Error: id not found$/);
  await assert.rejects(client.get('nowhere', 'nobody'), /^Error: key not found$/);
});

test('conditions, fields, lives', async () => {
  await client.flushdb();
  await client.set('fleet', 'truck1', truck, null, { onlyIfNotExists: true });
  await assert.rejects(client.set('fleet', 'truck1', [1, 2], null, { onlyIfNotExists: true }), /^Error: id already exists$/);
  await assert.rejects(client.set('fleet', 'truck9', [1, 2], null, { onlyIfExists: true }), /^Error: id not found$/);
  assert.equal(await client.fset('fleet', 'truck1', 'speed', 16), true);
  assert.equal(await client.fset('fleet', 'truck1', { speed: 17, driver: 1224 }), true);
  assert.deepEqual((await client.get('fleet', 'truck1', { withfields: true })).fields, { driver: 1224, speed: 17 });
  await client.set('fleet', 'truck1', [33, -112]);
  assert.deepEqual((await client.get('fleet', 'truck1', { withfields: true })).fields, { driver: 1224, speed: 17 });

  assert.equal(await client.expire('fleet', 'truck1', 10), true);
  const ttl = await client.ttl('fleet', 'truck1');
  assert.ok(ttl > 8 && ttl <= 10, String(ttl));
  assert.equal(await client.persist('fleet', 'truck1'), true);
  assert.equal(await client.ttl('fleet', 'truck1'), -1);
  await client.set('fleet', 'short', truck, null, { expire: 0.2 });
  await new Promise((resolve) => setTimeout(resolve, 900));
  await assert.rejects(client.get('fleet', 'short'), /id not found/);
});

test('keys: bounds, stats, rename, del, pdel, drop', async () => {
  await client.flushdb();
  for (const [i, name] of ['a1', 'a2', 'b1'].entries()) await client.set('fleet', name, [33 + i, -112 - i]);
  await client.set('other', 'x', truck);
  assert.deepEqual(await client.keys('*'), ['fleet', 'other']);
  assert.deepEqual(await client.keys('f*'), ['fleet']);
  const bounds = await client.bounds('fleet');
  assert.equal(bounds.type, 'Polygon');
  const corners = bounds.coordinates[0];
  near(Math.min(...corners.map((c) => c[0])), -114);
  near(Math.max(...corners.map((c) => c[1])), 35);
  const [stats, nothing] = await client.stats('fleet', 'nothing');
  assert.equal(stats.num_objects, 3);
  assert.equal(stats.num_points, 3);
  assert.equal(nothing, null);
  await client.rename('other', 'another');
  assert.deepEqual(await client.keys('*'), ['another', 'fleet']);
  await client.renamenx('another', 'fleet');
  assert.deepEqual(await client.keys('*'), ['another', 'fleet']);
  await assert.rejects(client.rename('nothing', 'x'), /key not found/);
  await client.del('fleet', 'b1');
  await client.pdel('fleet', 'a*');
  await client.drop('another');
  assert.deepEqual(await client.keys('*'), []);
});

test('JSON documents', async () => {
  await client.flushdb();
  await client.jset('user', '901', 'name', 'Tom');
  assert.equal(await client.jget('user', '901', 'name'), 'Tom');
  await client.jset('user', '901', 'age', '45');
  assert.deepEqual(JSON.parse(await client.jget('user', '901')), { name: 'Tom', age: 45 });
  await client.jdel('user', '901', 'name');
  assert.deepEqual(JSON.parse(await client.jget('user', '901')), { age: 45 });
});

test('searches', async () => {
  await client.flushdb();
  await client.set('fleet', 'truck1', [33.4621, -112.2681], { speed: 20 });
  await client.set('fleet', 'truck2', [33.4722, -112.2582], { speed: 60 });
  await client.set('fleet', 'bus1', [33.4823, -112.2483], { speed: 40 });
  await client.set('cities', 'box', [33.462, -112.2682, 33.473, -112.257]);
  await client.setString('names', '1', 'Jane');
  await client.setString('names', '2', 'John');
  await client.setString('names', '3', 'Anna');
  const ids = async (query) => (await query.ids().execute()).ids.sort();

  assert.deepEqual(await ids(client.withinQuery('fleet').bounds(33.462, -112.269, 33.491, -112.245)), ['bus1', 'truck1', 'truck2']);
  assert.deepEqual(await ids(client.intersectsQuery('fleet').getObject('cities', 'box')), ['truck1', 'truck2']);
  assert.deepEqual(await ids(client.intersectsQuery('fleet').circle(33.4621, -112.2681, 500)), ['truck1']);
  assert.deepEqual(await ids(client.intersectsQuery('fleet').hash('9tbn')), ['bus1', 'truck1', 'truck2']);
  assert.deepEqual(await ids(client.withinQuery('fleet').tile(1, 3, 3)), ['bus1', 'truck1', 'truck2']);
  assert.deepEqual(await ids(client.withinQuery('fleet').quadKey('023')), ['bus1', 'truck1', 'truck2']);
  assert.deepEqual(await ids(client.withinQuery('fleet').where('speed', 30, '+inf').bounds(33, -113, 34, -112)), ['bus1', 'truck2']);
  assert.deepEqual(await ids(client.withinQuery('fleet').whereIn('speed', 20, 40).bounds(33, -113, 34, -112)), ['bus1', 'truck1']);
  assert.deepEqual(await ids(client.withinQuery('fleet').match('truck*').bounds(33, -113, 34, -112)), ['truck1', 'truck2']);
  assert.equal((await client.withinQuery('fleet').bounds(33, -113, 34, -112).count().execute()).count, 3);

  const nearby = await client.nearbyQuery('fleet').distance().point(33.4621, -112.2681, 2000).execute();
  assert.deepEqual(nearby.objects.map((o) => o.id), ['truck1', 'truck2']);
  assert.equal(nearby.objects[0].distance, 0);
  near(nearby.objects[1].distance, 1451, 3);
  const hashes = await client.nearbyQuery('fleet').point(33.4621, -112.2681, 100).hashes(8).execute();
  assert.equal(hashes.hashes[0].hash.length, 8);
  const points = await client.scanQuery('fleet').nofields().points().execute();
  assert.deepEqual(points.points.map((p) => p.id), ['bus1', 'truck1', 'truck2']);
  assert.deepEqual(points.points[0].point, { lat: 33.4823, lon: -112.2483 });

  const page = await client.scanQuery('fleet').limit(2).ids().execute();
  assert.deepEqual([page.ids, page.count, page.cursor], [['bus1', 'truck1'], 2, 2]);
  const rest = await client.scanQuery('fleet').cursor(page.cursor).limit(2).ids().execute();
  assert.deepEqual([rest.ids, rest.cursor], [['truck2'], 0]);
  assert.deepEqual((await client.scanQuery('fleet').desc().ids().execute()).ids, ['truck2', 'truck1', 'bus1']);
  assert.deepEqual((await client.searchQuery('names').match('J*').desc().ids().execute()).ids, ['2', '1']);
  assert.equal((await client.searchQuery('names').count().execute()).count, 3);
  assert.equal((await client.scanQuery('fleet').where('speed', 30, 50).count().timeout(5).execute()).count, 1);
});

test('scripts in WHEREEVAL', async () => {
  await client.flushdb();
  await client.set('fleet', 'a', truck, { wheels: 4 });
  await client.set('fleet', 'b', truck, { wheels: 18 });
  const found = await client.nearbyQuery('fleet').whereEval('return FIELDS.wheels > tonumber(ARGV[1])', 8).ids().point(33.5123, -112.2693, 100).execute();
  assert.deepEqual(found.ids, ['b']);
});

test('hooks, as the library lists them', async () => {
  await client.flushdb();
  await client.executeCommand('SETHOOK warehouse http://127.0.0.1:1/x NEARBY fleet FENCE POINT 33.5 -112.2 500');
  const { hooks } = await client.sendCommand('HOOKS', 1, '*');
  assert.deepEqual(hooks.map((h) => [h.name, h.key, h.endpoints]), [['warehouse', 'fleet', ['http://127.0.0.1:1/x']]]);
  await client.executeCommand('DELHOOK warehouse');
  assert.deepEqual((await client.sendCommand('HOOKS', 1, '*')).hooks, []);
});

test('a live fence', async () => {
  await client.flushdb();
  const seen = [];
  let closed = false;
  const fence = client.withinQuery('fleet').detect('enter', 'exit').bounds(33, -113, 34, -112)
    .executeFence((error, message) => seen.push(error ?? message));
  fence.onClose(() => (closed = true));
  await new Promise((resolve) => setTimeout(resolve, 300)); // until the fence stands
  await client.set('fleet', 'truck1', truck);
  await client.set('fleet', 'truck1', [40, -100]);
  for (let i = 0; i < 100 && seen.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(seen.map((m) => [m.command, m.detect, m.key, m.id]), [['set', 'enter', 'fleet', 'truck1'], ['set', 'exit', 'fleet', 'truck1']]);
  assert.deepEqual(seen[0].object, point);
  fence.close();
  for (let i = 0; i < 100 && !closed; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(closed);
});
