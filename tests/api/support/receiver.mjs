// receiver.mjs - who gets webhooks: an HTTP server that answers as it is told, and notes what came.

import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/// `answer(request, number)`: a status, {status, headers}, 'stall' (never), or 'drop' (cut the connection).
export async function startReceiver(answer = () => 200, port = 0) {
  const receiver = {
    answer,
    requests: [], // {id, body, json, headers, status, at}: all that came, whatever was answered
    taken: [], // those answered by 2xx
    busy: 0,
    mostBusy: 0,
    connections: 0,
  };
  let server;
  const sockets = new Set();

  async function handle(request, response) {
    receiver.busy++;
    receiver.mostBusy = Math.max(receiver.mostBusy, receiver.busy);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    receiver.busy--;
    const body = Buffer.concat(chunks).toString();
    const entry = { id: request.headers['webhook-id'], body, json: JSON.parse(body), headers: request.headers, method: request.method, url: request.url, at: Date.now() };
    const told = await receiver.answer(entry, receiver.requests.length);
    const { status, headers = {} } = typeof told === 'object' ? told : { status: told };
    entry.status = status;
    receiver.requests.push(entry);
    if (status === 'stall') return;
    if (status === 'drop') {
      request.socket.destroy();
      return;
    }
    if (status >= 200 && status < 300) receiver.taken.push(entry);
    response.writeHead(status, headers).end('x');
  }

  receiver.listen = async () => {
    server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => handle(request, response).catch(() => {}));
    server.on('connection', (socket) => {
      receiver.connections++;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(receiver.port ?? port, '127.0.0.1');
    await once(server, 'listening');
    receiver.port = server.address().port;
    receiver.url = `http://127.0.0.1:${receiver.port}`;
  };
  /// Nobody listens any more, until listen().
  receiver.die = async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  /// Waits until `count` events were taken.
  receiver.until = async (count, timeoutMs = 15_000) => {
    const deadline = Date.now() + timeoutMs;
    while (receiver.taken.length < count) {
      if (Date.now() > deadline) throw new Error(`${receiver.taken.length} of ${count} events came: ${JSON.stringify(receiver.requests.slice(-3))}`);
      await sleep(10);
    }
    return receiver.taken;
  };
  await receiver.listen();
  return receiver;
}
