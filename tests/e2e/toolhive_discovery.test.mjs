// How a ToolHive is found, lost and found again: the discovery file, given places, the range of ports; over TCP and Unix sockets.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { HttpFake, stdio_fake } from '../lib/fake.mjs';
import { request } from '../lib/http.mjs';
import { call_tool, text_of } from '../lib/mcp.mjs';
import { run, run_json, temp_dir, write_config } from '../lib/optimizer.mjs';
import { closed_port, cycles, ingest, offered, serve, servers_of, start_toolhive, toolhive_env, troubles, until_offered } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

// A ToolHive with one remote workload, `notes`.
async function with_notes(t, options = {}) {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t, options);
  await fake.add({ name: 'notes', url: http.url('only=echo') });
  return fake;
}
const echo = async (o, message = 'hi') => text_of(await call_tool(o.url, 'notes', 'echo', { message }));

test('no configuration at all: the discovery file leads to ToolHive', async t => {
  for (const where of [{}, { socket: path.join(temp_dir(), 'thv.sock') }]) {
    await t.test(where.socket ? 'over a Unix socket' : 'over TCP', async s => {
      const fake = await with_notes(s, { state_home: temp_dir(), where });
      const o = await serve(s, fake, { find: 'file' });
      assert.deepEqual(await offered(o), ['notes']);
      assert.equal(await echo(o), 'hi');
      assert.ok(fake.count('health') >= 1, 'the nonce was checked');
    });
  }
});

test('a discovery file that is not to be trusted is not followed', async t => {
  const dead = await closed_port();
  for (const [name, members] of [
    ['another nonce', { nonce: '0'.repeat(32) }],
    ['a host that is not this machine', { url: 'http://203.0.113.7:8080' }],
    ['a host name', { url: 'http://localhost:1' }],
    ['a path that is not absolute', { url: 'unix://thv.sock' }],
    ['a stale one: its process is gone, nobody listens', { url: `http://127.0.0.1:${dead}`, pid: 4_194_303 }],
  ]) {
    await t.test(name, async s => {
      const fake = await with_notes(s, { state_home: temp_dir() });
      fake.discover(members);
      const o = await serve(s, fake, { find: 'file', ready: false });
      await until('it to have looked', async () => (await request(`http://127.0.0.1:${o.port}/ready`)).status === 200);
      assert.equal(fake.count('list'), 0, 'it was asked all the same');
      fake.discover({});
      await until_offered(o, ['notes']);
    });
  }
  await t.test('not JSON', async s => {
    const fake = await with_notes(s, { state_home: temp_dir() });
    fs.writeFileSync(fake.discover({}), '{"url": ');
    const o = await serve(s, fake, { find: 'file', ready: false });
    fake.discover({});
    await until_offered(o, ['notes']);
  });
});

test('a place that is given: host and port, or a socket; then nothing else is tried', async t => {
  await t.test('a port', async s => assert.equal(await echo(await serve(s, await with_notes(s))), 'hi'));
  await t.test('host and port by environment', async s => {
    const fake = await with_notes(s);
    const o = await serve(s, fake, { find: 'environment', env: { TOOLHIVE_HOST: '127.0.0.1', TOOLHIVE_PORT: String(fake.port) } });
    assert.deepEqual(await offered(o), ['notes']);
  });
  await t.test('a Unix socket', async s => {
    const fake = await with_notes(s, { where: { socket: path.join(temp_dir(), 'thv.sock') } });
    assert.equal(await echo(await serve(s, fake)), 'hi');
  });
  await t.test('a wrong port is not made up for by the discovery file', async s => {
    const fake = await with_notes(s, { state_home: temp_dir() });
    const r = await run_json(s, ['ingest', '--data-dir', path.join(temp_dir(), 'data'), '--toolhive-port', String(await closed_port())], { env: toolhive_env(fake) });
    assert.equal(r.status, 1);
    assert.deepEqual([r.value.sources?.[0].name, r.value.sources?.[0].state, fake.journal.length], ['toolhive', 'unavailable', 0]);
  });
});

