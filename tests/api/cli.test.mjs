// cli.test.mjs - every command of the binary, as a person or a script would type it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { BINARY, ROOT, runCommand, startServer, tempDir } from './support/server.mjs';

const DEMO = path.join(ROOT, 'demo');
let server;
let tmp;
before(async () => {
  tmp = await tempDir();
  server = await startServer();
});
after(async () => {
  await server?.stop();
  await tmp?.remove();
});

const at = (name) => path.join(tmp.dir, name);
const url = () => ['--url', server.url];

/// Runs to the end and expects exit code 0.
async function done(args, options) {
  const end = await runCommand(args, options);
  assert.equal(end.status, 0, `${args.join(' ')}: ${end.stderr}`);
  return end;
}

/// Expects this exit code, one line on standard error, and nothing else that a person would not look for.
async function fails(status, pattern, args, options) {
  const end = await runCommand(args, options);
  assert.equal(end.status, status, `${args.join(' ')}: ${end.stderr}`);
  assert.match(end.stderr, pattern);
  assert.match(end.stderr, /^warpengine: [^\n]+\n$/);
  return end;
}

const count = async (name, from = server) => (await from.get(`/api/v1/collections/${name}`)).json?.count;
const objects = async (name, format = 'ndjson', target = url()) => {
  const end = await done(['export', '--collection', name, '--format', format, ...target]);
  return end.stdout;
};
const byId = (ndjson) => new Map(ndjson.trim().split('\n').map((line) => JSON.parse(line)).map((f) => [f.id, f]));

test('help, version, and usage that is wrong', async () => {
  assert.match((await done(['version'])).stdout, /^warpengine \d+\.\d+\.\d+\n$/);
  const help = (await done(['help'])).stdout;
  for (const name of ['serve', 'import', 'export', 'replay', 'backup', 'check', 'bench']) {
    assert.match(help, new RegExp(`^  ${name} `, 'm'));
    assert.match((await done(['help', name])).stdout, new RegExp(`^usage: warpengine ${name} `));
    assert.equal((await done([name, '--help'])).stdout, (await done(['help', name])).stdout);
  }
  assert.equal((await runCommand([])).status, 2);
  await fails(2, /there is no command frobnicate/, ['frobnicate']);
  await fails(2, /unknown option --colection; did you mean --collection\?/, ['import', 'x', '--colection', 'y']);
  await fails(2, /--collection needs a value/, ['export', '--collection']);
  await fails(2, /name one file/, ['import']);
  await fails(2, /name one file/, ['import', 'a', 'b']);
  await fails(2, /exclude each other/, ['export', '--url', 'http://127.0.0.1:1', '--data', 'd']);
  await fails(2, /must begin with http/, ['export', '--url', 'localhost:4000']);
  await fails(2, /--format must be/, ['import', '-', '--format', 'gpx']);
  await fails(2, /--delimiter/, ['import', '-', '--delimiter', ',,']);
  await fails(2, /--speed must be a number/, ['replay', '-', '--speed', 'fast']);
  await fails(2, /--collection/, ['import', '-', '--collection', '']);
  await fails(2, /not there yet/, ['bench', 'gpu']);
  await fails(2, /there is no suite/, ['bench', 'nothing']);
  await fails(2, /takes no argument/, ['serve', 'now']);
  await fails(2, /takes no argument/, ['check', 'now']);
  await fails(2, /address "nowhere"/, ['serve', '--listen', 'nowhere']);
});

test('the places of the demo go in and come out', async () => {
  const end = await done(['import', path.join(DEMO, 'places.csv.gz'), '--collection', 'places', '--format', 'csv', ...url()]);
  assert.match(end.stdout, /^places: 171075 imported, /);
  assert.equal(end.stderr, ''); // no progress bar in a pipe
  assert.equal(await count('places'), 171075);
  await done(['import', path.join(DEMO, 'places.csv.gz'), '--collection', 'places', ...url()]);
  assert.equal(await count('places'), 171075); // ids are made in the same way: nothing is there twice
  const first = (await server.get('/api/v1/objects/places-1?collection=places')).json;
  assert.deepEqual(first.coordinates, [42.53176, 1.56654]);
  assert.deepEqual(first.properties, { name: 'Vila', country: 'AD' });
});

