// openapi.test.mjs - the OpenAPI document is lint-free and true: every documented operation is called with
// good and bad requests, and each answer must be of a documented status and fit its schema.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startServer, tempDir } from './support/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2020').default;
const addFormats = require('ajv-formats').default ?? require('ajv-formats');

let server, doc, ajv, scratch;
before(async () => {
  server = await startServer();
  scratch = await tempDir();
  doc = (await server.get('/api/v1/openapi.json')).json;
  ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: 'doc', ...doc });
});
after(async () => {
  await server?.stop();
  await scratch?.remove();
});

const pointer = (...parts) => `doc#/${parts.map((p) => encodeURIComponent(String(p).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/// The answer must be documented for this operation, headers and body.
function check(template, method, reply) {
  const operation = doc.paths[template][method];
  const documented = operation.responses[reply.status];
  assert.ok(documented, `${method} ${template} answered ${reply.status}, which is not documented: ${reply.text}`);
  for (const name of Object.keys(documented.headers ?? {})) {
    if (name !== 'Link') assert.ok(reply.headers.get(name), `${method} ${template} ${reply.status} has no ${name}`);
  }
  const where = documented.$ref ? ['components', 'responses', 'Problem'] : ['paths', template, method, 'responses', reply.status];
  const { content } = documented.$ref ? doc.components.responses.Problem : documented;
  if (!content) return assert.equal(reply.text, '');
  const type = reply.headers.get('content-type').split(';')[0];
  assert.ok(content[type], `${method} ${template} answered ${type}`);
  if (!reply.json) return;
  const validate = ajv.getSchema(pointer(...where, 'content', type, 'schema'));
  assert.ok(validate(reply.json), `${method} ${template} ${reply.status}: ${ajv.errorsText(validate.errors)}\n${reply.text}`);
}

const polygon = { type: 'Polygon', coordinates: [[[0, 0], [5, 0], [5, 5], [0, 5], [0, 0]]] };
const O = '/api/v1/objects';
const F = '/api/v1/geofences';
const W = '/api/v1/admin/webhooks';
// [template, method, url, body, expected status, headers]
const calls = () => [
  ['/', 'get', '/', , 200],
  ['/api/v1', 'get', '/api/v1', , 200],
  ['/api/v1/openapi.json', 'get', '/api/v1/openapi.json', , 200],
  [O, 'get', O, , 200],
  [O, 'post', O, { id: 'a', coordinates: [1, 2], properties: { n: 1, s: 'x', l: [1], o: { p: null } }, time: '2026-01-02T03:04:05Z', expires_in: 600 }, 201],
  [O, 'post', O, { id: 'a', coordinates: [1, 2] }, 409],
  [O, 'post', O, { id: 'b', geometry: { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2, 3] }, polygon] } }, 201],
  [O, 'post', O, { coordinates: [91, 2] }, 422],
  [O, 'post', O, { nothing: 1 }, 400],
  [O, 'post', O, 'x', 415, { 'content-type': 'text/plain' }],
  [O, 'get', `${O}?limit=1&n=1`, , 200],
  [O, 'get', `${O}?limit=0`, , 422],
  [O, 'get', `${O}?limit=x`, , 400],
  [O, 'get', `${O}?collection=none`, , 404],
  [O, 'get', O, , 406, { accept: 'image/png' }],
  [`${O}/batch`, 'post', `${O}/batch`, [{ id: 'c', coordinates: [3, 4] }, { id: 'd', coordinates: [300, 4] }], 200],
  [`${O}/batch`, 'post', `${O}/batch`, '{"id":"e","coordinates":[3,4]}\nbad', 200, { 'content-type': 'application/x-ndjson' }],
  [`${O}/batch`, 'post', `${O}/batch`, [], 200],
  [`${O}/batch`, 'post', `${O}/batch`, { type: 'Point', coordinates: [1, 2] }, 400],
  [`${O}/{id}`, 'get', `${O}/a`, , 200],
  [`${O}/{id}`, 'get', `${O}/a`, , 304, { 'if-none-match': '*' }],
  [`${O}/{id}`, 'get', `${O}/a`, , 412, { 'if-match': '"x"' }],
  [`${O}/{id}`, 'get', `${O}/none`, , 404],
  [`${O}/{id}`, 'put', `${O}/a`, { coordinates: [1, 2] }, 200],
  [`${O}/{id}`, 'put', `${O}/new`, { coordinates: [1, 2] }, 201],
  [`${O}/{id}`, 'put', `${O}/new`, { coordinates: [1, 2] }, 412, { 'if-none-match': '*' }],
  [`${O}/{id}`, 'put', `${O}/new`, { coordinates: [1] }, 400],
  [`${O}/{id}`, 'patch', `${O}/a`, { properties: { n: null } }, 200],
  [`${O}/{id}`, 'patch', `${O}/none`, { properties: {} }, 404],
  [`${O}/{id}`, 'patch', `${O}/a`, { geometry: null }, 422],
  [`${O}/{id}`, 'delete', `${O}/new`, , 204],
  [`${O}/{id}`, 'delete', `${O}/new`, , 404],
  ['/api/v1/collections', 'get', '/api/v1/collections', , 200],
  ['/api/v1/collections', 'get', '/api/v1/collections?x=1', , 400],
  ['/api/v1/collections/{name}', 'get', '/api/v1/collections/default', , 200],
  ['/api/v1/collections/{name}', 'get', '/api/v1/collections/none', , 404],
  ['/api/v1/collections/{name}', 'delete', '/api/v1/collections/none', , 404],
  ['/api/v1/tiles/{collection}/{z}/{x}/{y}.mvt', 'get', '/api/v1/tiles/default/0/0/0.mvt', , 200],
  ['/api/v1/tiles/{collection}/{z}/{x}/{y}.mvt', 'get', '/api/v1/tiles/default/30/5/5.mvt', , 204],
  ['/api/v1/tiles/{collection}/{z}/{x}/{y}.mvt', 'get', '/api/v1/tiles/default/0/0/1.mvt', , 404],
  ['/api/v1/tiles/{collection}/{z}/{x}/{y}.mvt', 'get', '/api/v1/tiles/default/0/0/0.mvt?limit=0', , 422],
  ['/api/v1/tiles/{collection}.json', 'get', '/api/v1/tiles/default.json', , 200],
  ['/api/v1/tiles/{collection}.json', 'get', '/api/v1/tiles/none.json', , 404],
  ['/api/v1/search/nearby', 'get', '/api/v1/search/nearby?lat=1&lon=2&radius=1000&explain=true', , 200],
  ['/api/v1/search/nearby', 'get', '/api/v1/search/nearby?lat=1&lon=2&k=2', , 200],
  ['/api/v1/search/nearby', 'get', '/api/v1/search/nearby', , 400],
  ['/api/v1/search/nearby', 'get', '/api/v1/search/nearby?lat=1&lon=2&radius=-1', , 422],
  ['/api/v1/search/bbox', 'get', '/api/v1/search/bbox?min_lat=0&min_lon=0&max_lat=5&max_lon=5', , 200],
  ['/api/v1/search/bbox', 'get', '/api/v1/search/bbox?min_lat=0&min_lon=0&max_lat=50&max_lon=5', , 422],
  ['/api/v1/search/polygon', 'post', '/api/v1/search/polygon', { polygon, relation: 'within', limit: 1 }, 200],
  ['/api/v1/search/polygon', 'post', '/api/v1/search/polygon', {}, 400],
  ['/api/v1/search/complex', 'post', '/api/v1/search/complex', { filter: { op: '=', args: [{ property: 'id' }, 'a'] } }, 200],
  ['/api/v1/search/complex', 'post', '/api/v1/search/complex', { filter: { op: 'x' } }, 400],
  [F, 'get', F, , 200],
  [F, 'get', `${F}?active=perhaps`, , 400],
  [F, 'post', F, { id: 'f', name: 'F', geometry: polygon, radius: 5, filter: true, rules: [{ trigger: 'enter', webhook_url: 'http://127.0.0.1:9/x', channel: 'c', metadata: { a: 1 } }] }, 201],
  [F, 'post', F, { id: 'f', geometry: polygon, rules: [{ trigger: 'exit' }] }, 409],
  [F, 'post', F, { geometry: polygon, rules: [] }, 422],
  [F, 'post', F, { colour: 'red' }, 400],
  [F, 'post', F, { roam: { collection: 'r', id: 'r*' }, radius: 10, rules: [{ trigger: 'nearby' }] }, 201],
  [F, 'get', `${F}?limit=1`, , 200],
  [`${F}/{id}`, 'get', `${F}/f`, , 200],
  [`${F}/{id}`, 'get', `${F}/f`, , 304, { 'if-none-match': '*' }],
  [`${F}/{id}`, 'get', `${F}/none`, , 404],
  [`${F}/{id}`, 'put', `${F}/g`, { geometry: { collection: 'default' }, rules: [{ trigger: 'enter' }] }, 201],
  [`${F}/{id}`, 'put', `${F}/f`, { geometry: polygon, rules: [{ trigger: 'enter' }, { trigger: 'inside', webhook_url: 'http://127.0.0.1:9/x' }] }, 200],
  [`${F}/{id}`, 'put', `${F}/f`, { geometry: polygon, rules: [{ trigger: 'enter' }] }, 412, { 'if-match': '"x"' }],
  [`${F}/{id}/objects`, 'get', `${F}/f/objects`, , 200],
  [`${F}/{id}/objects`, 'get', `${F}/none/objects`, , 404],
  [`${F}/{id}/explain`, 'get', `${F}/f/explain?object=a`, , 200],
  [`${F}/{id}/explain`, 'get', `${F}/f/explain`, , 400],
  [`${F}/{id}/explain`, 'get', `${F}/g/explain?object=a`, , 422],
  ['/api/v1/events', 'get', '/api/v1/events', , 200],
  ['/api/v1/events', 'get', '/api/v1/events?since=-1', , 400],
  [`${W}`, 'get', W, , 200],
  [`${W}/{name}`, 'get', `${W}/geofence%2Ff%2Finside`, , 200],
  [`${W}/{name}`, 'get', `${W}/none`, , 404],
  [`${W}/{name}/skip`, 'post', `${W}/geofence%2Ff%2Finside/skip`, , 204],
  [`${W}/{name}/skip`, 'post', `${W}/none/skip`, , 404],
  [`${W}/{name}/replay`, 'post', `${W}/geofence%2Ff%2Finside/replay`, { from_seq: 1 }, 204],
  [`${W}/{name}/replay`, 'post', `${W}/geofence%2Ff%2Finside/replay`, { from: 1 }, 400],
  [`${F}/{id}`, 'delete', `${F}/f`, , 204],
  [`${F}/{id}`, 'delete', `${F}/f`, , 404],
  ['/api/v1/analytics/heatmap', 'get', '/api/v1/analytics/heatmap', , 501],
  ['/api/v1/analytics/stats', 'get', '/api/v1/analytics/stats', , 501],
  ['/api/v1/analytics/predictions', 'get', '/api/v1/analytics/predictions', , 501],
  ['/api/v1/admin/physics', 'get', '/api/v1/admin/physics', , 501],
  ['/api/v1/admin/rebalance', 'post', '/api/v1/admin/rebalance', , 501],
  ['/api/v1/admin/bulk_import', 'post', '/api/v1/admin/bulk_import?collection=i', { type: 'FeatureCollection', features: [{ type: 'Feature', geometry: polygon, properties: null }] }, 200],
  ['/api/v1/collections/{name}', 'delete', '/api/v1/collections/i', , 204],
  ['/api/v1/admin/backup', 'post', '/api/v1/admin/backup', { dir: `${scratch.dir}/copy` }, 200],
  ['/api/v1/admin/backup', 'post', '/api/v1/admin/backup', { dir: 'relative' }, 400],
  ['/api/v1/admin/health', 'get', '/api/v1/admin/health', , 200],
  ['/api/v1/admin/ready', 'get', '/api/v1/admin/ready', , 200],
  ['/api/v1/admin/metrics', 'get', '/api/v1/admin/metrics', , 200],
  ['/metrics', 'get', '/metrics', , 200],
  ['/livez', 'get', '/livez', , 200],
  ['/readyz', 'get', '/readyz', , 200],
];

test('every documented operation is called, and every answer is as documented', async () => {
  const done = new Set();
  for (const [template, method, url, body, status, headers] of calls()) {
    const sent = body === undefined ? {} : typeof body === 'string' ? { body } : { json: body };
    const reply = await server.request(method.toUpperCase(), url, { ...sent, headers });
    assert.equal(reply.status, status, `${method} ${url}: ${reply.text}`);
    check(template, method, reply);
    done.add(`${method} ${template}`);
  }
  const documented = Object.entries(doc.paths).flatMap(([p, ops]) => Object.keys(ops).map((m) => `${m} ${p}`));
  assert.deepEqual([...done].sort(), documented.sort());
});

// Prism checks requests and answers against the document by rules of its own, so only good requests go through it.
test('prism as a proxy finds no violation', async (t) => {
  const file = path.join(scratch.dir, 'proxied.json');
  await writeFile(file, JSON.stringify(doc));
  const fresh = await startServer();
  const port = await freePort();
  const cli = path.join(here, 'node_modules/@stoplight/prism-cli/dist/index.js');
  const prism = spawn(process.execPath, [cli, 'proxy', '--errors', '--port', String(port), file, fresh.url], { cwd: here });
  let said = '';
  prism.stdout.on('data', (text) => (said += text));
  prism.stderr.on('data', (text) => (said += text));
  t.after(async () => {
    prism.kill('SIGKILL');
    await fresh.stop();
  });
  for (let i = 0; i < 300 && !said.includes('is listening'); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(said, /is listening/);
  const refused = await fetch(`http://127.0.0.1:${port}/api/v1/search/nearby?lat=100`); // it does look
  assert.match((await refused.json()).type ?? '', /stoplight|prism/);
  for (const [, method, url, body, status, headers] of calls()) {
    if (status >= 300 || url.includes('/backup')) continue; // the directory is used up
    const sent = { ...headers, ...(body === undefined ? {} : { 'content-type': headers?.['content-type'] ?? 'application/json' }) };
    const reply = await fetch(`http://127.0.0.1:${port}${url}`, {
      method: method.toUpperCase(),
      headers: sent,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await reply.text();
    assert.equal(reply.status, status, `${method} ${url}: ${text}`);
    assert.equal(reply.headers.get('sl-violations'), null, `${method} ${url}`);
  }
});

