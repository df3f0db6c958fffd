// raw.mjs - bytes to the server and bytes back, for what fetch would never send: pipelines,
// broken requests, requests cut in the middle.

import net from 'node:net';
import { once } from 'node:events';

/// Sends `chunks` (strings or Buffers), one write each, `pauseMs` apart. Resolves with everything
/// that came back as a latin1 string when the server closed, or `timeoutMs` after the last write.
export async function exchange(server, chunks, { pauseMs = 0, timeoutMs = 5000, end = false } = {}) {
  const socket = net.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => (received += text));
  socket.on('error', () => {}); // a reset is a way to be closed
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const chunk of [chunks].flat()) {
    if (!socket.writable) break;
    socket.write(chunk);
    if (pauseMs) await wait(pauseMs);
  }
  if (end) socket.end();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
  return { received, closed: !late, replies: parseReplies(received) };
}

/// Cuts a stream of HTTP/1.1 answers with Content-Length or chunked bodies:
/// [{status, headers, body}]. An answer cut short is left out. `methods` names the request of each
/// answer where it matters: a HEAD has no body.
export function parseReplies(text, methods = []) {
  const replies = [];
  let at = 0;
  for (;;) {
    const head = text.indexOf('\r\n\r\n', at);
    if (head < 0) return replies;
    const [first, ...lines] = text.slice(at, head).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    if (!status) throw new Error(`not an answer: ${JSON.stringify(first)}`);
    const headers = Object.fromEntries(lines.map((l) => [l.split(':')[0].toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
    const body = readBody(text, head + 4, status, headers, methods[replies.length]);
    if (!body) return replies;
    replies.push({ status, headers, body: body.text });
    at = body.end;
  }
}

function readBody(text, start, status, headers, method) {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { text: '', end: start };
  if (headers['transfer-encoding'] === 'chunked') return readChunks(text, start);
  const end = start + Number(headers['content-length'] ?? 0);
  return end <= text.length ? { text: text.slice(start, end), end } : null;
}

function readChunks(text, at) {
  let body = '';
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(text.slice(at, line), 16);
    const next = line + 2 + size + 2;
    if (Number.isNaN(size) || next > text.length) return null;
    body += text.slice(line + 2, line + 2 + size);
    at = next;
    if (size === 0) return { text: body, end: at };
  }
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
