// resp.mjs - RESP2 by hand: a server made of one function, and a client that shows replies byte by byte.

import { once } from 'node:events';
import net from 'node:net';

export class RespError extends Error {}

/// Cuts RESP values out of what arrives: parser.feed(bytes) gives those that are whole.
export class RespParser {
  constructor() {
    this.bytes = Buffer.alloc(0);
  }

  feed(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const values = [];
    for (let at = 0; ; ) {
      const got = this.value(at);
      if (!got) {
        this.bytes = this.bytes.subarray(at);
        return values;
      }
      values.push(got.value);
      at = got.end;
    }
  }

  value(at) {
    const nl = this.bytes.indexOf('\r\n', at);
    if (nl < 0) return null;
    const kind = String.fromCharCode(this.bytes[at]);
    const text = this.bytes.toString('utf8', at + 1, nl);
    const end = nl + 2;
    if (kind === '+') return { value: text, end };
    if (kind === '-') return { value: new RespError(text), end };
    if (kind === ':') return { value: Number(text), end };
    if (kind === '$') {
      const len = Number(text);
      if (len < 0) return { value: null, end };
      if (this.bytes.length < end + len + 2) return null;
      return { value: this.bytes.toString('utf8', end, end + len), end: end + len + 2 };
    }
    if (kind !== '*') throw new Error(`not RESP: ${JSON.stringify(this.bytes.toString('utf8', at, nl))}`);
    if (text === '-1') return { value: null, end };
    const items = [];
    let next = end;
    for (let i = 0; i < Number(text); i++) {
      const got = this.value(next);
      if (!got) return null;
      items.push(got.value);
      next = got.end;
    }
    return { value: items, end: next };
  }
}

export function encodeCommand(args) {
  const parts = [`*${args.length}\r\n`];
  for (const arg of args) parts.push(`$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`);
  return parts.join('');
}

const bulk = (text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/// A server whose every command is answered by `answer(args, connection)`: a string (bulk), a number, null, an
/// Error ("-ERR ..."), an array of these, or {simple: 'OK'}.
export async function startRespServer(answer) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    const parser = new RespParser();
    const connection = {};
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const out = parser.feed(chunk).map((args) => encodeReply(answer(args, connection)));
      if (!socket.destroyed) socket.write(out.join(''));
    });
    connection.close = () => socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${server.address().port}`,
    port: server.address().port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

function encodeReply(value) {
  if (value === null || value === undefined) return '$-1\r\n';
  if (value instanceof Error) return `-${value.message}\r\n`;
  if (typeof value === 'number') return `:${value}\r\n`;
  if (Array.isArray(value)) return `*${value.length}\r\n${value.map(encodeReply).join('')}`;
  return typeof value === 'object' ? `+${value.simple}\r\n` : bulk(value);
}

/// A connection of our own: await client.ask('SET', 'fleet', ...) gives the reply, errors as RespError values.
export async function connectResp(port, host = '127.0.0.1') {
  const socket = net.connect(port, host);
  await once(socket, 'connect');
  const parser = new RespParser();
  const waiting = [];
  const pushed = [];
  let wake = null;
  const fail = (error) => waiting.splice(0).forEach(({ reject }) => reject(error));
  socket.on('data', (chunk) => {
    for (const value of parser.feed(chunk)) {
      if (waiting.length) waiting.shift().resolve(value);
      else pushed.push(value);
    }
    wake?.();
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return {
    socket,
    ask(...args) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.write(encodeCommand(args));
      });
    },
    /// Splits at spaces; 'single quotes' hold one argument together.
    say(line) {
      return this.ask(...(line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, '$1')));
    },
    async json(line) {
      return JSON.parse(await this.say(line));
    },
    /// What arrives without having been asked for: pub/sub, live fences.
    async next(timeoutMs = 5000) {
      const until = Date.now() + timeoutMs;
      while (!pushed.length) {
        const left = until - Date.now();
        if (left <= 0) throw new Error('nothing arrived');
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => (clearTimeout(timer), resolve());
        });
      }
      return pushed.shift();
    },
    close() {
      socket.destroy();
    },
  };
}
