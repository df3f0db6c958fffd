// hooks.test.mjs - Tile38's fences over the wire: hooks, channels, live connections, and that they come back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver } from './support/receiver.mjs';
import { connectResp, RespError } from './support/resp.mjs';
import { startServer, tempDir } from './support/server.mjs';

const ENV = { WARP_WAL_SYNC_INTERVAL: '20ms' };

let server, client, receiver;
before(async () => {
  server = await startServer({ env: ENV });
  client = await connectResp(server.respPort);
  receiver = await startReceiver();
});
after(async () => {
  client.socket.destroy();
  await receiver.die();
  await server.stop();
});

const error = (value, text) => {
  assert.ok(value instanceof RespError, JSON.stringify(value));
  assert.equal(value.message, text);
};

test('SETHOOK makes, changes and keeps; DELHOOK takes away', async () => {
  const hook = `SETHOOK office ${receiver.url}/a NEARBY fleet FENCE POINT 33 -115 500`;
  assert.equal(await client.say(hook), 1);
  assert.equal(await client.say(hook), 0);
  assert.equal(await client.say(`SETHOOK office ${receiver.url}/a,${receiver.url}/b META z 1 META a 2 NEARBY fleet FENCE POINT 33 -115 500`), 1);
  assert.deepEqual(await client.say('HOOKS off*'), [
    ['office', 'fleet', [`${receiver.url}/a`, `${receiver.url}/b`], ['NEARBY', 'fleet', 'FENCE', 'POINT', '33', '-115', '500'], ['a', '2', 'z', '1']],
  ]);
  assert.deepEqual(await client.say('HOOKS none*'), []);
  assert.deepEqual(await client.say('CHANS *'), []);
  assert.equal(await client.say('DELCHAN office'), 0);
  assert.equal(await client.say('DELHOOK office'), 1);
  assert.equal(await client.say('DELHOOK office'), 0);
  for (const name of ['p1', 'p2', 'q1']) await client.say(`SETHOOK ${name} ${receiver.url} WITHIN fleet FENCE BOUNDS 0 0 1 1`);
  assert.equal(await client.say('PDELHOOK p*'), 2);
  assert.deepEqual((await client.say('HOOKS *')).map((h) => h[0]), ['q1']);
  assert.equal(await client.say('PDELHOOK *'), 1);
});

test('what cannot be a hook is refused by name', async () => {
  const url = receiver.url;
  error(await client.say('SETHOOK'), "ERR wrong number of arguments for 'sethook' command");
  error(await client.say(`SETHOOK x ${url}`), "ERR wrong number of arguments for 'sethook' command");
  error(await client.say(`SETHOOK x ${url} NEARBY fleet POINT 33 -115 500`), 'ERR missing FENCE argument');
  error(await client.say(`SETHOOK x ${url} SCAN fleet FENCE`), "ERR invalid argument 'SCAN'");
  error(await client.say(`SETHOOK x ${url} EX soon NEARBY fleet FENCE POINT 33 -115 500`), "ERR invalid argument 'soon'");
  error(await client.say(`SETHOOK x ${url} META k`), "ERR wrong number of arguments for 'sethook' command");
  assert.match((await client.say('SETHOOK x kafka://h:9092/t NEARBY fleet FENCE POINT 33 -115 500')).message, /^ERR invalid argument 'kafka:\/\/h:9092\/t'.*kafka endpoints are not supported/);
  assert.match((await client.say('SETHOOK x http://169.254.169.254/ NEARBY fleet FENCE POINT 33 -115 500')).message, /webhooks\.allow_private/);
  assert.equal(await client.say('SETCHAN both NEARBY fleet FENCE POINT 33 -115 500'), 1);
  error(await client.say(`SETHOOK both ${url} NEARBY fleet FENCE POINT 33 -115 500`), 'ERR hooks and channels cannot share the same name');
  assert.equal(await client.say('PDELCHAN *'), 1);
});