test('the range of ports is scanned last, and gently', async t => {
  const fake = await with_notes(t);
  const range = { TOOLHIVE_START_PORT_SCAN: String(fake.port - 1), TOOLHIVE_END_PORT_SCAN: String(fake.port + 1) };
  const o = await serve(t, fake, { find: 'scan', env: range });
  assert.deepEqual(await offered(o), ['notes']);
  assert.ok((fake.peaks.health ?? 0) + (fake.peaks.version ?? 0) <= 2);
});

test('something else on a port of the range is not taken for ToolHive', async t => {
  const asked = [];
  const stranger = http.createServer((q, r) => { asked.push(q.url); r.writeHead(200, { 'content-type': 'application/json' }).end('{"version":"1.0"}'); });
  await new Promise(r => stranger.listen(0, '127.0.0.1', r));
  t.after(() => stranger.close());
  const { port } = stranger.address();
  const o = await serve(t, undefined, { find: 'scan', ready: false, env: { TOOLHIVE_START_PORT_SCAN: String(port), TOOLHIVE_END_PORT_SCAN: String(port + 1) } });
  await until('it to look', () => asked.length > 0);
  assert.ok(asked.every(u => !u.includes('workloads')), `${asked}`);
  assert.deepEqual(await offered(o), []);
});

test('with a token on every route: it is sent to ToolHive, and to no workload', async t => {
  const file = path.join(temp_dir(), 'token');
  fs.writeFileSync(file, 'open-sesame-4711\n');
  for (const [name, args] of [['as an option', ['--toolhive-token', 'open-sesame-4711']], ['from a file', ['--toolhive-token-file', file]]]) {
    await t.test(name, async s => {
      const fake = await with_notes(s, { token: 'open-sesame-4711' });
      const o = await serve(s, fake, { args });
      assert.equal(await echo(o), 'hi');
      const { requests } = fake.workload('notes').proxy;
      assert.ok(requests.length > 0 && !JSON.stringify(requests).includes('sesame'));
      assert.ok(requests.every(r => r.headers.origin === undefined), 'no Origin goes to a workload');
      assert.ok(!(o.log + o.output).includes('sesame'));
    });
  }
  await t.test('renewed, in its file and at ToolHive: read again, in a given place and in a found one', async s => {
    for (const find of ['given', 'file']) {
      const own = path.join(temp_dir(), 'token');
      fs.writeFileSync(own, 'first\n');
      const fake = await with_notes(s, { token: 'first', state_home: temp_dir() });
      const o = await serve(s, fake, { find, args: ['--toolhive-token-file', own] });
      assert.deepEqual(await offered(o), ['notes']);
      fs.writeFileSync(own, 'second\n');
      fake.token = 'second';
      await fake.add({ name: 'more', url: fake.workload('notes').url });
      await until_offered(o, ['more', 'notes']);
      assert.deepEqual(await troubles(o), []);
    }
  });
  await t.test('a wrong one is told, without its value', async s => {
    const fake = await with_notes(s, { token: 'open-sesame-4711' });
    const r = await run(s, ['ingest', '--data-dir', path.join(temp_dir(), 'data'), '--toolhive-port', String(fake.port), '--toolhive-token', 'close-barley'], { env: toolhive_env(fake) });
    assert.equal(r.status, 1);
    assert.match(r.stdout + r.stderr, /401|token|login/i);
    assert.ok(!(r.stdout + r.stderr).includes('barley'));
  });
});

test('ToolHive comes back on another port: found again, nothing is lost, calls go on meanwhile', async t => {
  const fake = await with_notes(t, { state_home: temp_dir() });
  const o = await serve(t, fake, { find: 'file' });
  const before = await servers_of(t, o.data);
  for (const [name, where, how] of [['after a clean end', {}, {}], ['killed, its file left behind', {}, { killed: true }], ['on a Unix socket', { socket: path.join(temp_dir(), 'again.sock') }, {}]]) {
    await t.test(name, async () => {
      await fake.stop(how);
      assert.equal(await echo(o, 'meanwhile'), 'meanwhile');             // its proxy lives on
      await until('the loss to be told', async () => (await troubles(o)).length > 0);
      assert.deepEqual(await offered(o), ['notes']);
      await fake.start(where);
      await cycles(fake);
      assert.deepEqual(await offered(o), ['notes']);
      assert.equal(await echo(o), 'hi');
      await until('the report to go', async () => (await troubles(o)).length === 0);
    });
  }
  assert.equal((await servers_of(t, o.data)).notes.created_at, before.notes.created_at);
});

