// What the fake of ToolHive does on demand and the real one does not: every read with every fault, and its life as a process.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { FakeToolHive, kFaults, kReads, kStatuses } from '../fakes/fake_toolhive.mjs';
import { discovery_path } from '../fakes/toolhive/discovery.mjs';
import { HttpFake } from '../lib/fake.mjs';
import { request } from '../lib/http.mjs';
import { kRoot, temp_dir } from '../lib/optimizer.mjs';
import { until } from '../lib/wait.mjs';

const kRegistry = JSON.parse(fs.readFileSync(path.join(kRoot, 'tests/data/registry-small.json'), 'utf8'));
const W = '/api/v1beta/workloads', R = '/api/v1beta/registry';
const kPath = {
  health: '/health', version: '/api/v1beta/version', list: `${W}?all=true`, details: `${W}/a`, export: `${W}/a/export`, status: `${W}/a/status`, registries: R,
  registry: `${R}/default`, registry_servers: `${R}/default/servers`, registry_server: `${R}/default/servers/fetch`, registry_v01: '/registry/default/v0.1/servers',
  groups: '/api/v1beta/groups', secrets: '/api/v1beta/secrets/default/keys',
};

async function start(t, options = {}) {
  const fake = await new FakeToolHive({ registry: kRegistry, secrets: { token: 'v' }, ...options }).start();
  t.after(() => fake.close());
  return fake;
}
// How an answer looks to a client: its status, or how it failed.
async function outcome(url) {
  try {
    const r = await request(url, { timeout: 150 });
    return { status: r.status, text: r.text, type: r.headers['content-type'] };
  } catch (e) { return { failed: /no answer within/.test(e.message) ? 'hangs' : 'closed' }; }
}
const kLooks = {
  500: o => o.status === 500 && o.text === 'Internal Server Error\n', 503: o => o.status === 503, 404: o => o.status === 404, 401: o => o.status === 401,
  answer: o => o.status === 200, html: o => o.status === 200 && o.type === 'text/html', empty: o => o.status === 200 && o.text === '',
  wrong_shape: o => o.status === 200 && !('workloads' in JSON.parse(o.text)), not_json: o => { try { JSON.parse(o.text); } catch { return true; } return false; },
  null: o => JSON.parse(o.text) === null, truncated: o => o.failed === 'closed', hanging: o => o.failed === 'hangs', closed: o => o.failed === 'closed', slow: o => o.status < 300,
};

test('every read with every fault, once, and then the truth again', async t => {
  const fake = await start(t);
  await fake.add({ name: 'a', url: 'http://127.0.0.1:9/mcp', proxy: false, port: 1 });
  let ran = 0;
  for (const read of kReads) {
    for (const fault of Object.keys(kFaults)) {
      fake.fault(read, fault, { times: 1, ms: 20, body: '{}' });
      const o = await outcome(fake.url + kPath[read]);
      assert.ok(kLooks[fault](o), `${read} x ${fault}: ${JSON.stringify(o)}`);
      fake.faults.clear();
      const after = await request(fake.url + kPath[read]);
      assert.ok([200, 204].includes(after.status), `${read} after ${fault}: ${after.status}`);
      ran++;
    }
  }
  console.log(`# ${ran} combinations of ${kReads.length} reads and ${Object.keys(kFaults).length} faults ran`);
});

test('a fault for some workloads leaves the others alone', async t => {
  const fake = await start(t);
  for (const name of ['a', 'b']) await fake.add({ name, url: 'http://127.0.0.1:9/mcp', proxy: false, port: 1 });
  fake.fault('details', 500, { names: ['b'], times: 2 });
  const get = async name => (await request(`${fake.url}${W}/${name}`)).status;
  assert.deepEqual([await get('a'), await get('b'), await get('b'), await get('b')], [200, 500, 500, 200]);
  assert.deepEqual([fake.count('details'), fake.count('details', 'b')], [4, 3]);
});

test('a list leaves out what it is told to, and takes each status', async t => {
  const fake = await start(t);
  for (const status of [...kStatuses, 'hibernating']) await fake.add({ name: status, url: 'http://127.0.0.1:9/mcp', status, proxy: false, port: 1 });
  const list = async query => JSON.parse((await request(`${fake.url}${W}${query}`)).text).workloads;
  assert.equal((await list('?all=true')).length, 12);
  assert.deepEqual((await list('')).map(w => w.name).sort(), ['auth_retrying', 'running']);
  fake.left_out = new Set(['running']);
  assert.equal((await list('?all=true')).length, 11);
  assert.equal((await request(`${fake.url}${W}/running/status`)).status, 200);
  fake.list_as = [];
  assert.deepEqual(await list('?all=true'), []);
});