test('the listings in JSON', async () => {
  await client.say(`SETHOOK h "${receiver.url}" META k v NEARBY fleet FENCE POINT 33 -115 500`.replaceAll('"', ''));
  await client.say('SETCHAN c EX 100 WITHIN fleet FENCE DETECT enter,exit BOUNDS 0 0 1 1');
  await client.say('OUTPUT json');
  const hooks = await client.json('HOOKS *');
  assert.deepEqual(hooks.hooks, [{ name: 'h', key: 'fleet', ttl: -1, endpoints: [receiver.url], command: ['NEARBY', 'fleet', 'FENCE', 'POINT', '33', '-115', '500'], meta: { k: 'v' } }]);
  const chans = await client.json('CHANS *');
  assert.ok(chans.ok && chans.chans[0].ttl > 90 && chans.chans[0].ttl <= 100);
  assert.deepEqual(chans.chans[0].command, ['WITHIN', 'fleet', 'FENCE', 'DETECT', 'enter,exit', 'BOUNDS', '0', '0', '1', '1']);
  assert.equal(chans.chans[0].endpoints, undefined);
  await client.say('DELHOOK h');
  await client.say('DELCHAN c');
  assert.equal(await client.say('OUTPUT resp'), 'OK');
});

test('messages of a hook, as Tile38 has them', async () => {
  receiver.taken.length = 0;
  await client.say(`SETHOOK m ${receiver.url}/path?x=1 META a b NEARBY msg FENCE POINT 33 -115 5000`);
  await client.say('SET msg truck FIELD speed 5 POINT 33 -115');
  await client.say('FSET msg truck speed 9');
  await client.say('SET msg truck POINT 34 -115');
  await client.say('DEL msg truck');
  await client.say('SET msg other POINT 50 50');
  await client.say('DROP msg');
  const taken = await receiver.until(8);
  assert.deepEqual(
    taken.map(({ json }) => `${json.command} ${json.detect ?? ''} ${json.id ?? ''}`.trim()),
    ['set enter truck', 'set inside truck', 'fset inside truck', 'set exit truck', 'set outside truck', 'del  truck', 'set outside other', 'drop'],
  );
  const { json, headers, method, url } = taken[0];
  assert.deepEqual(Object.keys(json), ['command', 'group', 'detect', 'hook', 'meta', 'key', 'time', 'id', 'object', 'fields']);
  assert.deepEqual(json.object, { type: 'Point', coordinates: [-115, 33] });
  assert.deepEqual(json.fields, { speed: 5 });
  assert.deepEqual(json.meta, { a: 'b' });
  assert.match(json.group, /^[0-9a-f]{24}$/);
  assert.equal(new Set(taken.slice(0, 5).map((t) => t.json.group)).size, 1);
  assert.equal(method, 'POST');
  assert.equal(url, '/path?x=1');
  assert.equal(headers['content-type'], 'application/json');
  assert.match(headers['webhook-id'], /^evt_[0-9a-f]{16}_\d+$/);
  assert.ok(Math.abs(headers['webhook-timestamp'] - Date.now() / 1000) < 60);
  assert.equal(new Set(taken.map((t) => t.id)).size, 8);
  assert.deepEqual(Object.keys(taken[5].json), ['command', 'hook', 'meta', 'key', 'id', 'time']);
  assert.deepEqual(Object.keys(taken[7].json), ['command', 'hook', 'meta', 'key', 'time']);
  assert.equal(receiver.mostBusy, 1);
  await client.say('DELHOOK m');
});

