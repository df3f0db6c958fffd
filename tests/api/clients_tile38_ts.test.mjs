// clients_tile38_ts.test.mjs - npm @iwpnd/tile38-ts: its README as a script. The library flips OUTPUT as it needs.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Tile38 } from '@iwpnd/tile38-ts';
import { startServer } from './support/server.mjs';

let server;
let tile38;
before(async () => {
  server = await startServer();
  tile38 = new Tile38(`127.0.0.1:${server.respPort}`);
});
after(async () => {
  await tile38?.quit(true).catch(() => {});
  await server?.stop();
});
beforeEach(() => tile38.flushDb());

const until = async (done) => {
  for (let i = 0; i < 100 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(done());
};

test('keys', async () => {
  await tile38.set('fleet', 'truck1').fields({ maxSpeed: 90, milage: 90000 }).point(33.5123, -112.2693).exec();
  await tile38.set('fleet', 'truck1:driver').string('John Denton').exec();
  assert.deepEqual((await tile38.get('fleet', 'truck1').withFields().asObject()).fields, { maxSpeed: 90, milage: 90000 });
  assert.equal((await tile38.get('fleet', 'truck1:driver').asString()).object, 'John Denton');
  assert.deepEqual((await tile38.get('fleet', 'truck1').asPoint()).point, { lat: 33.5123, lon: -112.2693 });
  assert.equal((await tile38.get('fleet', 'truck1').asHash(5)).hash, '9tbnt');
  assert.equal((await tile38.get('fleet', 'truck1').asBounds()).bounds.sw.lat, 33.5123);
  await tile38.fSet('fleet', 'truck1', { maxSpeed: 100 }).exec();
  assert.equal((await tile38.get('fleet', 'truck1').withFields().asObject()).fields.maxSpeed, 100);
  assert.equal((await tile38.fexists('fleet', 'truck1', 'maxSpeed')).exists, true);
  assert.equal((await tile38.fexists('fleet', 'truck1', 'wings')).exists, false);
  assert.equal((await tile38.exists('fleet', 'truck1')).exists, true);
  assert.equal((await tile38.exists('fleet', 'truck2')).exists, false);
  assert.deepEqual((await tile38.keys()).keys, ['fleet']);
  assert.equal((await tile38.stats('fleet')).stats[0].num_strings, 1);
  await tile38.expire('fleet', 'truck1', 10);
  assert.ok((await tile38.ttl('fleet', 'truck1')).ttl >= 8);
  await tile38.persist('fleet', 'truck1');
  assert.equal((await tile38.ttl('fleet', 'truck1')).ttl, -1);
  await tile38.rename('fleet', 'newFleet');
  assert.deepEqual((await tile38.keys('new*')).keys, ['newFleet']);
  await tile38.del('newFleet', 'truck1');
  await tile38.pDel('newFleet', 'truck*');
  assert.deepEqual((await tile38.keys()).keys, []);
  await assert.rejects(tile38.get('fleet', 'truck1').asObject(), /key not found/);
  await tile38.set('fleet', 'truck1').point(1, 2).exec();
  await assert.rejects(tile38.get('fleet', 'truck2').asObject(), /id not found/);
});

test('JSON documents', async () => {
  await tile38.jSet('user', 901, 'name', 'Tom');
  await tile38.jSet('user', 901, 'name.first', 'Tom');
  await tile38.jSet('user', 901, 'name.last', 'Anderson');
  assert.match(JSON.stringify(await tile38.jGet('user', 901)), /Anderson/);
  await tile38.jDel('user', 901, 'name.last');
  assert.doesNotMatch(JSON.stringify(await tile38.jGet('user', 901)), /Anderson/);
});

test('searches, areas, conditions, pages', async () => {
  for (let i = 0; i < 250; i++) await tile38.set('fleet', `t${String(i).padStart(3, '0')}`).fields({ weight: 1000 + i }).point(52 + i / 1000, 13 + i / 1000).exec();
  await tile38.set('cities', 'Berlin').bounds(51.9, 12.9, 53, 14).exec();
  assert.equal((await tile38.within('fleet').get('cities', 'Berlin').asCount()).count, 250);
  assert.equal((await tile38.within('fleet').get('cities', 'Berlin').asObjects()).objects.length, 100);
  assert.equal((await tile38.within('fleet').limit(10000).get('cities', 'Berlin').asObjects()).objects.length, 250);
  const all = await tile38.within('fleet').get('cities', 'Berlin').all().asIds();
  assert.equal(new Set(all.ids).size, 250);
  const pages = [];
  for (let cursor = 0; ; ) {
    const page = await tile38.within('fleet').cursor(cursor).limit(100).get('cities', 'Berlin').asIds();
    pages.push(...page.ids);
    if (!(cursor = page.cursor)) break;
  }
  assert.equal(new Set(pages).size, 250);
  assert.equal((await tile38.within('fleet').where('weight', 1000, 1009).get('cities', 'Berlin').asCount()).count, 10);
  assert.equal((await tile38.within('fleet').wherein('weight', [1000, 1001, 5]).get('cities', 'Berlin').asCount()).count, 2);
  assert.equal((await tile38.within('fleet').whereExpr('weight == 1000').get('cities', 'Berlin').asCount()).count, 1);
  assert.equal((await tile38.intersects('fleet').hash('u33').asCount()).count, (await tile38.within('fleet').hash('u33').asCount()).count);
  assert.equal((await tile38.intersects('fleet').circle(52, 13, 500).asCount()).count, 4);
  assert.deepEqual((await tile38.nearby('fleet').limit(2).point(52, 13).asIds()).ids, ['t000', 't001']);
  assert.equal((await tile38.nearby('fleet').distance().point(52, 13, 10).asObjects()).objects[0].distance, 0);
  assert.equal((await tile38.nearby('fleet').point(0, 0, 10).asCount()).count, 0);
  assert.equal((await tile38.intersects('cities').clip().bounds(52, 13, 52.5, 13.5).asObjects()).objects.length, 1);
  const hashes = (await tile38.nearby('fleet').limit(1).point(52, 13).asHashes(7)).hashes;
  assert.equal(hashes[0].hash.length, 7);
  const bounds = (await tile38.within('cities').bounds(50, 10, 60, 20).asBounds()).bounds;
  assert.deepEqual(bounds[0], { id: 'Berlin', bounds: { sw: { lat: 51.9, lon: 12.9 }, ne: { lat: 53, lon: 14 } } });
  assert.deepEqual((await tile38.scan('fleet').desc().limit(1).asIds()).ids, ['t249']);
  assert.equal((await tile38.scan('fleet').whereExpr('weight > 1200 && weight < 1203').asCount()).count, 2);
  await tile38.set('names', '1').string('John').exec();
  assert.deepEqual((await tile38.search('names').match('J*').asStringObjects()).objects, [{ id: '1', object: 'John' }]);
});

test('server', async () => {
  assert.equal((await tile38.ping()).ping, 'pong');
  assert.equal(typeof (await tile38.server()).stats, 'object');
  assert.equal(typeof (await tile38.server(true)).stats, 'object');
  assert.equal((await tile38.healthz()).ok, true);
  assert.equal((await tile38.gc()).ok, true);
  assert.deepEqual(Object.keys((await tile38.configGet('keepalive')).properties), ['keepalive']);
  await tile38.readOnly(true);
  await assert.rejects(tile38.set('fleet', 'x').point(1, 2).exec(), /read only/);
  await tile38.readOnly(false);
  await tile38.set('fleet', 'x').point(1, 2).exec();
});

test('hooks and channels', async () => {
  await tile38.setHook('warehouse', 'http://127.0.0.1:1/hook').meta({ a: 'b' }).nearby('fleet').point(33.5123, -112.2693, 500).exec();
  assert.deepEqual((await tile38.hooks()).hooks.map((h) => [h.name, h.key, h.meta]), [['warehouse', 'fleet', { a: 'b' }]]);
  await tile38.delHook('warehouse');
  assert.deepEqual((await tile38.hooks()).hooks, []);

  await tile38.setChan('gate').nearby('fleet').point(33.5123, -112.2693, 500).exec();
  assert.deepEqual((await tile38.chans()).chans.map((c) => c.name), ['gate']);
  const messages = [];
  const channel = await tile38.channel();
  channel.on('message', (message, name) => messages.push([name, message]));
  await channel.subscribe('gate');
  await tile38.set('fleet', 'bus').point(33.5123001, -112.2693001).exec();
  await until(() => messages.length >= 2);
  assert.deepEqual(messages.map(([name, m]) => [name, m.detect, m.id]), [['gate', 'enter', 'bus'], ['gate', 'inside', 'bus']]);
  await channel.unsubscribe();
  await tile38.pDelChan('g*');
  assert.deepEqual((await tile38.chans()).chans, []);
});
