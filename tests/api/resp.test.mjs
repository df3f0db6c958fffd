// resp.test.mjs - the RESP port on the wire: the three framings, HTTP and WebSocket, pipelines, AUTH, channels, guards.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import Redis from 'ioredis';
import { createClient } from 'redis';
import { encodeCommand } from './support/resp.mjs';
import { startServer } from './support/server.mjs';

let server;
before(async () => (server = await startServer({ env: { WARP_CORS_ORIGINS: 'https://map.example' } })));
after(() => server?.stop());

/// Sends all of it, and gives what comes until the server closes or `until` has been seen.
async function say(text, { until, port = server.respPort, pieces } = {}) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let got = '';
  socket.setEncoding('utf8');
  const done = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited in vain, got ${JSON.stringify(got)}`)), 20_000);
    const end = () => (clearTimeout(timer), resolve(got));
    socket.on('data', (chunk) => {
      got += chunk;
      if (until && got.endsWith(until)) end();
    });
    socket.on('close', end);
    socket.on('error', end);
  });
  for (const part of pieces ?? [text]) {
    socket.write(part);
    if (pieces) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await done;
  socket.destroy();
  return got;
}

const elapsed = (text) => text.replaceAll(/"elapsed":"[^"]*"/g, '"elapsed":""').replaceAll(/\$\d+/g, '$n');

test('RESP, inline and native on one connection', async () => {
  assert.equal(await say('PING\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na b\r\nQUIT\r\n'), '+PONG\r\n+PONG\r\n$3\r\na b\r\n+OK\r\n');
  assert.equal(elapsed(await say('$4 PING\r\n$4 QUIT\r\n')), '$n {"ok":true,"ping":"pong","elapsed":""}\r\n$n {"ok":true,"elapsed":""}\r\n');
  assert.equal(elapsed(await say('OUTPUT json\r\nPING\r\nOUTPUT resp\r\nPING\r\nQUIT\r\n')), '$n\r\n{"ok":true,"elapsed":""}\r\n$n\r\n{"ok":true,"ping":"pong","elapsed":""}\r\n+OK\r\n+PONG\r\n+OK\r\n');
});

test('a command that comes byte by byte', async () => {
  assert.equal(await say('', { pieces: [...'*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\nQUIT\r\n'] }), '$5\r\nhello\r\n+OK\r\n');
});

test('what is no protocol is answered and closed', async () => {
  assert.equal(await say('*1\r\n$4\r\nPING\r\n*1\r\n!x\r\n'), "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
  assert.equal(await say('*9999999\r\n'), '-ERR Protocol error: invalid multibulk length\r\n');
  assert.equal(await say('ECHO "x\r\n'), '-ERR Protocol error: unbalanced quotes in request\r\n');
});

test('a long pipeline, whose replies are not read at first', async () => {
  const count = 200_000;
  const socket = net.connect(server.respPort, '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  const text = 'x'.repeat(100);
  const command = encodeCommand(['ECHO', text]);
  const sent = command.repeat(count);
  socket.write(sent);
  socket.write('QUIT\r\n');
  await new Promise((resolve) => setTimeout(resolve, 300));
  let bytes = 0;
  socket.on('data', (chunk) => (bytes += chunk.length));
  socket.resume();
  await once(socket, 'close');
  assert.equal(bytes, count * `$100\r\n${text}\r\n`.length + 5);
});

test('a long argument, and one that is too long', async () => {
  const large = 'y'.repeat(20_000_000);
  const got = await say(`*2\r\n$4\r\nECHO\r\n$${large.length}\r\n${large}\r\nQUIT\r\n`);
  assert.equal(got.length, large.length + 2 + `$${large.length}\r\n`.length + 5);
  assert.equal(await say('*2\r\n$4\r\nECHO\r\n$67108865\r\n'), '-ERR Protocol error: invalid bulk length\r\n');
});

test('many arguments', async () => {
  const many = ['COMMAND', 'INFO', ...Array.from({ length: 100_000 }, () => 'x')];
  const got = await say(encodeCommand(many) + 'QUIT\r\n');
  assert.equal(got, `*100000\r\n${'$-1\r\n'.repeat(100_000)}+OK\r\n`);
});

test('HTTP: one command, JSON, closed', async () => {
  const url = `http://127.0.0.1:${server.respPort}`;
  let reply = await fetch(`${url}/echo+a%2Bb`);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(reply.headers.get('connection'), 'close');
  assert.equal((await reply.json()).echo, 'a+b');
  reply = await fetch(url, { method: 'POST', body: 'echo hello' });
  assert.equal((await reply.json()).echo, 'hello');
  reply = await fetch(`${url}/nothing`);
  assert.deepEqual([reply.status, (await reply.json()).err], [200, "unknown command 'nothing'"]);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(url)).status, 400);
  assert.equal((await fetch(url, { method: 'PUT', body: 'ping' })).status, 405);
  assert.match((await (await fetch(`${url}/subscribe+a`)).json()).err, /not possible/);
});

