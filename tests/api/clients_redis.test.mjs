// clients_redis.test.mjs - npm redis (node-redis 5) and ioredis: what people use who have no Tile38 library.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import Redis from 'ioredis';
import { createClient } from 'redis';
import { startServer } from './support/server.mjs';

let server;
let node;
let io;
before(async () => {
  server = await startServer();
  node = await createClient({ url: `redis://127.0.0.1:${server.respPort}` }).on('error', () => {}).connect();
  io = new Redis({ port: server.respPort, host: '127.0.0.1', maxRetriesPerRequest: 1 });
});
after(async () => {
  node?.destroy();
  io?.disconnect();
  await server?.stop();
});

const until = async (done) => {
  for (let i = 0; i < 100 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(done());
};

test('both connect, ping, and see each other', async () => {
  assert.equal(await node.ping(), 'PONG');
  assert.equal(await io.ping(), 'PONG');
  assert.equal(await node.sendCommand(['SET', 'fleet', 'n', 'POINT', '33.5', '-112.25']), 'OK');
  assert.deepEqual(await io.call('GET', 'fleet', 'n', 'POINT'), ['33.5', '-112.25']);
  assert.equal(await io.call('GET', 'fleet', 'nobody'), null);
  await assert.rejects(io.call('SET', 'fleet'), /wrong number of arguments for 'set' command/);
  await assert.rejects(node.sendCommand(['NEARBY', 'fleet', 'POINT', 'x', 'y', 'z']), /invalid argument 'x'/);
});

test('a pipeline is answered in order, errors in their place', async () => {
  const pipeline = io.pipeline();
  for (let i = 0; i < 2000; i++) pipeline.call('SET', 'pipe', `p${i}`, 'POINT', i % 90, i % 180);
  pipeline.call('GET', 'pipe');
  pipeline.call('GET', 'pipe', 'p89', 'POINT');
  const answers = await pipeline.exec();
  assert.equal(answers.length, 2002);
  assert.ok(answers.slice(0, 2000).every(([error, value]) => !error && value === 'OK'));
  assert.match(answers[2000][0].message, /wrong number of arguments/);
  assert.deepEqual(answers[2001][1], ['89', '89']);
  const many = await Promise.all(Array.from({ length: 500 }, (_, i) => node.sendCommand(['GET', 'pipe', `p${i}`, 'POINT'])));
  many.forEach((p, i) => assert.deepEqual(p.map(Number), [i % 90, i % 180]));
});

test('searches give cursor and rows', async () => {
  await io.call('DROP', 'fleet');
  await io.call('SET', 'fleet', 'a', 'FIELD', 'speed', '90', 'POINT', '33', '-112');
  await io.call('SET', 'fleet', 'b', 'POINT', '33.001', '-112');
  assert.deepEqual(await io.call('NEARBY', 'fleet', 'IDS', 'POINT', '33', '-112', '1000'), [0, ['a', 'b']]);
  assert.deepEqual(await io.call('WITHIN', 'fleet', 'BOUNDS', '32', '-113', '34', '-111').then(([c, rows]) => [c, rows.sort()]),
    [0, [['a', '{"type":"Point","coordinates":[-112,33]}', ['speed', '90']], ['b', '{"type":"Point","coordinates":[-112,33.001]}']]]);
  assert.equal(await io.call('WITHIN', 'fleet', 'COUNT', 'BOUNDS', '32', '-113', '34', '-111'), 2);
  assert.deepEqual(await node.sendCommand(['SCAN', 'fleet', 'LIMIT', '1', 'IDS']), [1, ['a']]);
});

test('subscribers of both libraries get what fences and others publish', async () => {
  const heard = { node: [], pattern: [], io: [] };
  const listener = await node.duplicate().on('error', () => {}).connect();
  await listener.subscribe('gate', (message, channel) => heard.node.push([channel, message]));
  await listener.pSubscribe('g*', (message, channel) => heard.pattern.push([channel, message]));
  const other = io.duplicate();
  await once(other, 'ready'); // SUBSCRIBE sent sooner goes before ioredis' own INFO, which then fails
  await other.subscribe('gate');
  other.on('message', (channel, message) => heard.io.push([channel, message]));
  assert.equal(await io.publish('gate', 'by hand'), 3);
  await io.call('SETCHAN', 'gate', 'NEARBY', 'buses', 'FENCE', 'DETECT', 'enter', 'POINT', '33', '-112', '500');
  await io.call('SET', 'buses', 'b1', 'POINT', '33', '-112');
  await until(() => heard.node.length === 2 && heard.pattern.length === 2 && heard.io.length === 2);
  for (const messages of Object.values(heard)) {
    assert.deepEqual(messages[0], ['gate', 'by hand']);
    const event = JSON.parse(messages[1][1]);
    assert.deepEqual([messages[1][0], event.hook, event.detect, event.id, event.key], ['gate', 'gate', 'enter', 'b1', 'buses']);
  }
  await listener.unsubscribe('gate');
  await listener.pUnsubscribe('g*');
  assert.equal(await io.publish('gate', 'again'), 1);
  listener.destroy();
  other.disconnect();
});

test("Redis' own geo methods", async () => {
  assert.equal(await node.geoAdd('Sicily', [{ longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }, { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }]), 2);
  assert.equal(Number(await node.geoDist('Sicily', 'Palermo', 'Catania')), 166274.1516);
  assert.deepEqual(await node.geoHash('Sicily', ['Palermo', 'Catania']), ['sqc8b49rny0', 'sqdtr74hyu0']);
  assert.deepEqual(await node.geoPos('Sicily', ['Palermo', 'nobody']), [{ longitude: '13.36138933897018433', latitude: '38.11555639549629859' }, null]);
  assert.deepEqual(await node.geoSearch('Sicily', { longitude: 15, latitude: 37 }, { radius: 200, unit: 'km' }, { SORT: 'ASC' }), ['Catania', 'Palermo']);
  assert.deepEqual(await io.geosearch('Sicily', 'FROMLONLAT', 15, 37, 'BYBOX', 400, 400, 'km', 'ASC', 'WITHDIST'), [['Catania', '56.4413'], ['Palermo', '190.4424']]);
  // The same objects are Tile38's and REST's.
  assert.match(await io.call('GET', 'Sicily', 'Palermo'), /"Point"/);
  assert.equal((await server.get('/api/v1/objects/Catania?collection=Sicily')).status, 200);
});

test('large values and large pipelines from several clients at once', async () => {
  const big = 'x'.repeat(2_000_000);
  assert.equal(await io.call('SET', 'big', 'text', 'STRING', big), 'OK');
  assert.equal(await io.call('GET', 'big', 'text'), big);
  const clients = Array.from({ length: 20 }, () => io.duplicate());
  await Promise.all(clients.map(async (client, c) => {
    const pipeline = client.pipeline();
    for (let i = 0; i < 500; i++) pipeline.call('SET', 'many', `${c}-${i}`, 'POINT', c, i % 180);
    const answers = await pipeline.exec();
    assert.ok(answers.every(([error]) => !error));
  }));
  assert.equal(await io.call('SCAN', 'many', 'COUNT'), 10000);
  clients.forEach((client) => client.disconnect());
});

test('a password', async () => {
  const locked = await startServer({ env: { WARP_RESP_PASSWORD: 'secret' } });
  try {
    const stranger = new Redis({ port: locked.respPort, host: '127.0.0.1', maxRetriesPerRequest: 0, retryStrategy: null, enableReadyCheck: false });
    stranger.on('error', () => {});
    await assert.rejects(stranger.call('GET', 'a', 'b'), /NOAUTH|Authentication required|authentication required/);
    stranger.disconnect();
    const friend = new Redis({ port: locked.respPort, host: '127.0.0.1', password: 'secret', maxRetriesPerRequest: 0 });
    assert.equal(await friend.call('SET', 'a', 'b', 'POINT', '1', '2'), 'OK');
    friend.disconnect();
    const known = await createClient({ url: `redis://:secret@127.0.0.1:${locked.respPort}` }).on('error', () => {}).connect();
    assert.equal(await known.sendCommand(['TYPE', 'a']), 'hash');
    known.destroy();
  } finally {
    await locked.stop();
  }
});