test('containers: views, random order, and an engine that is down', async t => {
  const upstream = await HttpFake.start(t);
  const fake = await start(t);
  for (let i = 0; i < 12; i++) await fake.add({ name: `c${i}`, image: 'docker.io/a/b:1', target: upstream.url(), labels: { mine: 'yes' } });
  await fake.add({ name: 'remote', url: upstream.url() });
  const list = async () => JSON.parse((await request(`${fake.url}${W}?all=true`)).text).workloads;
  const [first] = (await list()).filter(w => w.name === 'c0');
  assert.deepEqual({ ...first, port: 0, url: '', created_at: '' }, { name: 'c0', package: 'docker.io/a/b:1', url: '', port: 0, transport_type: 'stdio', proxy_mode: 'streamable-http', status: 'running',
    status_context: 'Up 3 hours', created_at: '', labels: { mine: 'yes' }, group: 'default', started_at: '0001-01-01T00:00:00Z' });
  assert.equal(first.url, `http://127.0.0.1:${first.port}/mcp`);
  const orders = new Set();
  for (let i = 0; i < 5; i++) orders.add((await list()).map(w => w.name).join());
  assert.ok(orders.size > 1 && [...orders].every(o => o.endsWith('remote')));
  assert.ok(!('url' in JSON.parse((await request(`${fake.url}${W}/c0`)).text)));
  fake.engine = 'down';
  const health = await request(`${fake.url}/health`);
  assert.deepEqual([health.status, health.headers['x-toolhive-nonce'], (await request(`${fake.url}${W}`)).status, (await request(`${fake.url}${W}/remote/status`)).status], [503, undefined, 500, 200]);
});

test('create: from the registry, with secrets, while an image is pulled', async t => {
  const image = kRegistry.servers['io.github.stacklok/github'].image, upstream = await HttpFake.start(t);
  const fake = await start(t, { images: { [image]: { pull_ms: 80 } }, targets: { [image]: upstream.url() } });
  const create = body => request(fake.url + W, { method: 'POST', body: JSON.stringify({ name: 'gh', registry: 'default', server: 'github', ...body }) });
  assert.equal((await create({ secrets: [{ name: 'nope', target: 'X' }] })).status, 500);
  const begun = Date.now(), secrets = [{ name: 'token', target: 'GITHUB_PERSONAL_ACCESS_TOKEN' }];
  assert.equal((await create({ secrets, group: 'default' })).status, 201);
  assert.ok(Date.now() - begun >= 75);
  await until('it to run', () => fake.workload('gh').status === 'running');
  const details = JSON.parse((await request(`${fake.url}${W}/gh`)).text);
  assert.deepEqual([details.image, details.transport, details.secrets, details.env_vars.GITHUB_TOOLSETS], [image, 'stdio', secrets, 'default']);
  assert.equal(JSON.parse((await request(`${fake.url}${W}/gh/export`)).text).registry_server_name, 'io.github.stacklok/github');
  fake.registry.error = 'unavailable';
  assert.equal((await create({ name: 'other' })).status, 503);
});

test('the registry: errors in two shapes, names, pages that miss entries', async t => {
  const fake = await start(t);
  const get = async p => { const r = await request(fake.url + p); return [r.status, r.headers['content-type'].startsWith('application/json') ? JSON.parse(r.text) : r.text]; };
  assert.equal((await get(`${R}/default/servers/io.github.stacklok%2Ffetch`))[1].is_remote, false);
  assert.equal((await get('/registry/any/v0.1/servers?limit=500'))[1].metadata.limit, 200);
  const seen = new Set();
  for (const page of [1, 2, 3]) for (const s of (await get(`/registry/default/v0.1/servers?limit=5&page=${page}`))[1].servers) seen.add(s.name);
  assert.ok(seen.size <= 15);
  for (const [error, status, code] of [['auth_required', 503, 'registry_auth_required'], ['unavailable', 503, 'registry_unavailable'], ['legacy_format', 502, 'registry_legacy_format']]) {
    fake.registry.error = error;
    const [got, body] = await get(`${R}/default`);
    assert.deepEqual([got, body.code], [status, code]);
    assert.deepEqual(await get(`${R}/default/servers/fetch`), [404, 'Server not found\n']);
  }
});