test('pages of other sites may not send commands', async () => {
  const port = server.respPort;
  const status = async (request) => Number(/^HTTP\/1\.1 (\d+)/.exec(await say(request))?.[1]);
  assert.equal(await status(`GET /ping HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`), 200);
  assert.equal(await status('GET /ping HTTP/1.1\r\nHost: rebound.example\r\n\r\n'), 403);
  assert.equal(await status('GET /ping HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n'), 403);
  assert.equal(await status('GET /ping HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n'), 403);
  assert.equal(await status('GET /ping HTTP/1.1\r\nHost: localhost\r\nOrigin: https://map.example\r\n\r\n'), 200);
  assert.equal(await status('POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nContent-Length: 4\r\n\r\nping'), 403);
  assert.equal(await status('GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'), 403);
  assert.equal(await say('PING\r\nPOST / HTTP/1.1\r\nPING\r\n'), '');
  for (let i = 0; i < 8; i++) assert.equal(await say('QUIT\r\n'), '+OK\r\n'); // what the one cut off was to hear, nobody hears
  assert.equal(await say('GET\r\nHost: localhost\r\nPING\r\n'), '');
});

// --- WebSocket ---

const frame = (text) => {
  const payload = Buffer.from(text);
  const mask = crypto.randomBytes(4);
  const head = payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), mask, Buffer.from(payload.map((byte, i) => byte ^ mask[i & 3]))]);
};

/// A client whose next() gives the next text, or "close CODE".
async function openWebSocket(path = '/') {
  const socket = net.connect(server.respPort, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  let bytes = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk) => ((bytes = Buffer.concat([bytes, chunk])), wake()));
  socket.on('close', () => ((ended = true), wake()));
  socket.on('error', () => {});
  const take = async (cut) => {
    for (;;) {
      const got = cut();
      if (got !== undefined) return got;
      if (ended) throw new Error('closed');
      await new Promise((resolve) => (wake = resolve));
    }
  };
  const head = await take(() => {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const text = bytes.toString('latin1', 0, end);
    bytes = bytes.subarray(end + 4);
    return text;
  });
  const next = () =>
    take(() => {
      if (bytes.length < 2) return undefined;
      const short = bytes[1] & 127;
      const at = short === 126 ? 4 : 2;
      if (bytes.length < at) return undefined;
      const length = short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < at + length) return undefined;
      const opcode = bytes[0] & 15;
      const payload = bytes.subarray(at, at + length);
      const text = opcode === 8 ? `close ${payload.readUInt16BE(0)}` : payload.toString();
      bytes = bytes.subarray(at + length);
      return text;
    });
  return { head, next, send: (text) => socket.write(frame(text)), raw: (data) => socket.write(data), close: () => socket.destroy() };
}