test('the countries of the demo survive a round trip', async () => {
  const file = path.join(DEMO, 'countries.geojson.gz');
  await done(['import', file, '--collection', 'countries', '--format', 'geojson', ...url()]);
  assert.equal(await count('countries'), 255);
  const before = byId(await objects('countries'));
  for (const format of ['geojson', 'csv']) {
    await writeFile(at('countries'), await objects('countries', format));
    await done(['import', at('countries'), '--collection', `c-${format}`, '--format', format, ...url()]);
    const again = byId(await objects(`c-${format}`));
    assert.equal(again.size, 255);
    for (const [id, feature] of before) {
      // A table has no types: texts that look like numbers come back as numbers.
      const properties = Object.entries(feature.properties).map(([k, v]) => [k, format === 'csv' ? String(v) : v]);
      const got = Object.entries(again.get(id).properties).map(([k, v]) => [k, format === 'csv' ? String(v) : v]);
      assert.deepEqual(got.map(([k, v]) => [k, format === 'csv' ? v.replace(/^0+(?=\d)/, '') : v]),
        properties.map(([k, v]) => [k, format === 'csv' ? v.replace(/^0+(?=\d)/, '') : v]));
      assert.equal(vertices(again.get(id).geometry), vertices(feature.geometry), `${format}: ${id}`);
    }
  }
});

const vertices = (geometry) => JSON.stringify(geometry.coordinates).match(/-?\d[^,\]]*,-?\d[^,\]]*/g).sort().join(' ');

test('strings, which have no place, go out and come in', async () => {
  const strings = { a: 'hello there', b: '', c: 'a "quoted" line\nand another' };
  for (const [id, text] of Object.entries(strings)) {
    const reply = await server.request('PUT', `/api/v1/objects/${id}?collection=strings`, { json: { geometry: null, text } });
    assert.equal(reply.status, 201, reply.text);
  }
  for (const format of ['ndjson', 'geojson', 'geojsonseq']) {
    await writeFile(at('strings'), await objects('strings', format));
    await done(['import', at('strings'), '--collection', `strings-${format}`, '--format', format, ...url()]);
    const again = byId(await objects(`strings-${format}`));
    assert.deepEqual(Object.fromEntries([...again].map(([id, f]) => [id, f.text])), strings);
  }
  const csv = await runCommand(['export', '--collection', 'strings', '--format', 'csv', ...url()]);
  assert.match(csv.stderr, /3 values have no column/);
});

test('standard input, and properties of all kinds', async () => {
  const features = [
    { type: 'Feature', id: 'a', geometry: { type: 'Point', coordinates: [1, 2, 30] }, properties: { s: 'x"\n,;é', n: 1.5, b: true, l: [1, { z: null }] }, time: '2026-01-02T03:04:05.678Z' },
    { type: 'Feature', id: 'b', geometry: { type: 'LineString', coordinates: [[1, 2], [3, 4]] }, properties: {} },
  ];
  await done(['import', '-', '--collection', 'kinds', ...url()], { input: JSON.stringify({ type: 'FeatureCollection', features }) });
  const got = byId(await objects('kinds'));
  for (const format of ['geojson', 'geojsonseq', 'ndjson']) {
    const input = await objects('kinds', format);
    await done(['import', '-', '--collection', `kinds-${format}`, ...url()], { input });
    assert.deepEqual(byId(await objects(`kinds-${format}`)), got);
  }
  assert.deepEqual([got.get('a'), got.get('b')].map(({ type, id, geometry, properties, time }) => JSON.parse(JSON.stringify({ type, id, geometry, properties, time }))), features);
  await done(['import', '-', '--collection', 'zipped', '--id-prefix', 'z/', ...url()], { input: gzipSync('lat;lon\n1;2\n3;4\n') });
  assert.deepEqual([...byId(await objects('zipped')).keys()].sort(), ['z/1', 'z/2']);
  const csv = await objects('kinds', 'csv');
  await done(['import', '-', '--collection', 'kinds-csv', '--format', 'csv', ...url()], { input: csv });
  const table = byId(await objects('kinds-csv'));
  assert.deepEqual(table.get('a').geometry, features[0].geometry);
  assert.equal(table.get('a').properties.s, features[0].properties.s);
  assert.equal(table.get('a').properties.b, true);
  assert.equal(table.get('a').time, features[0].time);
  assert.deepEqual(table.get('b').geometry, features[1].geometry);
});

