// redis_cli.test.mjs - the redis-cli of Debian's redis-tools, as it is typed.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { startServer } from './support/server.mjs';

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

/// What it prints for these arguments, without the last line end.
function cli(args, input) {
  return new Promise((resolve, reject) => {
    const child = execFile('redis-cli', ['-p', String(server.respPort), ...args], { timeout: 20_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout.replace(/\n$/, '')));
    child.stdin.on('error', () => {}); // with arguments it does not read
    child.stdin.end(input ?? '');
  });
}
const say = (line) => cli(line.match(/'[^']*'|\S+/g).map((w) => w.replace(/^'(.*)'$/s, '$1')));

test('a table of commands and what is printed', async () => {
  for (const [line, printed] of [
    ['PING', 'PONG'],
    ['ECHO hello', 'hello'],
    ['SET fleet truck1 FIELD speed 90 POINT 33.5123 -112.2693', 'OK'],
    ['GET fleet truck1', '{"type":"Point","coordinates":[-112.2693,33.5123]}'],
    ['GET fleet truck1 WITHFIELDS POINT', '33.5123\n-112.2693\nspeed\n90'],
    ['GET fleet truck1 HASH 6', '9tbnth'],
    ['FGET fleet truck1 speed', '90'],
    ['FSET fleet truck1 speed 91', '1'],
    ['FSET fleet truck1 speed 91', '0'],
    ['EXISTS fleet truck1', '1'],
    ['TYPE fleet', 'hash'],
    ['TYPE nothing', 'none'],
    ['KEYS *', 'fleet'],
    ['NEARBY fleet IDS POINT 33.5 -112.2 100000', '0\ntruck1'],
    ['WITHIN fleet COUNT BOUNDS 33 -113 34 -112', '1'],
    ['SCAN fleet IDS', '0\ntruck1'],
    ['EXPIRE fleet truck1 100', '1'],
    ['PERSIST fleet truck1', '1'],
    ['TTL fleet truck1', '-1'],
    ['JSET user 901 name Tom', 'OK'],
    ['JGET user 901 name', 'Tom'],
    ['RENAME user people', 'OK'],
    ['DEL fleet truck1', '1'],
    ['DEL fleet truck1', '0'],
    ['DROP people', '1'],
    ['GET fleet truck1', ''],
    ['FROBNICATE', "ERR unknown command 'FROBNICATE'"],
    ['GET fleet', "ERR wrong number of arguments for 'get' command"],
  ]) {
    assert.equal((await say(line)).trim(), printed, line);
  }
});

test('OUTPUT json', async () => {
  const lines = (await cli([], 'OUTPUT json\nSET fleet a POINT 1 2\nGET fleet a POINT\nGET fleet none\n')).split('\n');
  assert.equal(JSON.parse(lines[0]).ok, true);
  assert.deepEqual(JSON.parse(lines[2]).point, { lat: 1, lon: 2 });
  assert.equal(JSON.parse(lines[3]).err, 'id not found');
});

test('a pipe of a hundred thousand commands', async () => {
  let input = '';
  for (let i = 0; i < 100_000; i++) input += `*6\r\n$3\r\nSET\r\n$4\r\npipe\r\n$6\r\n${String(i).padStart(6, '0')}\r\n$5\r\nPOINT\r\n$2\r\n33\r\n$4\r\n-112\r\n`;
  const printed = await cli(['--pipe'], input);
  assert.match(printed, /errors: 0, replies: 100000/);
  assert.equal(await say('SCAN pipe COUNT'), '100000');
});

test('subscribe prints what fences tell', async () => {
  await say('SETCHAN gate NEARBY buses FENCE DETECT enter POINT 33 -112 500');
  const child = spawn('redis-cli', ['-p', String(server.respPort), 'SUBSCRIBE', 'gate'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const until = async (pattern) => {
    for (let i = 0; i < 100 && !pattern.test(printed); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(printed, pattern);
  };
  await until(/subscribe\ngate\n1\n/);
  await say('SET buses b1 POINT 33 -112');
  await until(/message\ngate\n\{"command":"set".*"detect":"enter".*"id":"b1"/);
  child.kill();
  await once(child, 'close');
});

test('an interactive session asks for COMMAND DOCS and lives with the answer', async () => {
  assert.equal(await cli([], 'PING\nSET fleet i POINT 1 2\n'), 'PONG\nOK');
  await cli(['COMMAND', 'DOCS']);
  assert.match(await cli(['INFO']), /redis_version|tile38_version|server/i);
});
