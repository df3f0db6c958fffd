// http.test.mjs - HTTP itself through the real binary: pipelines, chunks, gzip, HEAD, CORS, silent crowds, garbage.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exchange, parseReplies } from './support/raw.mjs';
import { startServer } from './support/server.mjs';

let server;
before(async () => (server = await startServer({ env: { WARP_CORS_ORIGINS: 'https://map.example' } })));
after(() => server?.stop());

const request = (method, target, body = '', headers = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${body ? `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` : ''}${headers}\r\n${body}`;

test('a pipeline is answered in its order', async () => {
  const requests = [];
  for (let i = 0; i < 100; i++) requests.push(request('PUT', `/api/v1/objects/p${i}`, `{"coordinates":[${i % 90},${i}]}`), request('GET', `/api/v1/objects/p${i}`));
  const all = requests.join('') + request('GET', '/nothing', '', 'Connection: close\r\n');
  const { replies } = await exchange(server, all);
  assert.equal(replies.length, 201);
  for (let i = 0; i < 100; i++) {
    assert.equal(replies[2 * i].status, 201);
    assert.equal(JSON.parse(replies[2 * i + 1].body).id, `p${i}`);
  }
  assert.equal(replies[200].status, 404);
});

test('bytes that come one by one, and chunked bodies', async () => {
  const slow = request('PUT', '/api/v1/objects/slow', '{"coordinates":[1,2]}', 'Connection: close\r\n');
  const { replies } = await exchange(server, [...slow], { pauseMs: 1 });
  assert.equal(replies[0].status, 201);
  const chunked = 'POST /api/v1/objects/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';
  const line = '{"id":"chunk","coordinates":[1,2]}\n';
  const parts = [line.slice(0, 5), line.slice(5)].map((p) => `${p.length.toString(16)}\r\n${p}\r\n`);
  const sent = await exchange(server, [chunked, ...parts, '0\r\n\r\n'], { pauseMs: 5 });
  assert.equal(JSON.parse(sent.replies[0].body).stored, 1);
});

test('gzip both ways', async () => {
  const lines = Array.from({ length: 500 }, (_, i) => JSON.stringify({ id: `z${i}`, coordinates: [1, 2] })).join('\n');
  const sent = await server.request('POST', '/api/v1/objects/batch?collection=z', { body: gzipSync(lines), headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' } });
  assert.equal(sent.json.stored, 500);
  const got = await server.get('/api/v1/objects?collection=z&limit=500', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(got.headers.get('content-encoding'), 'gzip');
  assert.match(got.headers.get('vary'), /Accept-Encoding/);
  assert.equal(got.json.numberReturned, 500);
  const broken = await server.request('POST', '/api/v1/objects/batch', { body: 'not gzip', headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' } });
  assert.equal(broken.status, 400);
});

test('HEAD says what GET would', async () => {
  await server.put('/api/v1/objects/head', { coordinates: [1, 2] });
  for (const url of ['/api/v1/objects/head', '/api/v1/collections', '/livez', '/api/v1/openapi.json', '/nothing']) {
    const { replies } = await exchange(server, request('GET', url, '', 'Connection: close\r\n'));
    const { received } = await exchange(server, request('HEAD', url, '', 'Connection: close\r\n'));
    const [head] = parseReplies(received, ['HEAD']);
    assert.equal(head.status, replies[0].status, url);
    assert.equal(head.headers['content-type'], replies[0].headers['content-type']);
    assert.ok(received.endsWith('\r\n\r\n'), 'a HEAD has no body');
  }
});

test('CORS for the configured origin only', async () => {
  const headers = { origin: 'https://map.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' };
  const preflight = await server.request('OPTIONS', '/api/v1/objects/a', { headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://map.example');
  assert.match(preflight.headers.get('access-control-allow-methods'), /PUT/);
  const other = await server.get('/livez', { headers: { origin: 'https://evil.example' } });
  assert.equal(other.headers.get('access-control-allow-origin'), null);
});

test('garbage, half requests and oversized heads are answered or closed; the next is served', async () => {
  const sent = [
    '\x00\x01\x02\x03\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n', // no Host
    'GET /api/v1/objects/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
    'POST /api/v1/objects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /api/v1/objects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n',
  ];
  for (const bytes of sent) {
    const { closed, replies } = await exchange(server, bytes);
    assert.ok(closed, JSON.stringify(bytes.slice(0, 40)));
    for (const r of replies) assert.ok(r.status >= 400 && r.status < 500, `${r.status}`);
  }
  for (const cut of ['GET /api/v1/obj', request('PUT', '/api/v1/objects/cut', '{"coordinates":[1,2]}').slice(0, -3)]) {
    await exchange(server, cut, { end: true });
  }
  assert.equal((await server.get('/api/v1/objects/cut')).status, 404);
  assert.equal((await server.get('/livez')).status, 200);
});

test('10,000 connections that say nothing disturb nobody', async (t) => {
  const sockets = [];
  let refused = 0;
  t.after(() => sockets.forEach((s) => s.destroy()));
  for (let i = 0; i < 10_000; i += 500) {
    const batch = Array.from({ length: 500 }, () => {
      const s = net.connect(server.port, '127.0.0.1');
      s.on('error', () => refused++);
      sockets.push(s);
      return Promise.race([once(s, 'connect'), once(s, 'error')]).catch(() => {});
    });
    await Promise.all(batch);
  }
  const open = sockets.filter((s) => s.readyState === 'open').length;
  if (open < 9_000) return t.skip(`only ${open} descriptors are to be had here (${refused} refused)`);
  const started = Date.now();
  assert.equal((await server.get('/api/v1/objects')).status, 200);
  assert.ok(Date.now() - started < 2000);
});
