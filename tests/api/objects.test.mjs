// objects.test.mjs - objects, batches and collections through the real binary.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, tempDir } from './support/server.mjs';

const OBJECTS = '/api/v1/objects';
const truck = { id: 'truck-7', coordinates: [37.7749, -122.4194], properties: { category: 'vehicle', speed: 12.5 } };

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

test('an object goes in and comes out as RFC 7946 asks', async () => {
  const made = await server.post(OBJECTS, truck);
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), '/api/v1/objects/truck-7');
  assert.equal(made.headers.get('content-type'), 'application/geo+json');
  const got = await server.get(made.headers.get('location'));
  assert.equal(got.status, 200);
  assert.equal(got.headers.get('etag'), made.headers.get('etag'));
  assert.deepEqual(got.json.geometry, { type: 'Point', coordinates: [-122.4194, 37.7749] });
  assert.deepEqual(got.json.coordinates, truck.coordinates);
  assert.deepEqual(got.json.properties, truck.properties);
  assert.equal(got.json.version, 1);
  assert.equal((await server.post(OBJECTS, truck)).status, 409);
});

test('optimistic locking: of two writers with one ETag the second loses', async () => {
  await server.put(`${OBJECTS}/lock`, truck.id ? { coordinates: [1, 2] } : null);
  const etag = (await server.get(`${OBJECTS}/lock`)).headers.get('etag');
  const headers = { 'if-match': etag };
  const replies = await Promise.all([3, 4].map((n) => server.patch(`${OBJECTS}/lock`, { coordinates: [n, n] }, { headers })));
  assert.deepEqual(replies.map((r) => r.status).sort(), [200, 412]);
  const fresh = await server.get(`${OBJECTS}/lock`, { headers: { 'if-none-match': etag } });
  assert.equal(fresh.status, 200);
  const same = await server.get(`${OBJECTS}/lock`, { headers: { 'if-none-match': fresh.headers.get('etag') } });
  assert.equal(same.status, 304);
  assert.equal(same.text, '');
  assert.equal((await server.delete(`${OBJECTS}/lock`, { headers })).status, 412);
  assert.equal((await server.delete(`${OBJECTS}/lock`)).status, 204);
});

test('create only: If-None-Match: * lets one of many win', async () => {
  const headers = { 'if-none-match': '*' };
  const replies = await Promise.all(Array.from({ length: 20 }, () => server.put(`${OBJECTS}/once`, { coordinates: [1, 2] }, { headers })));
  assert.equal(replies.filter((r) => r.status === 201).length, 1);
  assert.equal(replies.filter((r) => r.status === 412).length, 19);
});

test('ids with every kind of character', async () => {
  for (const id of ['a/b', 'ä ö', '?x=1#y', '100%', '🚚', '..', '"quoted"', '日本']) {
    const url = `${OBJECTS}/${encodeURIComponent(id).replaceAll('.', '%2E')}?collection=odd`;
    if (id === '..') continue; // URLs of browsers cannot carry it
    assert.equal((await server.put(url, { coordinates: [1, 2] })).status, 201, id);
    assert.equal((await server.get(url)).json.id, id);
  }
});

