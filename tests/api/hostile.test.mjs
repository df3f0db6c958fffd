// hostile.test.mjs - what an attacker or an unlucky client sends, through the real binary: nothing is lost, nothing hangs, all is told.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exchange } from './support/raw.mjs';
import { startServer, tempDir } from './support/server.mjs';

const OBJECTS = '/api/v1/objects';
const SEARCH = '/api/v1/search';
const NDJSON = { 'content-type': 'application/x-ndjson' };

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

const ids = (reply) => reply.json.features.map((f) => f.id);
const batch = (collection, body, headers = NDJSON, on = server) =>
  on.request('POST', `${OBJECTS}/batch?collection=${collection}`, { body, headers });
const line = (id, lat = 1) => JSON.stringify({ id, coordinates: [lat, 2] });

test('bodies that are not one JSON object of ours are refused, with the place, and store nothing', async () => {
  const cases = [
    ['{"id":"no","coordinates":[NaN,2]}', 400],
    ['{"id":"no","coordinates":[1e999,2]}', 400],
    ['{"id":"no","coordinates":["1",2]}', 400, '/coordinates'],
    ['{"id":"no","coordinates":[91,2]}', 422, '/coordinates'],
    ['{"id":"no","id":"no","coordinates":[1,2]}', 400, '/id'],
    ['{"id":"no","coordinates":[1,2],"a/b~c":1}', 400, '/a~1b~0c'],
    ['{"id":"no","coordinates":[1,2],"properties":{"a":1,"a":2}}', 400, '/properties/a'],
    ['{"id":"no","coordinates":[1,2]} x', 400],
    ['{"id":"no","coordinates":[1,2]}\0', 400],
    [Buffer.from('{"id":"no","coordinates":[1,2],"properties":{"a":"\xff"}}', 'latin1'), 400],
    ['{"id":"no\\u0000","coordinates":[1,2]}', 422, '/id'],
    [`{"id":"${'x'.repeat(257)}","coordinates":[1,2]}`, 422, '/id'],
    ['{"id":"no","coordinates":[1,2],"geometry":{"type":"Point","coordinates":[1,2]}}', 422, '/coordinates'],
    ['{"id":"no","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}}', 422, '/geometry/coordinates/0'],
    ['{"id":"no","coordinates":[1,2],"expires_in":-1}', 422, '/expires_in'],
    ['{"id":"no","coordinates":[1,2],"time":"2026-02-30T00:00:00Z"}', 422, '/time'],
    [`{"id":"no","coordinates":[1,2],"properties":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 400],
  ];
  for (const [body, status, pointer] of cases) {
    const reply = await server.request('POST', `${OBJECTS}?collection=refused`, { body, headers: { 'content-type': 'application/json' } });
    assert.equal(reply.status, status, `${body}`.slice(0, 80));
    if (pointer) assert.equal(reply.json.pointer, pointer);
  }
  assert.equal((await server.get('/api/v1/collections/refused')).status, 404);
});

test('a batch of every kind of bad line stores the good ones and names each bad one', async () => {
  const lines = [line('g1'), '{', line('b2', 91), 'null', '[]', '', '"x"', '{"id":"b8"}', '\x1e' + line('b9'), '{"id":"b10","coordinates":[1,2],"foo":1}', `${line('g11')}\r`, line('g1', 3)];
  const { status, json } = await batch('mixed', '\ufeff' + lines.join('\n'));
  assert.equal(status, 200);
  assert.deepEqual([json.received, json.stored, json.created, json.updated, json.failed], [11, 3, 2, 1, 8]);
  assert.deepEqual(json.errors.map((e) => e.line), [2, 3, 4, 5, 7, 8, 9, 10]);
  assert.deepEqual(ids(await server.get(`${OBJECTS}?collection=mixed&sort=id`)), ['g1', 'g11']);
  assert.deepEqual((await server.get(`${OBJECTS}/g1?collection=mixed`)).json.coordinates, [3, 2]);
});

test('gzip: a bomb, a body cut short and a wrong checksum store nothing', async () => {
  const good = gzipSync(line('gz'));
  const wrong = Buffer.from(good);
  wrong[wrong.length - 8] ^= 1;
  const bodies = [[gzipSync(Buffer.alloc(80 << 20, 0x20), { level: 9 }), 413], [good.subarray(0, -6), 400], [wrong, 400], [Buffer.concat([good, Buffer.from('tail')]), 400]];
  for (const [body, status] of bodies) assert.equal((await batch('gz', body, { ...NDJSON, 'content-encoding': 'gzip' })).status, status);
  assert.equal((await server.get('/api/v1/collections/gz')).status, 404);
  const members = Buffer.concat([gzipSync(line('a') + '\n'), gzipSync(line('b'))]); // as gzip tools concatenate
  assert.equal((await batch('gz', members, { ...NDJSON, 'content-encoding': 'gzip' })).json.stored, 2);
});

test('without authentication, pages of other origins change nothing and other hosts are not served', async () => {
  const body = '{"id":"csrf","coordinates":[1,2]}';
  const ask = async (method, target, headers, content = '', on = server) => {
    const lines = { Host: `127.0.0.1:${on.port}`, Connection: 'close', 'Content-Length': content.length, ...headers };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return (await exchange(on, `${method} ${target} HTTP/1.1\r\n${head}\r\n${content}`)).replies[0];
  };
  const evil = { Origin: 'https://evil.example' }; // with no Content-Type: what fetch sends in mode no-cors, unasked
  const backup = JSON.stringify({ dir: '/nonexistent/backup' });
  const asked = [['POST', OBJECTS, body], ['POST', `${OBJECTS}/batch`, body], ['PUT', `${OBJECTS}/csrf`, body], ['DELETE', `${OBJECTS}/csrf`, ''], ['POST', '/api/v1/admin/backup', backup]];
  for (const [method, target, content] of asked) {
    for (const headers of [evil, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }, { Host: 'evil.example', Origin: 'http://evil.example' }]) {
      const reply = await ask(method, target, headers, content);
      assert.equal(reply.status, 403, `${method} ${target} ${JSON.stringify(headers)}`);
      assert.equal(reply.headers['content-type'], 'application/problem+json');
      assert.match(JSON.parse(reply.body).detail, /cors\.origins/);
    }
  }
  for (const target of [OBJECTS, '/api/v1/admin/health', '/metrics', '/livez', '/']) {
    assert.equal((await ask('GET', target, { Host: `evil.example:${server.port}` })).status, 403, target);
    assert.equal((await ask('GET', target, evil)).status, 200, target); // without CORS the page cannot read it
  }
  assert.equal((await server.get(`${OBJECTS}/csrf`)).status, 404);
  assert.equal((await ask('POST', OBJECTS, { Host: 'localhost:1', Origin: 'http://localhost:1' }, body)).status, 201);

  const open = await startServer({ env: { WARP_CORS_ORIGINS: '*,https://map.example' } }); // * reads
  const told = await ask('POST', OBJECTS, evil, body, open);
  assert.equal(told.status, 403);
  assert.equal(told.headers['access-control-allow-origin'], '*', 'the page may read why');
  const search = JSON.stringify({ polygon: { type: 'Point', coordinates: [1, 2] } });
  assert.equal((await ask('POST', `${SEARCH}/polygon`, evil, search, open)).status, 200);
  const allowed = await ask('POST', OBJECTS, { Origin: 'https://map.example', 'Sec-Fetch-Site': 'cross-site' }, body, open);
  assert.equal(allowed.status, 201);
  assert.equal(allowed.headers['access-control-allow-origin'], '*');
  await open.stop();
});

test('a request target above 8 KiB is 414', async () => {
  const { replies } = await exchange(server, `GET /${'x'.repeat(8192)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  assert.equal(replies[0].status, 414);
});

test('polygon searches and CQL2 agree for each of the seven types in each relation', async () => {
  const point = { type: 'Point', coordinates: [180, 5] };
  const square = { type: 'Polygon', coordinates: [[[175, 0], [-175, 0], [-175, 10], [175, 10], [175, 0]]] };
  const line2 = { type: 'LineString', coordinates: [[175, 0], [-175, 10]] };
  const shapes = [
    point, square, line2,
    { type: 'MultiPoint', coordinates: [[-180, 5], [50, 50]] },
    { type: 'MultiLineString', coordinates: [line2.coordinates, [[20, 20], [30, 20]]] },
    { type: 'MultiPolygon', coordinates: [[[[175, 0], [180, 0], [180, 10], [175, 10], [175, 0]]], [[[-180, 0], [-175, 0], [-175, 10], [-180, 10], [-180, 0]]]] },
    { type: 'GeometryCollection', geometries: [point, square] },
  ];
  await batch('seven', shapes.map((geometry, i) => JSON.stringify({ id: `${i}`, geometry })).join('\n'));
  const relate = async (polygon, relation) => {
    const plain = ids(await server.post(`${SEARCH}/polygon?collection=seven`, { polygon, relation })).sort();
    const filter = { op: `s_${relation}`, args: [{ property: 'geometry' }, polygon] };
    assert.deepEqual(ids(await server.post(`${SEARCH}/complex?collection=seven`, { filter })).sort(), plain, relation);
    return plain.join('');
  };
  for (const [i, shape] of shapes.entries()) {
    const found = {};
    for (const relation of ['intersects', 'within', 'contains', 'disjoint']) found[relation] = await relate(shape, relation);
    assert.equal(found.disjoint, '');
    assert.equal(found.intersects, '0123456');
    assert.ok(found.within.includes(i) && found.contains.includes(i), `${shape.type} is within itself`);
  }
  assert.equal(await relate(square, 'within'), '01256'); // the cut and the uncut square, and what lies in them
  assert.equal(await relate(point, 'contains'), '0123456');
});

test('an expired object is gone from every route, and stays so over a restart', async () => {
  const { dir, remove } = await tempDir();
  let one = await startServer({ data: dir });
  await one.put(`${OBJECTS}/short?collection=e`, { coordinates: [1, 2], expires_in: 0.3 });
  await one.put(`${OBJECTS}/longer?collection=e`, { coordinates: [1, 2], expires_in: 1 });
  await one.put(`${OBJECTS}/stays?collection=e`, { coordinates: [1, 2] });
  const etag = (await one.get(`${OBJECTS}/short?collection=e`)).headers.get('etag');
  await new Promise((resolve) => setTimeout(resolve, 350));
  for (const method of ['GET', 'HEAD', 'DELETE']) assert.equal((await one.request(method, `${OBJECTS}/short?collection=e`)).status, 404);
  assert.equal((await one.patch(`${OBJECTS}/short?collection=e`, {})).status, 404);
  assert.equal((await one.put(`${OBJECTS}/short?collection=e`, { coordinates: [1, 2] }, { headers: { 'if-match': etag } })).status, 412);
  await one.stop();
  await new Promise((resolve) => setTimeout(resolve, 700));
  one = await startServer({ data: dir });
  const polygon = { type: 'Point', coordinates: [2, 1] };
  const replies = [
    await one.get(`${OBJECTS}?collection=e`),
    await one.get(`${SEARCH}/nearby?collection=e&lat=1&lon=2&k=10`),
    await one.get(`${SEARCH}/bbox?collection=e&min_lat=0&min_lon=1&max_lat=2&max_lon=3`),
    await one.post(`${SEARCH}/polygon?collection=e`, { polygon }),
    await one.post(`${SEARCH}/complex?collection=e`, { sort: 'id' }),
  ];
  for (const reply of replies) assert.deepEqual(ids(reply), ['stays']);
  assert.equal((await one.get('/api/v1/collections/e')).json.count, 1);
  await one.stop();
  await remove();
});

test('dropping a collection under writers: clean answers, and empty at the end', async () => {
  let writing = true;
  const seen = new Set();
  const writers = Array.from({ length: 4 }, async (_, j) => {
    for (let i = 0; writing; i++) {
      seen.add((await server.put(`${OBJECTS}/o${(i * 7 + j) % 20}?collection=drop`, { coordinates: [i % 90, j] })).status);
      seen.add((await server.get(`${OBJECTS}?collection=drop&limit=3`)).status);
    }
  });
  for (let i = 0; i < 30; i++) seen.add((await server.delete('/api/v1/collections/drop')).status);
  writing = false;
  await Promise.all(writers);
  assert.deepEqual([...seen].filter((s) => ![200, 201, 204, 404].includes(s)), []);
  await server.delete('/api/v1/collections/drop');
  assert.equal((await server.get('/api/v1/collections/drop')).status, 404);
});

test('SIGTERM under load: what was answered is there, what was not answered is not', async () => {
  const { dir, remove } = await tempDir();
  let one = await startServer({ data: dir });
  const answered = new Set();
  const writers = Array.from({ length: 16 }, async (_, j) => {
    for (let i = 0; ; i++) {
      const reply = await one.put(`${OBJECTS}/t${j}-${i}`, { coordinates: [1, 2] }).catch(() => null);
      if (!reply) return; // closed
      if (reply.status === 201) answered.add(`t${j}-${i}`);
    }
  });
  const head = 'POST /api/v1/objects/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 63\r\n\r\n';
  const slow = exchange(one, [head, `${line('h1')}\n`, line('h2')], { pauseMs: 400 });
  await new Promise((resolve) => setTimeout(resolve, 600));
  await one.stop();
  await Promise.all(writers);
  assert.equal(JSON.parse((await slow).replies[0].body).stored, 2, 'a request that was being sent is finished');
  one = await startServer({ data: dir });
  const there = new Set();
  for (let next = ''; next !== undefined; ) {
    const page = await one.get(`${OBJECTS}?limit=1000${next && `&cursor=${next}`}`);
    for (const id of ids(page)) there.add(id);
    next = page.json.next;
  }
  assert.ok(answered.size > 0);
  assert.deepEqual([...there].sort(), [...answered, 'h1', 'h2'].sort());
  await one.stop();
  await remove();
});

test('the memory limit refuses writes with 503, keeps what was stored, and restarts within it', async () => {
  const { dir, remove } = await tempDir();
  const args = ['--limits-memory-bytes', '16MiB'];
  let one = await startServer({ data: dir, args });
  let refused = null;
  for (let i = 0; i < 200 && !refused; i++) {
    const lines = Array.from({ length: 500 }, (_, j) => JSON.stringify({ id: `m${i}-${j}`, coordinates: [j % 90, i % 180], properties: { a: 'y'.repeat(200) } }));
    const reply = await batch('default', lines.join('\n'), NDJSON, one);
    if (reply.status !== 200) refused = reply;
  }
  assert.equal(refused?.status, 503);
  assert.ok(refused.headers.get('retry-after'));
  assert.equal((await one.get(`${OBJECTS}/m0-0`)).status, 200);
  const { objects } = (await one.get('/api/v1/admin/health')).json;
  await one.kill();
  one = await startServer({ data: dir, args });
  assert.equal((await one.get('/api/v1/admin/health')).json.objects, objects);
  assert.equal((await one.delete(`${OBJECTS}/m0-0`)).status, 204);
  await one.stop();
  await remove();
});