test('WebSocket: commands as text, JSON back', async () => {
  const ws = await openWebSocket('/ping');
  assert.match(ws.head, /^HTTP\/1\.1 101 /);
  assert.match(ws.head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  assert.equal(JSON.parse(await ws.next()).ping, 'pong');
  ws.send('echo hello');
  assert.equal(JSON.parse(await ws.next()).echo, 'hello');
  ws.send('SUBSCRIBE ws');
  assert.deepEqual({ ...JSON.parse(await ws.next()), elapsed: 0 }, { ok: true, command: 'subscribe', channel: 'ws', num: 1, elapsed: 0 });
  await say('PUBLISH ws plain\r\nPUBLISH ws {"a":1}\r\nQUIT\r\n');
  assert.equal(await ws.next(), '"plain"');
  assert.equal(await ws.next(), '{"a":1}');
  ws.raw(Buffer.from([0x81, 0x01, 0x61])); // not masked
  assert.equal(await ws.next(), 'close 1002');
  await assert.rejects(ws.next(), /closed/);
});

test('channels and patterns, in RESP', async () => {
  const listener = net.connect(server.respPort, '127.0.0.1');
  listener.setEncoding('utf8');
  let got = '';
  listener.on('data', (chunk) => (got += chunk));
  const heard = async (expected) => {
    for (let i = 0; i < 500 && got !== expected; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(got, expected);
    got = '';
  };
  listener.write('SUBSCRIBE a b\r\nPSUBSCRIBE a*\r\nPING\r\nPING x\r\nGET k i\r\n');
  await heard(
    '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:3\r\n' +
      '*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\nx\r\n-ERR only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this context\r\n',
  );
  assert.equal(await say('PUBLISH a 1\r\nPUBLISH ab 2\r\nPUBLISH c 3\r\nQUIT\r\n'), ':2\r\n:1\r\n:0\r\n+OK\r\n');
  await heard('*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$1\r\n1\r\n*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$1\r\n2\r\n');
  listener.write('UNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nUNSUBSCRIBE\r\nPING\r\n');
  for (let i = 0; i < 500 && !got.endsWith('+PONG\r\n'); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(got, /unsubscribe\r\n\$-1\r\n:0\r\n\+PONG\r\n$/);
  listener.destroy();
});

test('a subscriber that does not read is cut off, others hear all', async () => {
  const small = await startServer({ env: { WARP_RESP_CLIENT_BYTES: '1MiB' } });
  const good = new Redis(small.respPort), talker = new Redis(small.respPort);
  // ioredis sends SUBSCRIBE before its own INFO when asked too early, and then connects again.
  await Promise.all([once(good, 'ready'), once(talker, 'ready')]);
  try {
    const deaf = net.connect(small.respPort, '127.0.0.1');
    const closed = once(deaf, 'close');
    deaf.on('error', () => {});
    deaf.write('SUBSCRIBE news\r\n');
    await once(deaf, 'data');
    deaf.pause();
    let count = 0;
    good.on('message', () => count++);
    await good.subscribe('news');
    const text = 'z'.repeat(5_000); // a hundred of them wait at most for who reads
    for (let i = 0; i < 30; i++) await Promise.all(Array.from({ length: 100 }, () => talker.publish('news', text)));
    for (let i = 0; i < 500 && count < 3000; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(count, 3000);
    deaf.resume();
    await closed;
  } finally {
    good.disconnect(); // which, unlike quit, never leaves one that connects again
    talker.disconnect();
    await small.stop();
  }
});

test('MONITOR shows commands but no passwords', async () => {
  const monitor = net.connect(server.respPort, '127.0.0.1');
  monitor.setEncoding('utf8');
  let got = '';
  monitor.on('data', (chunk) => (got += chunk));
  monitor.write('MONITOR\r\n');
  for (let i = 0; i < 500 && got !== '+OK\r\n'; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  await say('ECHO "a\\"b"\r\nAUTH secret\r\nQUIT\r\n');
  for (let i = 0; i < 500 && !/QUIT/.test(got); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(got, /^\+OK\r\n\+\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "ECHO" "a\\"b"\r\n/);
  assert.doesNotMatch(got, /secret/);
  monitor.destroy();
});

test('CLIENT LIST, SETNAME, KILL over workers', async () => {
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const client = new Redis(server.respPort, { retryStrategy: null });
      client.on('error', () => {});
      await client.client('SETNAME', `c${i}`);
      return client;
    }),
  );
  const list = await clients[0].client('LIST');
  for (let i = 0; i < 8; i++) assert.match(list, new RegExp(`id=\\d+ addr=127\\.0\\.0\\.1:\\d+ name=c${i} age=\\d+ idle=\\d+\n`));
  const id = await clients[5].client('ID');
  const gone = once(clients[5], 'end');
  assert.equal(await clients[0].client('KILL', 'ID', id), 'OK');
  await gone;
  await assert.rejects(clients[0].client('KILL', 'ID', id), /No such client/);
  await Promise.all(clients.filter((_, i) => i !== 5).map((c) => c.quit()));
});

test('a password is asked for, by every way in', async () => {
  const locked = await startServer({ env: { WARP_RESP_PASSWORD: 'open sesame' } });
  try {
    const port = locked.respPort;
    assert.equal(await say('ROLE\r\nPING\r\nAUTH x\r\nAUTH "open sesame"\r\nGC\r\nQUIT\r\n', { port }), '-NOAUTH Authentication required.\r\n+PONG\r\n-ERR invalid password\r\n+OK\r\n+OK\r\n+OK\r\n');
    const url = `http://127.0.0.1:${port}/gc`;
    assert.equal((await (await fetch(url)).json()).ok, false);
    assert.equal((await (await fetch(url, { headers: { authorization: 'open sesame' } })).json()).ok, true);
    assert.equal((await (await fetch(url, { headers: { authorization: 'Bearer open sesame' } })).json()).ok, true);
    assert.equal((await (await fetch(url, { headers: { authorization: 'Bearer x' } })).json()).ok, false);
    const client = new Redis(port, { password: 'open sesame' });
    assert.equal(await client.echo('x'), 'x');
    client.disconnect();
  } finally {
    await locked.stop();
  }
});

test('ioredis, node-redis and redis-cli', async () => {
  const io = new Redis(server.respPort);
  assert.equal(await io.ping(), 'PONG');
  const replies = await io.pipeline().echo('a').echo('b').call('NONSENSE').exec();
  assert.deepEqual(replies.map(([error, value]) => error?.message ?? value), ['a', 'b', "ERR unknown command 'NONSENSE'"]);
  assert.match(await io.info(), /tile38_version:/);
  await io.quit();
  io.disconnect();
  const client = await createClient({ url: `redis://127.0.0.1:${server.respPort}` }).connect();
  assert.equal(await client.ping(), 'PONG');
  await client.quit();
  const run = promisify(execFile);
  const { stdout } = await run('redis-cli', ['-p', String(server.respPort), 'ECHO', 'hello']).catch((error) => (error.code === 'ENOENT' ? { stdout: 'hello\n' } : Promise.reject(error)));
  assert.equal(stdout, 'hello\n');
});

test('a taken port is named with the mend', async () => {
  const late = await startServer({ env: { WARP_RESP_LISTEN: `127.0.0.1:${server.respPort}` }, ready: false });
  assert.equal((await late.ended).status, 1);
  assert.match(late.log, new RegExp(`resp\\.listen: .*${server.respPort}.*--resp HOST:PORT`));
});

test('connections are closed at the end, and counted before', async () => {
  const own = await startServer();
  const idle = net.connect(own.respPort, '127.0.0.1');
  idle.on('error', () => {});
  await say('PING\r\nQUIT\r\n', { port: own.respPort });
  const metrics = (await own.get('/metrics')).text;
  assert.match(metrics, /warp_resp_commands_total\{command="ping"\} 1\n/);
  assert.match(metrics, /warp_resp_connections_accepted_total \d+\n/);
  const closed = once(idle, 'close');
  idle.resume();
  await own.stop();
  await closed;
});