test('expiry removes an object', async () => {
  await server.put(`${OBJECTS}/soon`, { coordinates: [1, 2], expires_in: 0.3 });
  assert.equal((await server.get(`${OBJECTS}/soon`)).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal((await server.get(`${OBJECTS}/soon`)).status, 404);
});

test('a batch stores the good lines and tells of the others', async () => {
  const lines = ['{"id":"x1","coordinates":[1,2]}', '{"id":"x2","coordinates":[100,2]}', 'oops', '{"id":"x3","coordinates":[3,4]}'];
  const reply = await server.post(`${OBJECTS}/batch?collection=b`, undefined, {
    body: lines.join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  });
  assert.equal(reply.status, 200);
  const { received, stored, failed, errors } = reply.json;
  assert.deepEqual({ received, stored, failed }, { received: 4, stored: 2, failed: 2 });
  assert.deepEqual(errors.map((e) => e.line), [2, 3]);
  assert.equal(errors[0].id, 'x2');
  assert.equal(errors[0].pointer, '/coordinates');
  assert.equal((await server.get(`${OBJECTS}?collection=b`)).json.numberReturned, 2);
});

test('what a search gives can be posted back as a batch', async () => {
  const all = await server.get(`${OBJECTS}?collection=b`);
  const reply = await server.post(`${OBJECTS}/batch?collection=copy`, all.json, { headers: { 'content-type': 'application/geo+json' } });
  assert.equal(reply.json.stored, all.json.numberReturned);
  const one = await server.get('/api/v1/collections/copy');
  assert.equal(one.json.count, 2);
  assert.deepEqual(one.json.extent.spatial.bbox.length, 1);
  assert.equal((await server.delete('/api/v1/collections/copy')).status, 204);
  assert.equal((await server.get('/api/v1/collections/copy')).status, 404);
});

test('problems are problem+json, whatever is sent', async () => {
  const cases = [
    ['GET', '/nothing', undefined, 404],
    ['DELETE', '/api/v1/collections', undefined, 405],
    ['POST', OBJECTS, '{', 400],
    ['POST', OBJECTS, '{"coordinates":[91,0]}', 422],
    ['POST', OBJECTS, '{"coordinates":[1e999,0]}', 400],
    ['GET', `${OBJECTS}?collection=unknown`, undefined, 404],
    ['GET', '/api/v1/analytics/heatmap', undefined, 501],
  ];
  for (const [method, url, body, status] of cases) {
    const reply = await server.request(method, url, { body, headers: body ? { 'content-type': 'application/json' } : {} });
    assert.equal(reply.status, status, `${method} ${url}`);
    assert.equal(reply.headers.get('content-type'), 'application/problem+json');
    assert.equal(reply.json.status, status);
    assert.ok(reply.json.title && reply.json.detail && reply.json.error);
  }
  const form = await server.request('POST', OBJECTS, { body: new URLSearchParams({ a: 'b' }) });
  assert.equal(form.status, 415);
  const big = await server.request('POST', OBJECTS, { body: 'x'.repeat(2 << 20), headers: { 'content-type': 'application/json' } });
  assert.equal(big.status, 413);
});

test('a restart keeps objects, versions, ETags, expiry and order of pages', async () => {
  const { dir, remove } = await tempDir();
  let one = await startServer({ data: dir });
  await one.put(`${OBJECTS}/a`, { coordinates: [1, 2, 30], properties: { n: 1 } });
  await one.patch(`${OBJECTS}/a`, { properties: { n: 2 } });
  await one.put(`${OBJECTS}/gone`, { coordinates: [1, 2] });
  await one.delete(`${OBJECTS}/gone`);
  await one.put(`${OBJECTS}/later`, { coordinates: [1, 2], expires_in: 3600, time: '2026-01-02T03:04:05Z' });
  const lines = Array.from({ length: 3000 }, (_, i) => JSON.stringify({ id: `l${i}`, coordinates: [i % 80, i % 170] }));
  await one.post(`${OBJECTS}/batch?collection=many`, undefined, { body: lines.join('\n'), headers: { 'content-type': 'application/x-ndjson' } });
  const before = await Promise.all(['/a', '/later', '?collection=many&limit=2000'].map((u) => one.get(OBJECTS + u)));
  await one.stop();
  one = await startServer({ data: dir });
  const now = await Promise.all(['/a', '/later', '?collection=many&limit=2000'].map((u) => one.get(OBJECTS + u)));
  const plain = ({ metadata, ...rest }) => rest;
  assert.deepEqual(plain(now[0].json), plain(before[0].json));
  assert.equal(now[0].json.version, 2);
  assert.equal(now[0].headers.get('etag'), before[0].headers.get('etag'));
  assert.deepEqual(plain(now[1].json), plain(before[1].json));
  assert.deepEqual(now[2].json.features.map((f) => f.id), before[2].json.features.map((f) => f.id));
  const rest = await one.get(`${OBJECTS}?collection=many&limit=2000&cursor=${before[2].json.next}`);
  assert.equal(rest.json.numberReturned, 1000); // a cursor of before the restart
  assert.equal((await one.get(`${OBJECTS}/gone`)).status, 404);
  await one.stop();
  await remove();
});
