// peer_flatbush - npm kdbush and flatbush (planar degrees) and geokdbush (great circles), in node; wall clock.
//
//   node peer_flatbush.mjs FOLDER-WITH-node_modules      the workload lies in $DATA

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.resolve(process.argv[2], 'here.js'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: KDBush } = await load('kdbush');
const { default: Flatbush } = await load('flatbush');
const { around } = await load('geokdbush');

const EARTH_RADIUS_M = 6371008.8;
const RAD = Math.PI / 180;

function numbers(name) {
  const bytes = fs.readFileSync(path.join(process.env.DATA, name));
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
}

function line(who, set, op, total, count, check) {
  console.log([who, set, op, (total / count).toFixed(1), count, Number(check.toPrecision(6))].join('\t'));
}

function tookNs(work) {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began);
}

function haversineM(lon1, lat1, lon2, lat2) {
  const lat = Math.sin((lat2 - lat1) * RAD / 2), lon = Math.sin((lon2 - lon1) * RAD / 2);
  const hav = lat * lat + Math.cos(lat1 * RAD) * Math.cos(lat2 * RAD) * lon * lon;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, hav)));
}

function build(who, set, points, make) {
  let tree;
  const count = points.length / 2;
  line(who, set, 'bulk', tookNs(() => { tree = make(count); tree.finish(); }), count, count);
  line(who, set, 'bytes', tree.data.byteLength, count, 0);
  return tree;
}

function boxes(who, set, search) {
  for (const [kind, most] of [['1', 200000], ['100', 50000], ['10k', 1000]]) {
    const box = numbers(`${set}.q${kind}`);
    const count = Math.min(most, box.length / 4);
    let hits = 0;
    const ns = tookNs(() => {
      for (let i = 0; i < 4 * count; i += 4) hits += search(box[i], box[i + 1], box[i + 2], box[i + 3]).length;
    });
    line(who, set, `bbox${kind}`, ns, count, hits / count);
  }
}

function nearest(who, set, op, count, search, distance) {
  const centre = numbers(`${set}.kq`);
  let sum = 0;
  const ns = tookNs(() => {
    for (let i = 0; i < 2 * count; i += 2) {
      const found = search(centre[i], centre[i + 1]);
      sum += distance(centre[i], centre[i + 1], found[found.length - 1]);
    }
  });
  line(who, set, op, ns, count, sum);
}

for (const set of ['uniform', 'city']) {
  const points = numbers(`${set}.pts`);
  const kd = build('kdbush', set, points, (count) => {
    const tree = new KDBush(count);
    for (let i = 0; i < points.length; i += 2) tree.add(points[i], points[i + 1]);
    return tree;
  });
  boxes('kdbush', set, (...box) => kd.range(...box));
  nearest('geokdbush', set, 'knn10-sphere', 20000, (lon, lat) => around(kd, lon, lat, 10),
    (lon, lat, id) => haversineM(lon, lat, points[2 * id], points[2 * id + 1]));
  const flat = build('flatbush', set, points, (count) => {
    const tree = new Flatbush(count);
    for (let i = 0; i < points.length; i += 2) tree.add(points[i], points[i + 1], points[i], points[i + 1]);
    return tree;
  });
  boxes('flatbush', set, (...box) => flat.search(...box));
  nearest('flatbush', set, 'knn10', 100000, (lon, lat) => flat.neighbors(lon, lat, 10),
    (lon, lat, id) => Math.hypot(points[2 * id] - lon, points[2 * id + 1] - lat));
}