test('outputs, DISTANCE, NOFIELDS, MATCH, WHERE and COMMANDS', async () => {
  const sub = await connectResp(server.respPort);
  const fences = {
    ids: 'WITHIN out FENCE DETECT inside IDS BOUNDS 0 0 10 10',
    points: 'WITHIN out NOFIELDS FENCE DETECT inside POINTS BOUNDS 0 0 10 10',
    bounds: 'WITHIN out FENCE DETECT inside BOUNDS BOUNDS 0 0 10 10',
    hashes: 'WITHIN out FENCE DETECT inside HASHES 5 BOUNDS 0 0 10 10',
    distance: 'NEARBY out DISTANCE FENCE DETECT inside POINTS POINT 5 5 100000',
    match: 'WITHIN out MATCH b* FENCE DETECT inside IDS BOUNDS 0 0 10 10',
    where: 'WITHIN out WHERE n 10 20 FENCE DETECT inside IDS BOUNDS 0 0 10 10',
    dels: 'WITHIN out FENCE COMMANDS del IDS BOUNDS 0 0 10 10',
    count: 'WITHIN out FENCE COUNT BOUNDS 0 0 10 10',
  };
  for (const [name, fence] of Object.entries(fences)) assert.equal(await client.say(`SETCHAN o-${name} ${fence}`), 1, name);
  await sub.say('PSUBSCRIBE o-*');
  await client.say('SET out a1 FIELD n 5 POINT 5 5');
  await client.say('SET out b1 FIELD n 15 POINT 5 6');
  await client.say('DEL out a1');
  await client.ask('PUBLISH', 'o-end', 'end');
  const got = {};
  for (;;) {
    const [, , channel, text] = await sub.next();
    if (channel === 'o-end') break;
    const json = JSON.parse(text);
    (got[channel.slice(2)] ??= []).push(json);
  }
  const both = (name) => got[name].filter((m) => m.command === 'set').map((m) => m.id);
  for (const name of ['ids', 'points', 'bounds', 'hashes']) assert.deepEqual(both(name), ['a1', 'b1'], name);
  assert.deepEqual(Object.keys(got.ids[0]), ['command', 'group', 'detect', 'hook', 'key', 'time', 'id']);
  assert.deepEqual(got.points[0].point, { lat: 5, lon: 5 });
  assert.equal(got.points[0].fields, undefined);
  assert.deepEqual(got.bounds[0].bounds, { sw: { lat: 5, lon: 5 }, ne: { lat: 5, lon: 5 } });
  assert.equal(got.hashes[0].hash, 's0gs3');
  assert.equal(got.distance[0].distance, 0);
  assert.deepEqual(both('match'), ['b1']);
  assert.deepEqual(both('where'), ['b1']);
  assert.deepEqual(got.dels.map((m) => `${m.command} ${m.id}`), ['del a1']);
  assert.deepEqual((got.count ?? []).map((m) => m.command), ['del']);
  assert.equal(await client.say('PDELCHAN o-*'), 9);
  sub.socket.destroy();
});

test('the order of messages of one change', async () => {
  const sub = await connectResp(server.respPort);
  await sub.say('PSUBSCRIBE *');
  await client.say('SET points point POINT 33.412529053733444 -111.93368911743164');
  const box = (w, s, e, n) => `{"type":"Polygon","coordinates":[[[${w},${s}],[${e},${s}],[${e},${n}],[${w},${n}],[${w},${s}]]]}`;
  await client.say(`SETCHAN A WITHIN points FENCE OBJECT ${box(-111.952, 33.4005, -111.9263, 33.4223)}`);
  await client.say(`SETCHAN B WITHIN points FENCE OBJECT ${box(-111.9395, 33.4035, -111.9263, 33.42)}`);
  await client.say(`SETCHAN C WITHIN points FENCE OBJECT ${box(-111.9256, 33.4034, -111.912, 33.42)}`);
  await client.say(`SETCHAN D WITHIN points FENCE OBJECT ${box(-111.9256, 33.4006, -111.9002, 33.4221)}`);
  await client.say('SET points point POINT 33.412529053733444 -111.91909790039062');
  const order = [];
  for (let i = 0; i < 8; i++) {
    const message = JSON.parse((await sub.next())[3]);
    order.push(`${message.detect}:${message.hook}`);
  }
  assert.deepEqual(order, ['exit:A', 'exit:B', 'outside:A', 'outside:B', 'enter:C', 'enter:D', 'inside:C', 'inside:D']);
  await client.say('PDELCHAN *');
  sub.socket.destroy();
});