test('a token is wanted on every route, /health included', async t => {
  const fake = await start(t, { token: 'sesame' });
  for (const p of ['/health', '/api/v1beta/version', W]) assert.equal((await request(fake.url + p)).status, 401);
  assert.equal((await request(`${fake.url}/health`, { headers: { authorization: 'Bearer sesame' } })).status, 204);
});

test('a proxy: killed it refuses connections, and heals by stop and restart only', async t => {
  const upstream = await HttpFake.start(t);
  const fake = await start(t);
  const w = await fake.add({ name: 'a', url: upstream.url() }), { port } = w;
  const post = action => request(`${fake.url}${W}/a/${action}`, { method: 'POST' });
  const reachable = async () => { try { return (await request(`http://127.0.0.1:${port}/health`)).status; } catch { return 'refused'; } };
  assert.equal(await reachable(), 200);
  await fake.workloads.kill_proxy('a');
  assert.deepEqual([await reachable(), w.status], ['refused', 'running']);
  assert.equal((await post('restart')).status, 202);
  assert.deepEqual([await reachable(), w.status], ['refused', 'running']);
  await post('stop');
  await until('it to stop', () => w.status === 'stopped');
  await post('restart');
  await until('it to run', () => w.status === 'running');
  assert.deepEqual([await reachable(), w.port], [200, port]);
});

test('a remote is `starting` until its upstream answers, `error` where that wants a login', async t => {
  const http = await HttpFake.start(t);
  const fake = await start(t);
  const create = (name, url) => request(fake.url + W, { method: 'POST', body: JSON.stringify({ name, url }) });
  for (const [name, url] of [['up', http.url()], ['refused', http.url('status=401')], ['broken', http.url('status=500')]]) assert.equal((await create(name, url)).status, 201);
  await until('two of them to be decided', () => fake.workload('up').status === 'running' && fake.workload('refused').status === 'error');
  assert.equal(fake.workload('broken').status, 'starting');
});

test('the query of the remote URL goes before the client\'s, userinfo goes nowhere', async t => {
  const upstream = await HttpFake.start(t);
  const fake = await start(t);
  const w = await fake.add({ name: 'a', url: upstream.url().replace('//', '//user:pass@') + '?api_key=k' });
  assert.deepEqual(w.proxy.upstream_of('/other?x=1'), { host: '127.0.0.1', port: String(upstream.port), path: '/mcp?api_key=k&x=1' });
  assert.ok(!JSON.stringify(w.listed).includes('pass') && !JSON.stringify(w.listed).includes('api_key'));
});

test('as a program: a scenario, the discovery file, control, moving to another port', async t => {
  const state_home = temp_dir(), scenario = path.join(temp_dir(), 'scenario.json');
  fs.writeFileSync(scenario, JSON.stringify({ workloads: [{ name: 'a', url: 'http://127.0.0.1:9/mcp', group: 'g' }], faults: [{ on: 'version', fault: '500', times: 1 }] }));
  const child = spawn(process.execPath, [path.join(kRoot, 'tests/fakes/fake_toolhive.mjs'), '--state-home', state_home, '--scenario', scenario], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', d => { out += d; });
  const said = await until('its line', () => out.includes('\n') && JSON.parse(out));
  const file = () => JSON.parse(fs.readFileSync(discovery_path(state_home), 'utf8'));
  assert.deepEqual([file().url, file().nonce, file().pid], [said.url, said.nonce, child.pid]);
  assert.equal((await request(`${said.url}/api/v1beta/version`)).status, 500);
  const act = async body => JSON.parse((await request(`${said.control}/__fake/do`, { method: 'POST', body: JSON.stringify(body) })).text);
  const moved = await act({ action: 'move', where: { port: 0 } });
  assert.ok(moved.url !== said.url && moved.nonce !== said.nonce && file().url === moved.url);
  assert.equal(JSON.parse((await request(`${moved.url}${W}?group=g`)).text).workloads.length, 1);
  assert.equal(JSON.parse((await request(`${said.control}/__fake/stats`)).text).counts.list, 1);
  const ended = new Promise(r => child.on('exit', r));
  child.stdin.end();
  assert.equal(await ended, 0);
  assert.ok(!fs.existsSync(discovery_path(state_home)));
});
