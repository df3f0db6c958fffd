// tile38_interop.test.mjs - one database, two doors: what REST writes RESP reads and the other way round.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectResp, RespError } from './support/resp.mjs';
import { startServer, tempDir } from './support/server.mjs';

let server;
let resp;
before(async () => {
  server = await startServer();
  resp = await connectResp(server.respPort);
});
after(async () => {
  resp?.close();
  await server?.stop();
});

const rest = (id, collection = 'c') => `/api/v1/objects/${encodeURIComponent(id)}?collection=${collection}`;
const subset = (got, expected, where) => {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(got[name], value, `${where}: ${name}`);
};

const square = { type: 'Polygon', coordinates: [[[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]] };
const feature = (geometry, properties) => ({ type: 'Feature', geometry, properties });
const point = (lon, lat, z) => ({ type: 'Point', coordinates: z === undefined ? [lon, lat] : [lon, lat, z] });

test('what RESP writes, REST reads', async () => {
  const collection = { type: 'FeatureCollection', features: [feature(point(1, 2), { a: 1 }), feature(point(3, 4), { b: 2 })] };
  for (const [command, expected] of [
    ['POINT 33.5 -112.25', { geometry: point(-112.25, 33.5), coordinates: [33.5, -112.25], properties: {} }],
    ['POINT 33.5 -112.25 120', { geometry: point(-112.25, 33.5, 120) }],
    ['FIELD speed 90.5 FIELD name Ann POINT 1 2', { geometry: point(2, 1), properties: { name: 'Ann', speed: 90.5 } }],
    ['FIELD deep {"a":[1,{"b":true}]} POINT 1 2', { properties: { deep: { a: [1, { b: true }] } } }],
    ['FIELD yes true FIELD none 0 POINT 1 2', { properties: { yes: true } }],
    ['BOUNDS 0 0 1 2', { geometry: square }],
    ['HASH 9tbnth', {}],
    [`OBJECT ${JSON.stringify(square)}`, { geometry: square, coordinates: [0.5, 1] }],
    [`OBJECT ${JSON.stringify(feature(point(1, 2), { name: 'x', n: 1.5 }))}`, { geometry: point(1, 2), properties: { name: 'x', n: 1.5 } }],
    [`FIELD extra 7 OBJECT ${JSON.stringify(feature(point(1, 2), { name: 'x' }))}`, { properties: { extra: 7, name: 'x' } }],
    [`OBJECT ${JSON.stringify(collection)}`, { geometry: { type: 'GeometryCollection', geometries: [point(1, 2), point(3, 4)] } }],
    ["STRING 'just words'", { geometry: null, coordinates: null, text: 'just words' }],
  ]) {
    await resp.say('DEL c x');
    assert.equal(await resp.say(`SET c x ${command}`), 'OK', command);
    const got = await server.get(rest('x'));
    assert.equal(got.status, 200, command);
    if (command.startsWith('HASH')) assert.equal(got.json.geometry.type, 'Point');
    subset(got.json, expected, command);
  }
});

test('what REST writes, RESP reads', async () => {
  for (const [body, reads] of [
    [{ coordinates: [33.5, -112.25] }, { 'GET c x': JSON.stringify(point(-112.25, 33.5)), 'GET c x POINT': ['33.5', '-112.25'] }],
    [{ geometry: point(-112.25, 33.5, 120) }, { 'GET c x POINT': ['33.5', '-112.25', '120'] }],
    [{ coordinates: [1, 2], properties: { speed: 90.5, name: 'Ann', deep: { a: [1] }, yes: true } }, {
      'GET c x WITHFIELDS POINT': [['1', '2'], ['deep', '{"a":[1]}', 'name', 'Ann', 'speed', '90.5', 'yes', 'true']],
      'FGET c x speed': '90.5', 'FGET c x name': 'Ann', 'FEXISTS c x yes': 1, 'FEXISTS c x no': 0 }],
    [{ geometry: square }, { 'GET c x': JSON.stringify(square), 'GET c x BOUNDS': [['0', '0'], ['1', '2']] }],
    [{ geometry: null, text: 'just words' }, { 'GET c x': 'just words', 'TYPE c': 'hash' }],
  ]) {
    const put = await server.put(rest('x'), { type: 'Feature', ...body });
    assert.ok(put.status === 200 || put.status === 201, put.text);
    for (const [command, expected] of Object.entries(reads)) assert.deepEqual(await resp.say(command), expected, `${JSON.stringify(body)}: ${command}`);
    await server.delete(rest('x'));
  }
});

test('fields and properties change from both sides', async () => {
  await resp.say('SET c f FIELD a 1 POINT 1 2');
  await server.patch(rest('f'), { properties: { b: 'two' } });
  assert.deepEqual(await resp.say('GET c f WITHFIELDS'), [JSON.stringify(point(2, 1)), ['a', '1', 'b', 'two']]);
  await resp.say('FSET c f a 5 c 3');
  assert.deepEqual((await server.get(rest('f'))).json.properties, { a: 5, b: 'two', c: 3 });
  await server.patch(rest('f'), { properties: { a: null } });
  assert.deepEqual(await resp.say('GET c f WITHFIELDS'), [JSON.stringify(point(2, 1)), ['b', 'two', 'c', '3']]);
  await resp.say('FSET c f b 0');
  assert.deepEqual((await server.get(rest('f'))).json.properties, { c: 3 });
  await server.patch(rest('f'), { coordinates: [5, 6] });
  assert.deepEqual(await resp.say('GET c f POINT'), ['5', '6']);
  await resp.say('SET c f POINT 7 8');
  assert.deepEqual((await server.get(rest('f'))).json.properties, { c: 3 });
});

test('a Feature keeps its foreign members and its own properties through both', async () => {
  const own = { type: 'Feature', geometry: point(1, 2), properties: { name: 'x' }, id: 'mine', extra: [1, 2] };
  await resp.ask('SET', 'c', 'own', 'OBJECT', JSON.stringify(own));
  assert.deepEqual(JSON.parse(await resp.say('GET c own')), own);
  await server.patch(rest('own'), { properties: { name: 'y' } });
  assert.equal(JSON.parse(await resp.say('GET c own')).properties.name, 'y');
  await server.patch(rest('own'), { coordinates: [9, 9] });
  const moved = JSON.parse(await resp.say('GET c own'));
  assert.deepEqual([moved.type, moved.geometry, moved.extra], ['Feature', point(9, 9), [1, 2]]);
});

test('lives', async () => {
  await server.put(rest('life'), { coordinates: [1, 2], expires_in: 100 });
  const ttl = await resp.say('TTL c life');
  assert.ok(ttl >= 98 && ttl <= 100, String(ttl));
  assert.equal(await resp.say('PERSIST c life'), 1);
  assert.equal((await server.get(rest('life'))).json.expires_at, undefined);
  assert.equal(await resp.say('EXPIRE c life 50'), 1);
  const at = Date.parse((await server.get(rest('life'))).json.expires_at);
  assert.ok(Math.abs(at - Date.now() - 50_000) < 3000);
  await resp.say('SET c short EX 0.3 POINT 1 2');
  await server.put(rest('brief'), { coordinates: [1, 2], expires_in: 1 });
  await new Promise((resolve) => setTimeout(resolve, 2200));
  assert.equal((await server.get(rest('short'))).status, 404);
  assert.equal(await resp.say('GET c brief'), null);
});

test('deletes, drops, renames, lists', async () => {
  await resp.say('SET k a POINT 1 2');
  await server.put(rest('b', 'k'), { coordinates: [3, 4] });
  assert.equal((await server.get('/api/v1/collections/k')).json.count, 2);
  assert.equal(await resp.say('DEL k a'), 1);
  assert.equal((await server.get(rest('a', 'k'))).status, 404);
  await server.delete(rest('b', 'k'));
  assert.equal(await resp.say('GET k b'), null);
  assert.equal(await resp.say('TYPE k'), 'none'); // the last object has gone: as Tile38
  await server.put(rest('b', 'k'), { coordinates: [3, 4] });
  assert.equal(await resp.say('RENAME k moved'), 'OK');
  assert.equal((await server.get(rest('b', 'moved'))).status, 200);
  assert.equal((await server.get(rest('b', 'k'))).status, 404);
  assert.ok((await resp.say('KEYS m*')).includes('moved'));
  assert.equal((await server.delete('/api/v1/collections/moved')).status, 204);
  assert.deepEqual(await resp.say('KEYS m*'), []);
  await server.put(rest('b', 'gone'), { coordinates: [3, 4] });
  assert.equal(await resp.say('DROP gone'), 1);
  assert.equal((await server.get('/api/v1/collections/gone')).status, 404);
});

test('searches of both find the same', async () => {
  for (let i = 0; i < 50; i++) await resp.say(`SET s r${i} FIELD n ${i} POINT ${10 + i / 100} ${20 + i / 100}`);
  for (let i = 0; i < 50; i++) await server.put(rest(`h${i}`, 's'), { coordinates: [10 + i / 100, 20.005 + i / 100], properties: { n: i } });
  await resp.say('SET s words STRING nowhere');
  const ids = (reply) => reply[1].slice().sort();
  const features = (reply) => reply.json.features.map((f) => f.id).sort();
  assert.deepEqual(ids(await resp.say('WITHIN s LIMIT 1000 IDS BOUNDS 10 20 10.2 20.2')),
    features(await server.get('/api/v1/search/bbox?collection=s&min_lat=10&min_lon=20&max_lat=10.2&max_lon=20.2&limit=1000')));
  assert.deepEqual((await resp.say('NEARBY s LIMIT 10 IDS POINT 10.1 20.1'))[1],
    (await server.get('/api/v1/search/nearby?collection=s&lat=10.1&lon=20.1&k=10')).json.features.map((f) => f.id));
  assert.deepEqual(ids(await resp.say('NEARBY s LIMIT 1000 IDS POINT 10.1 20.1 5000')),
    features(await server.get('/api/v1/search/nearby?collection=s&lat=10.1&lon=20.1&radius=5000&limit=1000')));
  assert.deepEqual(ids(await resp.say('WITHIN s WHERE n 7 7 IDS BOUNDS 10 20 11 21')),
    features(await server.get('/api/v1/search/bbox?collection=s&min_lat=10&min_lon=20&max_lat=11&max_lon=21&n=7')));
  const hole = { type: 'Polygon', coordinates: [[[20, 10], [20.3, 10], [20.3, 10.3], [20, 10.3], [20, 10]], [[20.1, 10.1], [20.2, 10.1], [20.2, 10.2], [20.1, 10.2], [20.1, 10.1]]] };
  for (const relation of ['within', 'intersects']) {
    assert.deepEqual(ids(await resp.ask(relation, 's', 'LIMIT', '1000', 'IDS', 'OBJECT', JSON.stringify(hole))),
      features(await server.post('/api/v1/search/polygon?collection=s', { polygon: hole, relation, limit: 1000 })), relation);
  }
});

test('names that one door refuses, the other refuses too', async () => {
  assert.ok((await resp.ask('SET', 'c', 'a\nb', 'POINT', '1', '2')) instanceof RespError);
  assert.ok((await resp.ask('SET', 'c', 'x'.repeat(257), 'POINT', '1', '2')) instanceof RespError);
  assert.ok((await resp.ask('SET', 'c', 'x', 'POINT', '91', '2')) instanceof RespError);
  assert.equal(await resp.ask('SET', 'c', "é'\"/%", 'POINT', '1', '2'), 'OK');
  assert.equal((await server.get(rest("é'\"/%"))).json.id, "é'\"/%");
});

test('everything comes back after a restart', async () => {
  const { dir: data, remove } = await tempDir();
  const lone = await startServer({ data });
  const client = await connectResp(lone.respPort);
  await client.say('SET c p FIELD n 1 FIELD s text POINT 1 2');
  await client.say('SET c words STRING hello');
  await client.ask('SET', 'c', 'own', 'OBJECT', JSON.stringify({ ...feature(point(1, 2), { name: 'x' }), more: true }));
  await client.say('SET c life EX 1000 POINT 1 2');
  await client.say('SET old x POINT 1 2');
  await client.say('RENAME old new');
  const reads = ['GET c p WITHFIELDS', 'GET c words', 'GET c own', 'KEYS *', 'GET new x'];
  const earlier = [];
  for (const line of reads) {
    earlier.push(await client.say(line));
    assert.ok(!(earlier.at(-1) instanceof RespError), line);
  }
  client.close();
  await lone.stop();
  const again = await startServer({ data });
  const reader = await connectResp(again.respPort);
  for (const [i, line] of reads.entries()) assert.deepEqual(await reader.say(line), earlier[i], line);
  assert.ok((await reader.say('TTL c life')) > 900);
  reader.close();
  await again.stop();
  await remove();
});
