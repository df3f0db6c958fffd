// tile38_import.test.mjs - import --format tile38: append-only files and running Tile38s, into a recorder.

import assert from 'node:assert/strict';
import { utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { connectResp, encodeCommand } from './support/resp.mjs';
import { runCommand, startServer, tempDir } from './support/server.mjs';
import { startRecorder, startTile38 } from './support/tile38_mock.mjs';

let tmp;
before(async () => (tmp = await tempDir()));
after(() => tmp?.remove());

const words = (line) => line.match(/'[^']*'|\S+/g).map((w) => w.replace(/^'(.*)'$/s, '$1'));
const aof = (...lines) => lines.map((line) => encodeCommand(words(line))).join('');
const point = (lon, lat) => ({ type: 'Point', coordinates: [lon, lat] });

const recorderFor = (t, options) => startRecorder(options).then((server) => (t.after(() => server.stop()), server));
const sourceFor = (t, options) => startTile38(options).then((server) => (t.after(() => server.stop()), server));

async function importInto(recorder, args, options) {
  return runCommand(['import', '--format', 'tile38', '--url', recorder.url, ...args], options);
}

test('an append-only file: commands in order, fences last, nothing of the server that wrote it', async (t) => {
  const recorder = await recorderFor(t);
  const input = aof(
    'set fleet t1 FIELD speed 90 POINT 33.5 -112.25',
    'sethook h http://example.com/x NEARBY fleet FENCE POINT 33 -112 500',
    'setchan c WITHIN fleet FENCE BOUNDS 33 -113 34 -112',
    'setchan gone WITHIN fleet FENCE BOUNDS 33 -113 34 -112',
    'readonly no',
    'del fleet t1',
    "set fleet t2 STRING 'two words'",
    'delchan gone');
  const end = await importInto(recorder, ['-'], { input });
  assert.equal(end.status, 0, end.stderr);
  assert.deepEqual(recorder.commands, [
    words('set fleet t1 FIELD speed 90 POINT 33.5 -112.25'),
    words('del fleet t1'),
    words("set fleet t2 STRING 'two words'"),
    words('sethook h http://example.com/x NEARBY fleet FENCE POINT 33 -112 500'),
    words('setchan c WITHIN fleet FENCE BOUNDS 33 -113 34 -112'),
  ]);
  assert.match(end.stdout, /^-: 5 commands, [\d.]+ s\n {2}set 2\n {2}del 1\n {2}sethook 1\n {2}setchan 1\n$/);
  assert.equal(end.stderr, '');
});

test('a torn end is told and left out, damage stops with its place, zeros are passed over', async (t) => {
  const recorder = await recorderFor(t);
  const whole = aof('set fleet t1 POINT 1 2');
  const torn = await importInto(recorder, ['-'], { input: `${whole}\0\0${whole.slice(0, 20)}` });
  assert.equal(torn.status, 0);
  assert.match(torn.stderr, new RegExp(`last command is not whole .* 20 bytes from offset ${whole.length + 2} on`));
  const damaged = await importInto(recorder, ['-'], { input: `${whole}what is this\r\n${whole}` });
  assert.equal(damaged.status, 1);
  assert.match(damaged.stderr, new RegExp(`offset ${whole.length} is no command`));
  assert.match(damaged.stdout, /^-: 1 commands/);
  assert.equal(recorder.commands.length, 2);
});

test('what is refused is told with its place, ten of them in full, and the exit code is 1', async (t) => {
  const recorder = await recorderFor(t, {
    refuse: (args) => (args[2] === 'bad' ? new Error("ERR invalid argument 'x'") : args[0] === 'del' ? new Error('ERR id not found') : null),
  });
  const first = aof('set fleet t1 POINT 1 2', 'del fleet t2', 'shutdown');
  const input = first + aof(...Array(15).fill('set fleet bad POINT x 2'), 'set fleet t2 POINT 1 2');
  const end = await importInto(recorder, ['-'], { input });
  assert.equal(end.status, 1);
  assert.match(end.stdout, /^-: 2 commands, 1 without effect, 16 refused, /);
  const lines = end.stderr.trim().split('\n');
  assert.equal(lines.length, 12);
  assert.ok(lines.some((line) => line.includes(`-: offset ${first.length}: set fleet bad POINT x 2: ERR invalid argument 'x'`)), end.stderr);
  assert.ok(lines.some((line) => /offset \d+: shutdown: no command/.test(line)), end.stderr);
  assert.match(lines[10], /and 6 errors more/);
  assert.match(lines[11], /16 commands were refused/);
});

test('lives lose the age of the file; gzip is read; one collection only', async (t) => {
  const recorder = await recorderFor(t);
  const file = path.join(tmp.dir, 'appendonly.aof');
  await writeFile(file, gzipSync(aof('set a x EX 5000 POINT 1 2', 'set a y EX 900 POINT 1 2', 'set b x POINT 1 2')));
  const then = new Date(Date.now() - 1000_000);
  await utimes(file, then, then);
  const end = await importInto(recorder, [file, '--collection', 'a']);
  assert.equal(end.status, 0, end.stderr);
  assert.match(end.stdout, /1 lives had ended: the file is 1\d\d\d s old/);
  assert.equal(recorder.commands.length, 2);
  const [, , , , life] = recorder.commands[0];
  assert.ok(Math.abs(Number(life) - 4000) < 20, life);
  assert.deepEqual(recorder.commands[1], ['DEL', 'a', 'y']);
});

test('a long file goes through in bounded pieces, in order', async (t) => {
  const recorder = await recorderFor(t);
  const lines = Array.from({ length: 20000 }, (_, i) => `set fleet t${i} POINT ${i % 90} ${i % 180}`);
  const big = `set fleet big STRING ${'x'.repeat(5_000_000)}`;
  const end = await importInto(recorder, ['-'], { input: aof(...lines.slice(0, 10000), big, ...lines.slice(10000)) });
  assert.equal(end.status, 0, end.stderr);
  assert.equal(recorder.commands.length, 20001);
  assert.equal(recorder.commands[10000][4].length, 5_000_000);
  recorder.commands.splice(10000, 1);
  recorder.commands.forEach((args, i) => assert.equal(args[2], `t${i}`));
});

test('a server that is not there, goes away, or wants a password', async (t) => {
  const recorder = await recorderFor(t);
  const gone = { url: recorder.url };
  await recorder.stop();
  const away = await importInto(gone, ['-'], { input: aof('set a b POINT 1 2') });
  assert.equal(away.status, 1);
  assert.match(away.stderr, /^warpengine: --url: 127\.0\.0\.1:\d+: Connection refused; is the server running\?/);

  let n = 0;
  const half = await recorderFor(t, { refuse: () => (++n > 100 ? 'close' : null) });
  const cut = await importInto(half, ['-'], { input: aof(...Array(5000).fill('set a b POINT 1 2')) });
  assert.equal(cut.status, 1);
  assert.match(cut.stderr, /127\.0\.0\.1:\d+: (it closed the connection|Connection reset by peer|Broken pipe)/);

  const locked = await sourceFor(t, { password: 'secret' });
  const refused = await runCommand(['import', '--format', 'tile38', '-', '--url', locked.url.replace('//', '//:wrong@')]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /does not take the password: ERR invalid password/);
  const secret = path.join(tmp.dir, 'secret');
  await writeFile(secret, 'secret\n');
  for (const [args, env] of [[['--password-file', secret], {}], [[], { WARP_RESP_PASSWORD: 'secret' }]]) {
    const end = await runCommand(['import', '--format', 'tile38', '-', '--url', locked.url, ...args], { env });
    assert.equal(end.status, 0, end.stderr);
  }
  assert.equal(locked.asked.filter(([name, word]) => name === 'AUTH' && word === 'secret').length, 2);
});

test('usage', async (t) => {
  for (const [pattern, args] of [
    [/name one file/, ['--format', 'tile38']],
    [/name one file/, ['x', '--source', 'redis://127.0.0.1:1']],
    [/goes to a running server/, ['x', '--format', 'tile38', '--data', 'd']],
    [/--after goes with --source/, ['x', '--format', 'tile38', '--after', 'k']],
    [/must be redis:\/\//, ['x', '--format', 'tile38', '--url', 'http://127.0.0.1:4000']],
  ]) {
    const end = await runCommand(['import', ...args]);
    assert.equal(end.status, 2, end.stderr);
    assert.match(end.stderr, pattern);
  }
});

// --- a running Tile38 ---

const fleet = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`t${String(i).padStart(6, '0')}`, { object: point(i % 180, i % 90) }]));

