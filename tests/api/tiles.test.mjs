// tiles.test.mjs - vector tiles of the real binary, read by the decoder that maps use, against the objects themselves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { startServer } from './support/server.mjs';

let server;
const objects = {
  point: { geometry: { type: 'Point', coordinates: [13.4, 52.5] }, properties: { kind: 'bus', speed: 12.5, seats: -40, on: true } },
  12: { geometry: { type: 'MultiPoint', coordinates: [[10, 10], [11, 11]] }, properties: {} },
  line: { geometry: { type: 'LineString', coordinates: [[-20, 10], [0, 20], [30, 5]] }, properties: { list: [1, 2] } },
  area: {
    geometry: { type: 'Polygon', coordinates: [[[20, 20], [60, 20], [60, 60], [20, 60], [20, 20]], [[30, 30], [30, 40], [40, 40], [40, 30], [30, 30]]] },
    properties: { none: null },
  },
};
before(async () => {
  server = await startServer();
  for (const [id, object] of Object.entries(objects)) {
    const reply = await server.request('PUT', `/api/v1/objects/${id}?collection=shapes`, { json: object });
    assert.equal(reply.status, 201, reply.text);
  }
});
after(() => server?.stop());

async function tile(path, headers = {}) {
  const reply = await fetch(new URL(`/api/v1/tiles/${path}`, server.url), { headers });
  const bytes = Buffer.from(await reply.arrayBuffer());
  return { reply, bytes, tile: reply.status === 200 ? new VectorTile(new PbfReader(bytes)) : null };
}

function near(got, wanted, by) {
  if (typeof wanted === 'number') assert.ok(Math.abs(got - wanted) <= by, `${got}, not ${wanted}`);
  else wanted.forEach((w, i) => near(got[i], w, by));
}

test('a map reads what was stored', async () => {
  const { reply, tile: read } = await tile('shapes/0/0/0.mvt');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'application/vnd.mapbox-vector-tile');
  const layer = read.layers.shapes;
  assert.equal(layer.version, 2);
  assert.equal(layer.extent, 4096);
  assert.equal(layer.length, 4);
  const features = {};
  for (let i = 0; i < layer.length; i++) {
    const f = layer.feature(i);
    features[f.properties.id] = { id: f.id, ...f.toGeoJSON(0, 0, 0) };
  }
  const pixel = 0.2; // of the world in 4096 of them, in degrees
  near(features.point.geometry.coordinates, [13.4, 52.5], pixel);
  assert.deepEqual({ ...features.point.properties }, { id: 'point', kind: 'bus', speed: 12.5, seats: -40, on: true });
  assert.equal(features[12].id, 12);
  near(features[12].geometry.coordinates, [[10, 10], [11, 11]], pixel);
  assert.equal(features.line.properties.list, '[1,2]');
  near(features.line.geometry.coordinates, objects.line.geometry.coordinates, pixel);
  assert.equal(features.area.geometry.type, 'Polygon');
  assert.equal(features.area.geometry.coordinates.length, 2);
  assert.deepEqual(Object.keys(features.area.properties), ['id']);
});

test('deeper tiles are exact to their pixels, and cut at their margins', async () => {
  const z = 14;
  const x = Math.floor(((13.4 + 180) / 360) * 2 ** z);
  const y = Math.floor((0.5 - Math.atanh(Math.sin((52.5 * Math.PI) / 180)) / (2 * Math.PI)) * 2 ** z);
  const { tile: read } = await tile(`shapes/${z}/${x}/${y}.mvt`);
  near(read.layers.shapes.feature(0).toGeoJSON(x, y, z).geometry.coordinates, [13.4, 52.5], 1e-5);
  const { tile: part } = await tile('shapes/4/9/6.mvt');
  const layer = part.layers.shapes;
  for (let i = 0; i < layer.length; i++) {
    for (const ring of layer.feature(i).loadGeometry()) {
      for (const p of ring) assert.ok(p.x >= -64 && p.x <= 4160 && p.y >= -64 && p.y <= 4160);
    }
  }
});

test('empty tiles, tags and coding', async () => {
  assert.equal((await tile('shapes/6/0/0.mvt')).reply.status, 204);
  assert.equal((await tile('shapes/0/1/0.mvt')).reply.status, 404);
  const { reply } = await tile('shapes/0/0/0.mvt');
  const etag = reply.headers.get('etag');
  assert.match(etag, /^W\/"[0-9a-f]{16}"$/);
  assert.equal((await tile('shapes/0/0/0.mvt', { 'if-none-match': etag })).reply.status, 304);
  const many = Array.from({ length: 500 }, (_, i) => JSON.stringify({ id: `m${i}`, coordinates: [i / 10, i / 5], properties: { n: i } }));
  await server.request('POST', '/api/v1/objects/batch?collection=many', { body: many.join('\n'), headers: { 'content-type': 'application/x-ndjson' } });
  const packed = await tile('many/0/0/0.mvt', { 'accept-encoding': 'gzip' });
  assert.equal(packed.reply.headers.get('content-encoding'), 'gzip');
  assert.ok(packed.tile.layers.many.length > 400);
});

test('TileJSON leads to the tiles', async () => {
  const { json } = await server.get('/api/v1/tiles/shapes.json');
  assert.equal(json.tilejson, '3.0.0');
  assert.deepEqual(json.vector_layers, [{ id: 'shapes', fields: { id: 'String', kind: 'String', speed: 'Number', seats: 'Number', on: 'Boolean', list: 'String' } }]);
  const url = json.tiles[0].replace('{z}', 0).replace('{x}', 0).replace('{y}', 0);
  assert.equal((await fetch(url)).status, 200);
});

test('the same tile by the path of Tile38, on the RESP port', async () => {
  const url = (path) => `http://127.0.0.1:${server.respPort}${path}`;
  const reply = await fetch(url('/shapes/0/0/0.mvt'));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'application/vnd.mapbox-vector-tile');
  const read = new VectorTile(new PbfReader(Buffer.from(await reply.arrayBuffer())));
  const { tile: ours } = await tile('shapes/0/0/0.mvt');
  assert.equal(read.layers.tile38.length, ours.layers.shapes.length);

  const empty = await fetch(url('/nothing/0/0/0.mvt'));
  assert.equal(empty.status, 200);
  assert.equal((await empty.arrayBuffer()).byteLength, 0);
  assert.equal((await fetch(url('/shapes/0/0/1.mvt'))).status, 422);

  const locked = await startServer({ env: { WARP_RESP_PASSWORD: 'open sesame' } });
  try {
    const path = `http://127.0.0.1:${locked.respPort}/shapes/0/0/0.mvt`;
    assert.equal((await fetch(path)).status, 401);
    assert.equal((await fetch(path, { headers: { Authorization: 'open sesame' } })).status, 200);
  } finally {
    await locked.stop();
  }
});