test('the examples of bodies fit their schemas', () => {
  for (const [template, method, url, body, status, headers] of calls()) {
    if (typeof body !== 'object' || status >= 400) continue;
    const content = doc.paths[template][method].requestBody?.content;
    assert.ok(content, `${method} ${template} documents its body`);
    const validate = ajv.getSchema(pointer('paths', template, method, 'requestBody', 'content', 'application/json', 'schema'));
    assert.ok(validate(body), `${method} ${url}: ${ajv.errorsText(validate.errors)}`);
  }
});

test('an operation without a good answer is one that comes later', () => {
  for (const [template, operations] of Object.entries(doc.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      const good = Object.keys(responses).some((status) => status < 300);
      assert.notEqual(good, '501' in responses, `${method} ${template}`);
    }
  }
});

// Operations to come have no 2xx yet (the test above), and probes and documents have no 4xx worth telling.
test('redocly finds nothing to complain about', async () => {
  const file = path.join(scratch.dir, 'openapi.json');
  await writeFile(file, JSON.stringify(doc));
  const cli = path.join(here, 'node_modules/@redocly/cli/bin/cli.js');
  const run = promisify(execFile)(process.execPath, [cli, 'lint', '--extends=recommended', '--skip-rule=operation-2xx-response', '--skip-rule=operation-4xx-response', file], {
    cwd: here,
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', CI: '1' },
  });
  const { stdout, stderr } = await run.catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
  assert.doesNotMatch(stdout + stderr, /warning|error/i, stdout + stderr);
});