test('every form of object comes over, with fields, lives, hooks and channels', async (t) => {
  const feature = { type: 'Feature', geometry: point(1, 2), properties: { name: 'x', n: 1.10 }, id: 7 };
  const source = await sourceFor(t, {
    keys: {
      fleet: {
        a: { object: point(-112.25, 33.5), fields: { speed: 90.5, zero: 0, name: 'two words', digits: '12', truly: 'true', spaced: ' x', info: { a: [1] }, nan: 'NaN', yes: true }, ttl: 100 },
        b: { object: feature },
      },
      words: { 'an id': { string: '{"type":"Point","coordinates":[1,2]}' }, s: { string: 'plain é', ttl: 0.25 } },
    },
    hooks: [{ name: 'h', key: 'fleet', ttl: 60, endpoints: ['http://a/x', 'http://b/y'], command: ['nearby', 'fleet', 'FENCE', 'POINT', '33', '-112', '500'], meta: { k: 'v w' } }],
    chans: [{ name: 'c', key: 'words', ttl: -1, command: ['within', 'words', 'FENCE', 'BOUNDS', '1', '2', '3', '4'], meta: {} }],
  });
  const recorder = await recorderFor(t);
  const end = await runCommand(['import', '--source', source.url, '--url', recorder.url]);
  assert.equal(end.status, 0, end.stderr);
  assert.deepEqual(recorder.commands, [
    ['SET', 'fleet', 'a', 'FIELD', 'speed', '90.5', 'FIELD', 'name', 'two words', 'FIELD', 'digits', '"12"', 'FIELD', 'truly', '"true"', 'FIELD', 'spaced', '" x"', 'FIELD', 'info', '{"a":[1]}',
      'FIELD', 'nan', 'NaN', 'FIELD', 'yes', 'true', 'EX', '100.5', 'OBJECT', '{"type":"Point","coordinates":[-112.25,33.5]}'],
    ['SET', 'fleet', 'b', 'OBJECT', JSON.stringify(feature)],
    ['SET', 'words', 'an id', 'STRING', '{"type":"Point","coordinates":[1,2]}'],
    ['SET', 'words', 's', 'EX', '0.25', 'STRING', 'plain é'],
    ['SETHOOK', 'h', 'http://a/x,http://b/y', 'META', 'k', 'v w', 'EX', '60.5', 'nearby', 'fleet', 'FENCE', 'POINT', '33', '-112', '500'],
    ['SETCHAN', 'c', 'within', 'words', 'FENCE', 'BOUNDS', '1', '2', '3', '4'],
  ]);
  assert.match(end.stdout, /6 commands, .*\n {2}set 4\n {2}sethook 1\n {2}setchan 1\n/);

  const again = await recorderFor(t);
  const one = await runCommand(['import', source.url, '--collection', 'words', '--url', again.url]);
  assert.equal(one.status, 0, one.stderr);
  assert.deepEqual(again.commands.map((c) => c.slice(0, 3)), [['SET', 'words', 'an id'], ['SET', 'words', 's'], ['SETCHAN', 'c', 'within']]);
});