test('bad records are named by line, the rest goes in', async () => {
  const input = 'id,lat,lon\na,1,2\nb,91,2\nc,1,x\nd,3,4\n';
  const end = await runCommand(['import', '-', '--collection', 'partly', ...url()], { input });
  assert.equal(end.status, 1);
  assert.match(end.stdout, /^partly: 2 imported, 2 refused/);
  assert.match(end.stderr, /line 3: lat is outside -90..90: 91\n/);
  assert.match(end.stderr, /line 4: lon is not a number: x\n/);
  assert.match(end.stderr, /2 of 4 records were refused\n$/);
  const refused = '{"id":"a","geometry":{"type":"Point","coordinates":[1,2]}}\n{"id":"b","color":"red","geometry":{"type":"Point","coordinates":[1,2]}}\n\n{"id":"c","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[2,2],[3,3]]]}}\n';
  const lines = await runCommand(['import', '-', '--collection', 'lines', '--format', 'ndjson', ...url()], { input: refused });
  assert.equal(lines.status, 1);
  assert.match(lines.stderr, /line 2: .*color/); // the server's own words, the line of the file
  assert.match(lines.stderr, /line 4: /);
  assert.equal(await count('lines'), 1);
  const strict = await runCommand(['import', '-', '--strict', '--collection', 'strict', ...url()], { input });
  assert.equal(strict.status, 1);
  assert.match(strict.stderr, /line 3: lat/);
  assert.equal(await count('strict'), 1); // what came before the mistake
});

test('inputs that cannot be read say why', async () => {
  await fails(1, /no such file|No such file/i, ['import', at('missing'), ...url()]);
  await fails(1, /is a directory/, ['import', tmp.dir, ...url()]);
  await fails(1, /no position among the columns/, ['import', '-', ...url()], { input: 'a,b\n1,2\n' });
  await fails(1, /nothing to import/, ['import', '-', '--collection', 'none', ...url()], { input: '[]' });
  await writeFile(at('cut.gz'), gzipSync('lat,lon\n1,2\n'.repeat(1000)).subarray(0, 40));
  await fails(1, /gzip data/, ['import', at('cut.gz'), '--format', 'geojson', ...url()]);
  await fails(1, /ends too early/, ['import', '-', '--collection', 'none', ...url()], { input: '{"features":[' });
  await fails(1, /is the server running/, ['import', '-', '--url', 'http://127.0.0.1:9'], { input: 'lat,lon\n1,2\n' });
  await fails(1, /is the server running/, ['export', '--url', 'http://127.0.0.1:9']);
  await fails(1, /no collection/, ['export', '--collection', 'never-made', ...url()]);
});

test('columns of any name', async () => {
  const input = 'what\twhen\tN\tE\n"7"\t1433667616\t50\t8\n';
  await done(['import', '-', '--collection', 'named', '--lat', 'n', '--lon', 'e', '--id', 'what', '--time', 'when', ...url()], { input });
  const got = (await server.get('/api/v1/objects/7?collection=named')).json;
  assert.deepEqual(got.coordinates, [50, 8]);
  assert.equal(got.time, '2015-06-07T09:00:16.000Z');
  await fails(1, /--lat: there is no column nope/, ['import', '-', '--lat', 'nope', ...url()], { input });
});

test('an expiry travels with the object', async () => {
  await server.put('/api/v1/objects/e?collection=expiring', { coordinates: [1, 2], expires_in: 3600 });
  const out = await objects('expiring');
  await done(['import', '-', '--collection', 'expiring2', '--format', 'ndjson', ...url()], { input: out });
  const [was, is] = await Promise.all(['expiring', 'expiring2'].map((c) => server.get(`/api/v1/objects/e?collection=${c}`)));
  assert.ok(Math.abs(Date.parse(was.json.expires_at) - Date.parse(is.json.expires_at)) < 100, `${was.json.expires_at} ${is.json.expires_at}`);
});

test('a full output is noticed', async () => {
  const full = await open('/dev/full', 'w');
  const child = spawn(BINARY, ['export', '--collection', 'places', ...url()], { stdio: ['ignore', full.fd, 'pipe'] });
  let text = '';
  child.stderr.on('data', (bytes) => (text += bytes));
  const status = await new Promise((resolve) => child.once('close', resolve));
  await full.close();
  assert.equal(status, 1);
  assert.match(text, /cannot write: No space left/);
});