test('live fences: +OK, then messages until the connection goes', async () => {
  const live = await connectResp(server.respPort);
  assert.equal(await live.say('NEARBY lives FENCE DETECT enter,exit,cross POINT 10 10 10000'), 'OK');
  await client.say('SET lives v POINT 10 10');
  await client.say('SET lives v POINT 0 0');
  await client.say('SET lives v POINT 20 20');
  const told = [];
  for (let i = 0; i < 3; i++) told.push(JSON.parse(await live.next()));
  assert.deepEqual(told.map((m) => m.detect), ['enter', 'exit', 'cross']);
  assert.equal(told[0].hook, undefined);
  live.socket.destroy();
  // Nothing is left of it: the server goes on.
  await client.say('SET lives v POINT 10 10');
  assert.deepEqual(await client.say('CHANS *'), []);
});

test('roaming: nearby and faraway', async () => {
  const live = await connectResp(server.respPort);
  assert.equal(await live.say('NEARBY roam FENCE NODWELL ROAM roam * 5000'), 'OK');
  await client.say('SET roam one POINT 33 -115');
  await client.say('SET roam two POINT 33.01 -115');
  await client.say('SET roam two POINT 33.02 -115');
  await client.say('SET roam two POINT 35 -115');
  const near = JSON.parse(await live.next());
  assert.deepEqual([near.command, near.detect, near.id], ['set', 'roam', 'two']);
  assert.deepEqual([near.nearby.key, near.nearby.id, near.nearby.object], ['roam', 'one', { type: 'Point', coordinates: [-115, 33] }]);
  assert.ok(Math.abs(near.nearby.meters - 1112) < 2);
  const far = JSON.parse(await live.next());
  assert.equal(far.faraway.id, 'one');
  assert.ok(Math.abs(far.faraway.meters - 222_390) < 100);
  live.socket.destroy();
});

test('hooks and channels come back after a restart, expired ones do not', { timeout: 60_000 }, async () => {
  const tmp = await tempDir('warp-hooks-');
  let first = await startServer({ data: tmp.dir, env: ENV });
  let c = await connectResp(first.respPort);
  await c.say(`SETHOOK stays ${receiver.url}/r META a b NEARBY re FENCE DETECT enter POINT 33 -115 500`);
  await c.say('SETCHAN chan WITHIN re FENCE DETECT enter BOUNDS 30 -120 35 -110');
  await c.say(`SETHOOK goes ${receiver.url}/g EX 0.3 NEARBY re FENCE POINT 33 -115 500`);
  await c.say(`SETHOOK deleted ${receiver.url}/d NEARBY re FENCE POINT 33 -115 500`);
  await c.say('DELHOOK deleted');
  const listed = await c.say('HOOKS stays');
  receiver.taken.length = 0;
  await c.say('SET re one POINT 33 -115');
  await first.kill();
  c.socket.destroy();

  first = await startServer({ data: tmp.dir, env: ENV });
  c = await connectResp(first.respPort);
  assert.deepEqual(await c.say('HOOKS stays'), listed);
  assert.deepEqual((await c.say('CHANS *')).map((x) => x[0]), ['chan']);
  for (let i = 0; i < 100 && (await c.say('HOOKS *')).length > 1; i++) await new Promise((r) => setTimeout(r, 50));
  assert.deepEqual((await c.say('HOOKS *')).map((x) => x[0]), ['stays']);
  const sub = await connectResp(first.respPort);
  await sub.say('SUBSCRIBE chan');
  await c.say('SET re one POINT 33 -115'); // it is in already: no event
  await c.say('SET re two POINT 33 -115');
  assert.equal(JSON.parse((await sub.next())[2]).id, 'two');
  for (let i = 0; i < 200 && !receiver.taken.some((t) => t.json.id === 'two' && t.json.hook === 'stays'); i++) await new Promise((r) => setTimeout(r, 20));
  const ids = receiver.taken.filter((t) => t.json.hook === 'stays').map((t) => t.json.id);
  assert.deepEqual([...new Set(ids)], ['one', 'two']);
  c.socket.destroy();
  sub.socket.destroy();
  await first.stop();
  await tmp.remove();
});
