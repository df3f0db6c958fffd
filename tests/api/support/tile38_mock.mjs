// tile38_mock.mjs - as much of a Tile38 as a migration asks of it, in JSON output, with the same pages by cursor.

import { startRespServer } from './resp.mjs';

/// `keys`: {key: {id: {object | string, fields, ttl}}}; `hooks`, `chans`: as HOOKS and CHANS list them.
/// `onScan(key, cursor)` may change `keys` between pages, as a live fleet does,
/// or say 'close' to end the connection.
export async function startTile38({ keys = {}, hooks = [], chans = [], password, onScan, oldFields = false } = {}) {
  const asked = [];
  const server = await startRespServer((args, connection) => {
    const [name, ...rest] = args;
    asked.push(args);
    const command = name.toLowerCase();
    if (command === 'auth') {
      connection.known = rest[0] === password;
      return connection.known ? { simple: 'OK' } : new Error('ERR invalid password');
    }
    if (password && !connection.known) return new Error('NOAUTH Authentication required.');
    const json = (members) => JSON.stringify({ ok: true, ...members, elapsed: '1µs' });
    const wrong = (err) => JSON.stringify({ ok: false, err, elapsed: '1µs' });
    if (command === 'output') return json({});
    if (command === 'keys') return json({ keys: Object.keys(keys).sort() });
    if (command === 'server') {
      return json({ stats: { num_objects: Object.values(keys).reduce((n, k) => n + Object.keys(k).length, 0) } });
    }
    if (command === 'hooks') return json({ hooks });
    if (command === 'chans') return json({ chans });
    if (command === 'ttl') {
      const object = keys[rest[0]]?.[rest[1]];
      return object ? json({ ttl: object.ttl ?? -1 }) : wrong('id not found');
    }
    if (command !== 'scan') return wrong(`unknown command '${name}'`);
    const [key, , cursorText, , limitText] = rest;
    const cursor = Number(cursorText);
    if (onScan?.(keys, key, cursor) === 'close') return connection.close();
    const ids = Object.keys(keys[key] ?? {}).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = ids.slice(cursor, cursor + Number(limitText));
    const names = [...new Set(ids.flatMap((id) => Object.keys(keys[key][id].fields ?? {})))].sort();
    const objects = page.map((id) => {
      const { object, string, fields = {} } = keys[key][id];
      const item = { id, object: string ?? object };
      if (oldFields && names.length) item.fields = names.map((n) => fields[n] ?? 0);
      if (!oldFields && Object.keys(fields).length) item.fields = fields;
      return item;
    });
    const next = page.length === Number(limitText) ? cursor + page.length : 0;
    return json({ ...(oldFields && names.length ? { fields: names } : {}), objects, count: objects.length, cursor: next });
  });
  return { ...server, asked };
}

/// Takes every command down and says OK; `refuse(args)` may give an Error instead, or 'close'.
export async function startRecorder({ refuse } = {}) {
  const commands = [];
  const server = await startRespServer((args, connection) => {
    const error = refuse?.(args);
    if (error === 'close') return connection.close();
    if (error) return error;
    commands.push(args);
    return { simple: 'OK' };
  });
  return { ...server, commands };
}