test('a replay moves things now, and ends cleanly', async (t) => {
  const fleet = path.join(DEMO, 'fleet.csv.gz');
  const began = Date.now();
  const child = spawn(BINARY, ['replay', fleet, '--collection', 'fleet', '--speed', '6000', '--loop', ...url()]);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (bytes) => (output[name] += bytes));
  const ended = new Promise((resolve) => child.once('close', (status) => resolve(status)));
  t.after(() => child.kill('SIGKILL'));
  const fleetNow = async () => (await server.get('/api/v1/objects?collection=fleet&limit=1000')).json.features ?? [];
  const isMoving = (list) => list.length > 5 && list.some((bus) => bus.version > 1);
  let list = [];
  for (const deadline = Date.now() + 30_000; Date.now() < deadline && !isMoving(list); await sleep(200)) list = await fleetNow();
  assert.ok(isMoving(list), `${list.length} buses`);
  for (const bus of list) {
    const time = Date.parse(bus.time);
    assert.ok(time >= began - 1 && time <= Date.now() + 1, bus.time);
    assert.equal(typeof bus.properties.speed_mps, 'number');
  }
  child.kill('SIGINT');
  assert.equal(await ended, 0, output.stderr);
  assert.match(output.stdout, /^fleet: \d+ positions sent, /);
  assert.equal(output.stderr, '');
  const once = await done(['replay', fleet, '--collection', 'once', '--speed', '1000000', ...url()]);
  assert.match(once.stdout, /^once: 44083 positions sent/);
  const late = await done(['replay', fleet, '--collection', 'late', '--speed', '1000000', '--from', '68000', ...url()]);
  assert.match(late.stdout, /^late: [1-9]\d{0,2} positions sent/);
  await fails(2, /ends before that/, ['replay', fleet, '--collection', 'late', '--from', '90000', ...url()]);
  await fails(1, /no position with a time/, ['replay', '-', ...url()], { input: 'lat,lon\n1,2\n' });
});

test('a replay waits for a server that goes away and comes back', async (t) => {
  const data = at('away');
  let other = await startServer({ data });
  const child = spawn(BINARY, ['replay', path.join(DEMO, 'fleet.csv.gz'), '--collection', 'fleet', '--speed', '3000', '--loop', '--url', other.url]);
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (bytes) => (said += bytes));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const says = async (pattern) => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline && !pattern.test(said); ) await sleep(50);
    assert.match(said, pattern);
  };
  const { port } = other;
  await sleep(500);
  await other.kill();
  await says(/trying again every second\n$/);
  other = await startServer({ data, port });
  await says(/the server answers again\n$/);
  assert.equal(said.match(/\n/g).length, 2);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  await other.stop();
});

test('a data directory without a server: import, export, backup, check', async () => {
  const data = ['--data', at('offline')];
  await fails(1, /there is no data directory/, ['export', ...data]);
  await fails(1, /there is no data directory/, ['backup', at('copy0'), ...data]);
  await done(['import', path.join(DEMO, 'countries.geojson.gz'), '--collection', 'countries', ...data]);
  assert.equal((await objects('countries', 'ndjson', data)).trim().split('\n').length, 255);
  assert.match((await done(['check', ...data])).stdout, /configuration ok\n[^]*store ok\n$/);
  await done(['backup', at('copy'), ...data]);
  await fails(1, /is not empty/, ['backup', at('copy'), ...data]);
  const other = await startServer({ data: at('offline') });
  assert.equal(await count('countries', other), 255);
  // Now it is the server's.
  await fails(1, /in use by process \d+/, ['import', '-', ...data], { input: 'lat,lon\n1,2\n' });
  await fails(1, /in use by process \d+/, ['export', '--collection', 'countries', ...data]);
  const second = await startServer({ data: at('offline'), ready: false });
  assert.equal((await second.ended).status, 1);
  assert.match(second.log, /in use by process \d+/);
  await other.stop();
});