test('more than a hundred rows, fields as older ones list them, and a resumed import', async (t) => {
  const keys = { a: fleet(3), b: fleet(25000), c: fleet(120) };
  keys.b.t000777.fields = { speed: 5 };
  const source = await sourceFor(t, { keys, oldFields: true });
  const recorder = await recorderFor(t);
  const end = await runCommand(['import', '--source', source.url, '--url', recorder.url, '--after', 'a']);
  assert.equal(end.status, 0, end.stderr);
  assert.deepEqual(recorder.commands.map((c) => `${c[1]} ${c[2]}`), [...Object.keys(keys.b).map((id) => `b ${id}`), ...Object.keys(keys.c).map((id) => `c ${id}`)]);
  assert.deepEqual(recorder.commands[777], ['SET', 'b', 't000777', 'FIELD', 'speed', '5', 'OBJECT', '{"type":"Point","coordinates":[57,57]}']);
});

test('objects that stay are given once though others come and go between pages', async (t) => {
  const keys = { fleet: fleet(12000) };
  for (const object of Object.values(keys.fleet)) object.string = 'x'.repeat(1500); // for many pages
  let pages = 0;
  const source = await sourceFor(t, {
    keys,
    onScan: (all, key, cursor) => {
      if (cursor === 0 || ++pages > 40) return;
      const ids = Object.keys(all[key]).sort();
      // Deletes move what follows down, behind the cursor; new ones move it up.
      if (pages % 2) for (let i = 0; i < 150 && i < cursor; i++) delete all[key][ids[i * 2 + 1]];
      else for (let i = 0; i < 50; i++) all[key][`a${pages}-${i}`] = { object: point(0, 0) };
    },
  });
  const recorder = await recorderFor(t);
  const end = await runCommand(['import', '--source', source.url, '--url', recorder.url]);
  assert.equal(end.status, 0, end.stderr);
  assert.ok(pages > 3);
  const seen = new Map();
  for (const [, , id] of recorder.commands) seen.set(id, (seen.get(id) ?? 0) + 1);
  for (const id of Object.keys(keys.fleet).filter((name) => name.startsWith('t'))) assert.equal(seen.get(id), 1, id);
});

test('a source that goes away says how to go on', async (t) => {
  const keys = { a: fleet(3), b: fleet(3000), c: fleet(3) };
  const source = await sourceFor(t, {
    keys,
    onScan: (all, key, cursor) => {
      return key === 'b' && cursor > 0 ? 'close' : null;
    },
  });
  const recorder = await recorderFor(t);
  const end = await runCommand(['import', '--source', source.url, '--url', recorder.url]);
  assert.equal(end.status, 1);
  assert.match(end.stderr, /go on with --after a\n/);
});

