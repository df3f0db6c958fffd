// server.mjs - runs the real binary for a test: a free port, a data directory of its own, ready
// before the first request, gone after the last.
//
//   const server = await startServer({ args: ['--threads', '2'] });
//   after(() => server.stop());
//   const reply = await server.get('/api/v1/collections');

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
export const BINARY = process.env.WARP_BINARY ?? path.join(ROOT, 'build/release/warpengine');

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

// Whatever still runs when the test process ends is killed with it.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/// A port of 127.0.0.1 that was free a moment ago.
export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/// A new empty directory, and how to remove it.
export async function tempDir(name = 'warp-test-') {
  const dir = await mkdtemp(path.join(os.tmpdir(), name));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/// Runs `warpengine` to its end: {status, signal, stdout, stderr}.
export async function runCommand(args, { input = '', env = {}, cwd = ROOT, timeoutMs = 60_000 } = {}) {
  const child = spawn(BINARY, args, { cwd, env: cleanEnv(env) });
  running.add(child);
  const output = collect(child);
  child.stdin.on('error', () => {}); // a command may end without reading its input
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const { status, signal } = await ending(child).finally(() => clearTimeout(timer));
  return { status, signal, stdout: output.stdout, stderr: output.stderr };
}

/// Starts `warpengine serve` and waits until /readyz says 200. Without `data` the server has a
/// directory of its own that goes with it; with it the directory stays, to be started from again.
/// `ready: false` returns once the process runs: for starts that are meant to fail.
export async function startServer({ args = [], env = {}, data, port, ready = true } = {}) {
  const own = data ? null : await tempDir();
  const server = new Server(port ?? (await freePort()), data ?? own.dir, own);
  server.spawn(args, env);
  if (ready) await server.untilReady();
  return server;
}

class Server {
  constructor(port, data, own) {
    this.port = port;
    this.data = data;
    this.url = `http://127.0.0.1:${port}`;
    this.own = own;
  }

  spawn(args, env) {
    env = { WARP_RESP_LISTEN: '127.0.0.1:0', ...env }; // a free port, told by respPort
    const all = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...args];
    this.child = spawn(BINARY, all, { env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.output = collect(this.child);
    this.ended = ending(this.child).finally(() => this.own?.remove());
    this.ended.catch(() => {}); // whoever awaits it hears of it
  }

  get pid() {
    return this.child.pid;
  }

  /// The port of RESP, once ready.
  get respPort() {
    return Number(/ ready .* resp=127\.0\.0\.1:(\d+)/.exec(this.log)?.[1] ?? /"resp":"127\.0\.0\.1:(\d+)"/.exec(this.log)?.[1]);
  }

  /// Everything the server has written so far, for messages and for tests of the log.
  get log() {
    return this.output.stdout + this.output.stderr;
  }

  async untilReady() {
    let end = null;
    this.ended.then((e) => (end = e), (error) => (end = error));
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < deadline && !end) {
      if ((await this.readyStatus()) === 200 && !end) return;
      await sleep(20);
    }
    const late = !end;
    if (late) await this.kill();
    const why = end instanceof Error ? end.message : late ? 'it was not ready in time' : `it ended: ${JSON.stringify(end)}`;
    throw new Error(`the server did not start, ${why}\n${this.log}`);
  }

  async readyStatus() {
    try {
      const reply = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) });
      await reply.arrayBuffer();
      return reply.status;
    } catch {
      return 0;
    }
  }

  /// Asks for an end and waits for it. Anything but a clean exit is an error, with the log:
  /// so a sanitizer's report or a leak fails the test that provoked it.
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const end = await this.ended.finally(() => clearTimeout(timer));
    if (end.status !== 0) throw new Error(`the server ended badly: ${JSON.stringify(end)}\n${this.log}`);
    return end;
  }

  /// kill -9.
  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  /// One request; `json` is sent as JSON, `body` as it is. The answer: {status, headers, text, json}.
  async request(method, target, { json, body, headers = {}, timeoutMs = 30_000 } = {}) {
    const sent = { ...headers };
    if (json !== undefined) sent['content-type'] ??= 'application/json';
    const reply = await fetch(this.url + target, {
      method,
      headers: sent,
      body: json !== undefined ? JSON.stringify(json) : body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await reply.text();
    const isJson = /[/+]json\b/.test(reply.headers.get('content-type') ?? '');
    return { status: reply.status, headers: reply.headers, text, json: isJson && text ? JSON.parse(text) : undefined };
  }

  get(target, options) {
    return this.request('GET', target, options);
  }
  post(target, json, options) {
    return this.request('POST', target, { json, ...options });
  }
  put(target, json, options) {
    return this.request('PUT', target, { json, ...options });
  }
  patch(target, json, options) {
    return this.request('PATCH', target, { json, ...options });
  }
  delete(target, options) {
    return this.request('DELETE', target, options);
  }
}

/// The environment without any WARP_* of the machine, so that only the test configures the server.
function cleanEnv(more) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('WARP_'));
  return { ...Object.fromEntries(kept), ...more };
}

function collect(child) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text) => (output[name] += text));
  }
  return output;
}

/// Resolves with {status, signal} when the process is gone and its output read.
function ending(child) {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot run ${BINARY}: ${error.message}`)));
    child.once('close', (status, signal) => resolve({ status, signal }));
  }).finally(() => running.delete(child));
}