test('no ToolHive: everything else works, and it is picked up when it appears', async t => {
  const fake = await with_notes(t, { state_home: temp_dir(), where: false });
  const dir = temp_dir();
  const config = write_config(path.join(dir, 'mcp.json'), { local: stdio_fake('only=whoami', { name: 'local' }) });
  const o = await serve(t, fake, { find: 'file', config });
  assert.deepEqual(await offered(o), ['local']);
  assert.match(text_of(await call_tool(o.url, 'local', 'whoami')), /local/);
  await fake.start();
  await until_offered(o, ['local', 'notes']);
});

test('ingest says which source was there', async t => {
  const fake = await with_notes(t);
  const data = path.join(temp_dir(), 'data');
  const first = await ingest(t, fake, data);
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(first.value.sources.map(s => [s.name, s.state]), [['toolhive', 'complete']]);
  assert.deepEqual(first.value.changes.filter(c => c.server === 'notes').map(c => c.action), ['added']);
});

test('one ToolHive at two places is shown once; localhost is no other place', async t => {
  const fake = await with_notes(t);
  const data = path.join(temp_dir(), 'data');
  await ingest(t, fake, data);
  const again = await ingest(t, fake, data, { args: ['--toolhive-host', '127.0.0.1'] });
  assert.deepEqual(again.value.changes.map(c => c.action), ['kept']);
  await fake.stop();
  await fake.start({ socket: path.join(temp_dir(), 'thv.sock') });
  assert.deepEqual((await ingest(t, fake, data)).value.changes.map(c => c.action), ['added']);
  const { value } = await run_json(t, ['servers', '--data-dir', data]);
  assert.deepEqual(value.map(s => s.name), ['notes']);
});

test('ingest: a ToolHive that wants a token is told, not absent', async t => {
  const fake = await with_notes(t, { token: 'open-sesame-4711' });
  const range = { TOOLHIVE_START_PORT_SCAN: String(fake.port - 1), TOOLHIVE_END_PORT_SCAN: String(fake.port) };
  const { status, value } = await run_json(t, ['ingest', '--data-dir', path.join(temp_dir(), 'data')], { env: toolhive_env(fake, { ...range, XDG_STATE_HOME: temp_dir() }) });
  assert.equal(status, 1);
  assert.match(value.error.message, new RegExp(`no servers are configured.*port ${fake.port} wants a token.*--toolhive-port`));
});

test('ingest: a registry that cannot be read makes its source partial', async t => {
  const fake = await with_notes(t);
  const data = path.join(temp_dir(), 'data');
  fake.registry.error = 'auth_required';
  const broken = await ingest(t, fake, data);
  assert.equal(broken.status, 3, broken.stdout);
  assert.equal(broken.value.sources[0].state, 'partial');
  assert.match(broken.value.sources[0].detail, /^registry: /);
  fake.registry.error = undefined;
  const well = await ingest(t, fake, data);
  assert.deepEqual([well.status, well.value.sources[0].state, well.value.sources[0].detail], [0, 'complete', undefined]);
});

test('k8s mode looks for ToolHive all the same when it is asked to', async t => {
  const fake = await with_notes(t, { state_home: temp_dir() });
  const data = path.join(temp_dir(), 'data');
  const env = { ...toolhive_env(fake), RUNTIME_MODE: 'k8s' };
  assert.equal((await run_json(t, ['ingest', '--data-dir', data], { env: { ...env, MCPO_TOOLHIVE: '' } })).status, 1);
  const { status, value } = await run_json(t, ['ingest', '--data-dir', data], { env });
  assert.deepEqual([status, value.sources?.map(s => s.name)], [0, ['toolhive']]);
});
