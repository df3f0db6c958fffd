// redis_geo.test.mjs - Redis' GEO commands: the same commands to a redis-server and to ours, the same replies.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { connectResp, RespError } from './support/resp.mjs';
import { freePort, startServer, tempDir } from './support/server.mjs';

const COMMANDS = Number(process.env.WARP_REDIS_GEO_COMMANDS ?? 3000);
const seed = Number(process.env.WARP_SEED ?? Date.now() % 2147483647);

let state = seed;
const random = () => ((state = (state * 48271) % 2147483647) - 1) / 2147483646;
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

let tmp, redis, server, theirs, ours;

async function startRedis(dir) {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir]);
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept') && resolve());
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  return { port, child };
}

before(async () => {
  tmp = await tempDir();
  redis = await startRedis(tmp.dir);
  server = await startServer();
  theirs = await connectResp(redis.port);
  ours = await connectResp(server.respPort);
});

after(async () => {
  theirs?.socket.destroy();
  ours?.socket.destroy();
  redis?.child.kill();
  await server?.stop();
  await tmp?.remove();
});

// Around a city, so that searches find something; now and then anywhere.
const place = () =>
  random() < 0.9
    ? [(13 + random() / 2).toFixed(6), (38 + random() / 2).toFixed(6)]
    : [(random() * 358 - 179).toFixed(6), (random() * 168 - 84).toFixed(6)];
const key = () => pick(['a', 'b', 'none']);
const member = () => `m${below(60)}`;
const unit = () => pick(['m', 'km', 'ft', 'mi', 'KM']);
const length = (u) => (random() * (u === 'm' || u === 'ft' ? 40000 : 40)).toFixed(2);
const flags = () => ['WITHCOORD', 'WITHDIST', 'WITHHASH'].filter(() => random() < 0.3);

function search() {
  const u = unit();
  const from = random() < 0.5 ? ['FROMMEMBER', member()] : ['FROMLONLAT', ...place()];
  const by = random() < 0.5 ? ['BYRADIUS', length(u), u] : ['BYBOX', length(u), length(u), u];
  const order = random() < 0.7 ? [pick(['ASC', 'DESC'])] : [];
  const count = order.length && random() < 0.4 ? ['COUNT', 1 + below(20)] : [];
  return { args: ['GEOSEARCH', key(), ...from, ...by, ...order, ...count, ...flags()], sorted: order.length > 0 };
}

function command() {
  const u = unit();
  switch (below(9)) {
    case 0: return { args: ['GEOADD', pick(['a', 'b']), ...place(), member(), ...place(), member()] };
    case 1: return { args: ['GEOADD', pick(['a', 'b']), pick(['NX', 'XX', 'CH']), ...place(), member()] };
    case 2: return { args: ['GEOPOS', key(), member(), member()] };
    case 3: return { args: ['GEODIST', key(), member(), member(), ...(random() < 0.5 ? [u] : [])] };
    case 4: return { args: ['GEOHASH', key(), member(), member()] };
    case 5: return { args: ['GEORADIUS', key(), ...place(), length(u), u, 'ASC', ...flags()], sorted: true };
    case 6: return { args: ['GEORADIUSBYMEMBER_RO', key(), member(), length(u), u, 'DESC', ...flags()], sorted: true };
    default: return search();
  }
}

const text = (reply) => JSON.stringify(reply instanceof RespError ? reply.message : reply);
const inAnyOrder = (reply) => text(Array.isArray(reply) ? reply.map(text).sort() : reply);

test(`random commands get redis-server's answers (seed ${seed})`, async () => {
  for (let i = 0; i < COMMANDS; i++) {
    const { args, sorted } = command();
    const [want, got] = await Promise.all([theirs.ask(...args), ours.ask(...args)]);
    const show = args[0].startsWith('GEOSEARCH') && !sorted ? inAnyOrder : text;
    assert.equal(show(got), show(want), `${i}: ${args.join(' ')}`);
  }
});

test('what is ill-formed is refused in the same words', async () => {
  for (const line of [
    'GEOADD k', 'GEOADD k 1 2', 'GEOADD k 200 1 a', 'GEOADD k x 1 a', 'GEOADD k 1 1 a 2', 'GEOADD k NX XX 1 1 a',
    'GEODIST k a', 'GEODIST k a b parsec', 'GEOSEARCH k', 'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 x',
    'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS x m', 'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS -1 m',
    'GEOSEARCH k FROMLONLAT 1 2 BYBOX 1 m', 'GEOSEARCH k FROMLONLAT 1 2 BYBOX -1 1 m',
    'GEOSEARCH k FROMLONLAT 1 2 BYBOX x 1 m', 'GEOSEARCH k FROMLONLAT 1 2 BYBOX 1 x m',
    'GEOSEARCH k FROMLONLAT 1 2 ASC ASC ASC', 'GEOSEARCH k BYRADIUS 1 m ASC ASC ASC',
    'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 m COUNT', 'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 m COUNT x',
    'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 m COUNT 0', 'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 m ANY',
    'GEOSEARCH k FROMLONLAT 300 2 BYRADIUS 1 m', 'GEOSEARCH k FROMLONLAT 1 2 BYRADIUS 1 m JUNK',
    'GEORADIUS k 1 2 3', 'GEORADIUS k 1 2 3 m JUNK', 'GEORADIUSBYMEMBER a nobody 1 m',
  ]) {
    const [want, got] = await Promise.all([theirs.say(line), ours.say(line)]);
    assert.equal(text(got), text(want), line);
  }
});