test('a source that is no Tile38', async (t) => {
  const recorder = await recorderFor(t);
  const end = await runCommand(['import', '--source', recorder.url, '--url', recorder.url]);
  assert.equal(end.status, 1);
  assert.match(end.stderr, /an answer that is not JSON|not what a Tile38 answers/);
});

// --- into the real server ---

test('a file and a running Tile38 end up the same in a server, and REST and fences know', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const url = `redis://127.0.0.1:${server.respPort}`;
  const client = await connectResp(server.respPort);
  t.after(() => client.close());
  const feature = { type: 'Feature', geometry: point(1, 2), properties: { name: 'x' }, more: [1] };
  const file = aof('set a p FIELD speed 90 POINT 33.5 -112.25', 'set a s STRING words', 'set a life EX 1000 POINT 1 2', `set a f OBJECT '${JSON.stringify(feature)}'`,
    'set a gone POINT 1 2', 'del a gone', 'set b x POINT 1 2', 'rename b c', 'fset a p speed 91', 'expire a nobody 5',
    'setchan gate NEARBY a FENCE DETECT enter POINT 50 10 500', 'sethook far kafka://host/topic NEARBY a FENCE POINT 50 10 500');
  const fromFile = await runCommand(['import', '--format', 'tile38', '-', '--url', url], { input: file });
  assert.equal(fromFile.status, 1);
  assert.match(fromFile.stderr, /SETHOOK far: ERR /i);
  assert.match(fromFile.stderr, /1 commands were refused/);
  const reads = ['GET a p WITHFIELDS', 'GET a s', 'GET a f', 'GET a gone', 'GET c x', 'KEYS *', 'CHANS *'];
  const first = [];
  for (const line of reads) first.push(await client.say(line));
  assert.deepEqual(first.slice(0, 2), [['{"type":"Point","coordinates":[-112.25,33.5]}', ['speed', '91']], 'words']);
  assert.deepEqual(JSON.parse(first[2]), feature);
  assert.equal(first[3], null);
  assert.deepEqual(first[5], ['a', 'c']);
  assert.ok((await client.say('TTL a life')) > 990);
  assert.deepEqual((await server.get('/api/v1/objects/p?collection=a')).json.properties, { speed: 91 });

  await client.say('FLUSHDB');
  const source = await sourceFor(t, {
    keys: {
      a: { p: { object: point(-112.25, 33.5), fields: { speed: 91 } }, s: { string: 'words' }, life: { object: point(2, 1), ttl: 1000 }, f: { object: feature } },
      c: { x: { object: point(2, 1) } },
    },
    chans: [{ name: 'gate', key: 'a', ttl: -1, command: words('NEARBY a FENCE DETECT enter POINT 50 10 500'), meta: {} }],
  });
  const fromSource = await runCommand(['import', '--source', source.url, '--url', url]);
  assert.equal(fromSource.status, 0, fromSource.stderr);
  for (const [i, line] of reads.entries()) assert.deepEqual(await client.say(line), first[i], line);

  const listener = await connectResp(server.respPort);
  t.after(() => listener.close());
  await listener.say('SUBSCRIBE gate');
  await client.say('SET a p POINT 50 10');
  const [, , message] = await listener.next();
  assert.deepEqual([JSON.parse(message).detect, JSON.parse(message).id], ['enter', 'p']);
});

test('our own server is a source too', async (t) => {
  const from = await startServer();
  t.after(() => from.stop());
  const to = await startServer();
  t.after(() => to.stop());
  const writer = await connectResp(from.respPort);
  const reader = await connectResp(to.respPort);
  t.after(() => (writer.close(), reader.close()));
  for (let i = 0; i < 3000; i++) writer.say(`SET many t${i} FIELD n ${i} POINT ${i % 90} ${i % 180}`);
  await writer.say("SET words s STRING 'a text'");
  await writer.say('SET words life EX 500 POINT 1 2');
  await writer.say('SETCHAN gate META k v NEARBY many FENCE POINT 50 10 500');
  const url = (server) => `redis://127.0.0.1:${server.respPort}`;
  const end = await runCommand(['import', '--source', url(from), '--url', url(to)]);
  assert.equal(end.status, 0, end.stderr);
  assert.equal(await reader.say('SCAN many COUNT'), 3000);
  for (const line of ['GET many t77 WITHFIELDS', 'GET words s', 'KEYS *', 'CHANS *', 'SCAN many LIMIT 5000'])
    assert.deepEqual(await reader.say(line), await writer.say(line), line);
  assert.ok((await reader.say('TTL words life')) > 490);
});