test('a backup taken while things change is a whole store', async () => {
  const data = at('live');
  const live = await startServer({ data });
  let writing = true;
  let acknowledged = 0;
  const writer = (async () => {
    for (let n = 0; writing; n++) {
      const body = Array.from({ length: 50 }, (_, i) => JSON.stringify({ id: `b${n}-${i}`, coordinates: [i, n % 180] })).join('\n');
      const reply = await live.request('POST', '/api/v1/objects/batch?collection=w', { body, headers: { 'content-type': 'application/x-ndjson' } });
      assert.equal(reply.json.stored, 50);
      acknowledged = n + 1;
    }
  })();
  await sleep(300);
  const before = acknowledged;
  assert.match((await done(['backup', 'live-copy', '--url', live.url], { cwd: tmp.dir })).stdout, /live-copy/);
  writing = false;
  await writer;
  await live.stop();
  assert.match((await done(['check', '--data', at('live-copy')])).stdout, /store ok/);
  const copy = await startServer({ data: at('live-copy') });
  const kept = await count('w', copy);
  assert.ok(kept >= before * 50 && kept <= acknowledged * 50 && kept % 50 === 0, `${kept} of ${before * 50}..${acknowledged * 50}`);
  await copy.stop();
});

test('check names what is damaged, and changes nothing', async () => {
  const dir = at('damaged');
  await done(['import', path.join(DEMO, 'countries.geojson.gz'), '--collection', 'countries', '--data', dir]);
  const segment = (await readdir(dir)).find((name) => name.startsWith('wal-'));
  const file = path.join(dir, segment);
  const bytes = await readFile(file);
  bytes[Math.floor(bytes.length / 3)] ^= 1;
  await writeFile(file, bytes);
  const end = await runCommand(['check', '--data', dir]);
  assert.equal(end.status, 1);
  assert.ok(end.stdout.includes(segment), end.stdout);
  assert.match(end.stderr, /^warpengine: the store in [^\n]+\n$/);
  assert.deepEqual(await readFile(file), bytes);
  const broken = await startServer({ data: dir, ready: false });
  assert.equal((await broken.ended).status, 1);
  assert.ok(broken.log.includes(segment), broken.log);
  assert.equal((await runCommand(['export', '--collection', 'countries', '--data', dir])).status, 1);
});

test('check names what is wrong in a configuration', async () => {
  await writeFile(at('bad.yaml'), 'limits:\n  body_bytes: many\n');
  await fails(2, /bad\.yaml.*limits\.body_bytes|limits\.body_bytes.*bad\.yaml/, ['check', '--config', at('bad.yaml')]);
  await writeFile(at('good.yaml'), `data_root: ${at('nothing-yet')}\nwal:\n  mode: always\n`);
  assert.match((await done(['check', '--config', at('good.yaml')])).stdout, /configuration ok\n.*not there yet/);
  await fails(2, /WARP_WAL_MODE/, ['check'], { env: { WARP_WAL_MODE: 'sometimes' } });
});

test('a directory that cannot be written to is named', { skip: process.getuid() === 0 && 'root may write anywhere' }, async () => {
  await mkdir(at('locked'));
  await chmod(at('locked'), 0o500);
  await fails(1, /locked/, ['import', '-', '--data', at('locked/data')], { input: 'lat,lon\n1,2\n' });
  const denied = await startServer({ data: at('locked/data'), ready: false });
  assert.equal((await denied.ended).status, 1);
  assert.match(denied.log, /locked/);
});

test('a path under a file is no data directory', async () => {
  await writeFile(at('file'), '');
  await fails(1, /file: Not a directory/, ['import', '-', '--data', at('file/data')], { input: 'lat,lon\n1,2\n' });
  const denied = await startServer({ data: at('file/data'), ready: false });
  assert.equal((await denied.ended).status, 1);
  assert.match(denied.log, /file: Not a directory/);
});

test('bench tells figures as a table and as JSON, and leaves nothing behind', async () => {
  const env = { TMPDIR: at('bench') };
  await mkdir(env.TMPDIR);
  for (const suite of ['spatial', 'storage']) {
    const table = (await done(['bench', suite, '--objects', '2000'], { env })).stdout;
    assert.match(table, /CPU us\/op/);
    const { cases, objects: n } = JSON.parse((await done(['bench', suite, '--objects', '2000', '--json'], { env })).stdout);
    assert.equal(n, 2000);
    assert.ok(cases.length >= 8);
    for (const c of cases) assert.ok((c.cpu_us_per_op ?? c.value) > 0, JSON.stringify(c));
  }
  assert.deepEqual(await readdir(env.TMPDIR), []);
  assert.ok((await stat(env.TMPDIR)).isDirectory());
});
