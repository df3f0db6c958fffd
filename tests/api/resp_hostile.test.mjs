// resp_hostile.test.mjs - every command with arguments that nobody means: the server answers each, in time, and goes on.
//
// WARP_SEED repeats a run, WARP_ROUNDS makes it longer.

import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { RespError, RespParser } from './support/resp.mjs';
import { startServer } from './support/server.mjs';

const SEED = Number(process.env.WARP_SEED ?? 1 + (Date.now() % 1_000_000));
const ROUNDS = Number(process.env.WARP_ROUNDS ?? 6000);
const ANSWER_MS = 8000; // a script may take five seconds

let server, port;
before(async () => {
  server = await startServer({ args: ['--threads', '2'] });
  port = server.respPort;
});
after(() => server?.stop());

function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

function encode(args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

async function connect(to = port) {
  const socket = net.connect(to, '127.0.0.1');
  await once(socket, 'connect');
  const parser = new RespParser();
  const waiting = [];
  socket.on('error', () => {});
  socket.on('data', (bytes) => parser.feed(bytes).forEach((value) => waiting.shift()?.(value)));
  socket.on('close', () => waiting.splice(0).forEach((done) => done(null)));
  const ask = (...args) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer (seed ${SEED}): ${args.join(' ').slice(0, 400)}`)), ANSWER_MS);
      waiting.push((value) => {
        clearTimeout(timer);
        resolve(value);
      });
      socket.write(encode(args));
    });
  return { ask, close: () => socket.destroy() };
}

// What makes the connection go live or away, or takes the server's data or settings, is asked elsewhere.
const LEFT_OUT = new Set(['quit', 'monitor', 'subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe', 'client', 'config set', 'config rewrite', 'readonly', 'output', 'auth', 'eval', 'evalna', 'evalro']);

const nested = (open, close, n) => open.repeat(n) + close.repeat(n);
const STRANGE = [
  '', ' ', '\0', 'a\0b', Buffer.from([0xff, 0xfe]), Buffer.from([0xc0, 0x80]), 'x'.repeat(257), 'é'.repeat(128), '\r\n+OK\r\n',
  '0', '-0', '-1', '1e308', '-1e308', '1e999', 'nan', 'inf', '-inf', '0x10', '18446744073709551616', '9223372036854775808', '-9223372036854775809', '1e-320', '00', '1 ', '١',
  '*', '?', '[', '[^', '\\', '*?*?*?*?*?*?*?*?*?*?*?*x', 'a*'.repeat(60), '{}', '[]', 'null', '{"type":"Point"}', '{"type":"Point","coordinates":[1e999,2]}',
  '{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}', '{"type":"Polygon","coordinates":[]}', '{"type":"GeometryCollection","geometries":[]}',
  '{"type":"FeatureCollection","features":[]}', '{"type":"Feature","geometry":null}', '{"type":"Point","coordinates":[181,91]}', nested('[', ']', 5000), nested('{"a":', '}', 3000),
  `{"type":"MultiPoint","coordinates":[${'[1,2],'.repeat(2000)}[1,2]]}`, '180', '-180', '90', '-90', '179.9999999999', 'zzzzzzzzzzzzzzzzzzzzzz', 'ezs42', 'a', '0331', '3'.repeat(64),
  'return 1', '=~', 'a.b.c', '..', '#', '-1.5.2', `${'('.repeat(2000)}1${')'.repeat(2000)}`, `1${'+1'.repeat(5000)}`, `a =~ "${'(a*)*'.repeat(20)}b"`, `${'!'.repeat(5000)}1`, `"${'x'.repeat(70000)}"`,
];
const WORDS = [
  'k', 'k', 'k', 'i', 'i', 'p1', 'p2', 's1', 'FIELD', 'f', 'POINT', 'BOUNDS', 'HASH', 'OBJECT', 'STRING', 'EX', 'NX', 'XX', 'RETURN', 'CIRCLE', 'TILE', 'MVT', 'QUADKEY', 'SECTOR', 'GET', 'ROAM', 'CURSOR', 'LIMIT', 'SPARSE', 'MATCH', 'WHERE',
  'WHEREIN', 'WHEREEVAL', 'NOFIELDS', 'WITHFIELDS', 'CLIP', 'CLIPBY', 'BUFFER', 'DISTANCE', 'ASC', 'DESC', 'COUNT', 'IDS', 'OBJECTS', 'POINTS', 'HASHES', 'DETECT', 'enter,exit', 'COMMANDS', 'NODWELL', 'RAW', 'STR', 'WITHIN', 'INTERSECTS',
  'NEARBY', 'META', 'http://127.0.0.1:1/', 'M', 'KM', 'BYRADIUS', 'BYBOX', 'FROMLONLAT', 'FROMMEMBER', 'WITHDIST', 'WITHCOORD', 'ANY', '33', '-112', '1000', '5', '8', '30', '31', '100', '1000000000',
];
// Whole commands, of which one argument at a time is made strange.
const SHAPES = [
  'SET k i FIELD f 1 EX 100 NX POINT 33 -112 5', 'SET k i BOUNDS 30 -115 35 -110', 'SET k i HASH 9tbnwg', 'SET k i STRING x', 'FSET k i XX f 1 g 2 RETURN', 'GET k i WITHFIELDS HASH 7', 'FGET k i f', 'EXPIRE k i 10', 'PDEL k x*', 'RENAME k k',
  'JSET k j a.b.2 5 RAW', 'JGET k j a.b', 'JDEL k j a.b', 'KEYS *', 'BOUNDS k', 'STATS k k', 'SCAN k CURSOR 2 LIMIT 10 MATCH p* WHERE f 0 10 DESC NOFIELDS IDS', 'SCAN k WHEREIN f 2 1 2 COUNT', 'SCAN k WHERE f==1||g>2 IDS', 'SEARCH k MATCH x* ASC',
  'NEARBY k LIMIT 5 DISTANCE POINTS POINT 33 -112 1000000', 'NEARBY k SPARSE 5 POINT 33 -112', 'WITHIN k LIMIT 10 SPARSE 8 OBJECTS BOUNDS -90 -180 90 180', 'WITHIN k BUFFER 1000 COUNT CIRCLE 33 -112 50000', 'INTERSECTS k CLIP OBJECTS TILE 1 2 3',
  'INTERSECTS k CLIPBY BOUNDS 0 0 10 10 BOUNDS 0 0 50 50', 'INTERSECTS k MVT 0 0 1', 'WITHIN k IDS QUADKEY 0331', 'WITHIN k HASHES 5 SECTOR 33 -112 5000 10 200', 'WITHIN k GET k p1', 'INTERSECTS k WHEREEVAL return(FIELDS.f==1) 1 5 BOUNDS 30 -120 40 -100',
  'TEST POINT 33 -112 WITHIN CIRCLE 33 -112 1000', 'TEST GET k p1 INTERSECTS CLIP BOUNDS 30 -120 40 -100', 'SETHOOK h http://127.0.0.1:1/x META a b EX 5 NEARBY k FENCE DETECT enter POINT 33 -112 500', 'SETCHAN c EX 5 WITHIN k FENCE COMMANDS set BOUNDS 1 2 3 4',
  'SETCHAN r NEARBY k FENCE NODWELL ROAM k * 1000', 'HOOKS *', 'CHANS *', 'DELHOOK h', 'PDELCHAN *', 'TIMEOUT 1 SCAN k COUNT', 'GEOADD g 1 2 m', 'GEOSEARCH g FROMLONLAT 1 2 BYRADIUS 100 KM ASC COUNT 5 ANY WITHCOORD WITHDIST WITHHASH',
  'GEOSEARCH g FROMMEMBER m BYBOX 100 100 KM', 'GEOSEARCHSTORE h g FROMLONLAT 1 2 BYRADIUS 100 KM', 'GEORADIUS g 1 2 100 KM COUNT 5', 'GEODIST g m m KM', 'GEOPOS g m', 'GEOHASH g m', 'EVALSHA 0000000000000000000000000000000000000000 1 a b', 'SCRIPT EXISTS x',
];

async function fill(ask) {
  for (let i = 0; i < 50; i++) await ask('SET', 'k', `p${i}`, 'FIELD', 'f', i % 4, 'POINT', (i * 37) % 90, (i * 91) % 180);
  await ask('SET', 'k', 's1', 'STRING', 'xyz');
  await ask('SET', 'k', 'j', 'STRING', '{"a":{"b":[1,2,3]}}');
  await ask('SET', 'k', 'poly', 'OBJECT', '{"type":"Polygon","coordinates":[[[-120,30],[-100,30],[-100,40],[-120,40],[-120,30]]]}');
  await ask('GEOADD', 'g', 1, 2, 'm');
}

test('every command with too few, too many and strange arguments', { timeout: 300_000 }, async (t) => {
  t.diagnostic(`WARP_SEED=${SEED}`);
  const r = random(SEED);
  let client = await connect();
  const names = (await client.ask('COMMAND', 'LIST')).map(String).filter((name) => !LEFT_OUT.has(name.replace('|', ' ').toLowerCase()));
  assert.ok(names.length > 50, `${names.length} commands`);
  let slowest = { ms: 0 };
  let refused = 0;
  for (let i = 0; i < ROUNDS; i++) {
    if (i % 200 === 0) await fill(client.ask);
    let args;
    if (r.next() < 0.4) {
      args = [...r.pick(names).split(/[ |]/), ...Array.from({ length: r.below(12) }, () => (r.next() < 0.4 ? r.pick(STRANGE) : r.pick(WORDS)))];
    } else {
      args = r.pick(SHAPES).split(' ');
      const changes = 1 + r.below(2);
      for (let c = 0; c < changes && args.length > 1; c++) {
        const at = 1 + r.below(args.length - 1);
        const how = r.next();
        if (how < 0.6) args[at] = r.pick(STRANGE);
        else if (how < 0.75) args.splice(at, 1);
        else if (how < 0.9) args.splice(at, 0, r.pick(WORDS));
        else args.length = at;
      }
    }
    const live = args.some((a) => /^fence$/i.test(String(a))) && !/^set(hook|chan)$/i.test(args[0]);
    if (live || LEFT_OUT.has(String(args[0]).toLowerCase())) continue;
    if (/^timeout$/i.test(args[0]) && args.slice(1).some((a) => LEFT_OUT.has(String(a).toLowerCase()))) continue;
    const begin = performance.now();
    const answer = await client.ask(...args);
    const ms = performance.now() - begin;
    if (ms > slowest.ms) slowest = { ms, command: args.map(String).join(' ').slice(0, 200) };
    if (answer instanceof RespError) {
      refused++;
      assert.doesNotMatch(answer.message, /[\r\n]/);
      assert.ok(answer.message.length < 1000, answer.message.slice(0, 200));
    }
  }
  t.diagnostic(`${refused} refused; slowest ${slowest.ms.toFixed(0)} ms: ${slowest.command}`);
  assert.equal(await client.ask('PING'), 'PONG');
  assert.ok(refused > ROUNDS / 10);
  client.close();
});

test('memory runs out: writes and replies too large are refused in words, reads go on', { timeout: 60_000 }, async () => {
  const small = await startServer({ args: ['--limits-memory-bytes', '64MiB', '--threads', '2'] });
  const { ask, close } = await connect(small.respPort);
  const text = 'x'.repeat(100_000);
  let stored = 0;
  let answer;
  while ((answer = await ask('SET', 'k', stored, 'STRING', text)) === 'OK' && stored < 2000) stored++;
  assert.match(answer.message, /^OOM /);
  assert.ok(stored > 100, `${stored} stored`);
  assert.equal(await ask('GET', 'k', '0'), text);
  assert.equal(await ask('SCAN', 'k', 'COUNT'), stored);
  const all = await ask('SCAN', 'k', 'LIMIT', 1000);
  assert.ok(all instanceof RespError && /^OOM /.test(all.message), String(all).slice(0, 100));
  assert.equal(await ask('DROP', 'k'), 1);
  assert.equal(await ask('PING'), 'PONG');
  close();
  await small.stop();
});

test('half a command, and the client is gone: its connection goes too', { timeout: 30_000 }, async () => {
  const client = await connect();
  for (const half of ['*2\r\n$3\r\nGE', '*2\r\n$100000\r\nabc', 'SET k', 'GET /pin', '$', '$12 ab']) {
    for (let i = 0; i < 5; i++) {
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.end(half);
      socket.on('error', () => {});
      socket.resume();
      await once(socket, 'close'); // the server closes in answer, or this waits for ever
    }
  }
  const list = String(await client.ask('CLIENT', 'LIST'));
  assert.equal(list.trim().split('\n').length, 1, list);
  client.close();
});
