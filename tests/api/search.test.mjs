// search.test.mjs - searches through the real binary: poles, antimeridian, relations, CQL2, pages under writes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from './support/server.mjs';

const S = '/api/v1/search';
let server;
const ids = (reply) => reply.json.features.map((f) => f.id);

async function load(collection, features) {
  const reply = await server.post(`/api/v1/objects/batch?collection=${collection}`, features);
  assert.equal(reply.json.failed, 0, reply.text);
}

before(async () => {
  server = await startServer();
  await load('default', [
    { id: 'ferry', coordinates: [37.7955, -122.3937], properties: { category: 'transit', stars: 4 } },
    { id: 'tower', coordinates: [37.8024, -122.4058], properties: { category: 'sight', stars: 5 } },
    { id: 'park', coordinates: [37.7694, -122.4862], properties: { category: 'park', stars: 5 } },
    { id: 'fiji', coordinates: [-16.5, 179.9] },
    { id: 'taveuni', coordinates: [-16.8, -179.95] },
    { id: 'pole', coordinates: [90, 0] },
    { id: 'base', coordinates: [89.9, 120] },
    { id: 'ring', geometry: { type: 'Polygon', coordinates: [[[10, 10], [20, 10], [20, 20], [10, 20], [10, 10]], [[14, 14], [16, 14], [16, 16], [14, 16], [14, 14]]] } },
  ]);
});
after(() => server?.stop());

test('nearby: nearest first, with metres', async () => {
  const reply = await server.get(`${S}/nearby?lat=37.8&lon=-122.4&radius=2000`);
  assert.deepEqual(ids(reply), ['tower', 'ferry']);
  assert.ok(Math.abs(reply.json.features[0].distance - 575.237) < 0.001);
  assert.deepEqual(ids(await server.get(`${S}/nearby?lat=37.8&lon=-122.4&k=3`)), ['tower', 'ferry', 'park']);
  assert.deepEqual(ids(await server.get(`${S}/nearby?lat=37.8&lon=-122.4&k=3&category=park`)), ['park']);
});

test('over the antimeridian and round the pole', async () => {
  assert.deepEqual(ids(await server.get(`${S}/nearby?lat=-16.6&lon=-179.99&radius=60000`)), ['fiji', 'taveuni']);
  assert.deepEqual(ids(await server.get(`${S}/bbox?min_lat=-20&min_lon=178&max_lat=-15&max_lon=-178`)).sort(), ['fiji', 'taveuni']);
  assert.deepEqual(ids(await server.get(`${S}/nearby?lat=89.95&lon=-60&radius=20000`)), ['pole', 'base']);
  assert.deepEqual(ids(await server.get(`${S}/bbox?min_lat=85&min_lon=-5&max_lat=90&max_lon=5`)), ['pole']);
});

test('polygons: relations, holes, boundaries', async () => {
  const point = (lon, lat) => ({ type: 'Point', coordinates: [lon, lat] });
  const ask = (polygon, relation) => server.post(`${S}/polygon`, { polygon, relation }).then(ids);
  assert.deepEqual(await ask(point(12, 12), 'contains'), ['ring']);
  assert.deepEqual(await ask(point(15, 15), 'contains'), []); // in the hole
  assert.deepEqual(await ask(point(14, 15), 'contains'), ['ring']); // on its edge
  assert.deepEqual(await ask(point(10, 10), 'intersects'), ['ring']);
  const box = { type: 'Polygon', coordinates: [[[9, 9], [21, 9], [21, 21], [9, 21], [9, 9]]] };
  assert.deepEqual(await ask(box, 'within'), ['ring']);
  assert.equal((await ask(box, 'disjoint')).length, 7);
});

test('complex: CQL2-JSON, sort, fields', async () => {
  const reply = await server.post(`${S}/complex`, {
    filter: { op: 'and', args: [
      { op: 'in', args: [{ property: 'category' }, ['sight', 'park', 'transit']] },
      { op: '>=', args: [{ property: 'stars' }, 5] },
      { op: 's_dwithin', args: [{ property: 'geometry' }, { type: 'Point', coordinates: [-122.4, 37.8] }, 20000] },
    ] },
    sort: '-id', fields: ['stars'],
  });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(ids(reply), ['tower', 'park']);
  assert.deepEqual(reply.json.features[0].properties, { stars: 5 });
  const wrong = await server.post(`${S}/complex`, { filter: { op: 'and', args: [{ op: '=', args: [{ property: 'a' }, 1] }, { op: 'drop', args: [] }] } });
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.pointer, /^\/filter\/args\/1/);
});

test('limits name their setting', async () => {
  const wide = await server.get(`${S}/bbox?min_lat=0&min_lon=0&max_lat=11&max_lon=5`);
  assert.equal(wide.status, 422);
  assert.match(wide.json.detail, /limits\.bbox_degrees/);
  const many = await server.get(`${S}/nearby?lat=1&lon=1&radius=1&limit=10001`);
  assert.equal(many.status, 422);
  assert.match(many.json.detail, /limits\.results/);
});

test('explain says how', async () => {
  const { explain } = (await server.get(`${S}/bbox?min_lat=37&min_lon=-123&max_lat=38&max_lon=-122&explain=true`)).json;
  assert.equal(explain.device, 'cpu');
  assert.ok(explain.candidates >= 3 && explain.microseconds >= 0);
});

test('pages see everything that stays exactly once, while others write', async () => {
  const features = Array.from({ length: 3000 }, (_, i) => ({ id: `n${i}`, coordinates: [10 + (i % 60) / 100, 20 + Math.floor(i / 60) / 100] }));
  await load('paged', features);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; writing; i++) {
      const id = `n${(i * 7919) % 3000}`; // they move, and stay in the box
      await server.patch(`/api/v1/objects/${id}?collection=paged`, { coordinates: [10 + ((i * 31) % 60) / 100, 20 + ((i * 17) % 50) / 100] });
      await server.put(`/api/v1/objects/extra${i % 50}?collection=paged`, { coordinates: [10.1, 20.1] });
      await server.delete(`/api/v1/objects/extra${(i + 25) % 50}?collection=paged`);
    }
  })();
  const seen = new Map();
  let next = '';
  do {
    const url = `${S}/bbox?collection=paged&min_lat=9&min_lon=19&max_lat=12&max_lon=22&limit=100${next && `&cursor=${next}`}`;
    const reply = await server.get(url);
    assert.equal(reply.status, 200);
    for (const id of ids(reply)) seen.set(id, (seen.get(id) ?? 0) + 1);
    next = reply.json.next ?? '';
  } while (next);
  writing = false;
  await writer;
  for (let i = 0; i < 3000; i++) assert.equal(seen.get(`n${i}`), 1, `n${i}`);
});
