// tests/fakes/fake_toolhive.mjs against recordings of a real `thv serve` v0.44.0 (toolhive/recordings): the same state, the
// same request, and then the same status, headers, texts and bodies, member by member and in the same order.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { FakeToolHive } from '../fakes/fake_toolhive.mjs';
import { discovery_path } from '../fakes/toolhive/discovery.mjs';
import { HttpFake } from '../lib/fake.mjs';
import { request, open_stream } from '../lib/http.mjs';
import { temp_dir } from '../lib/optimizer.mjs';
import { everything } from '../lib/thv.mjs';
import { closed_port } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

const kRecordings = path.join(import.meta.dirname, 'toolhive/recordings');
const names = fs.readdirSync(kRecordings).map(f => path.basename(f, '.json')).sort();
const read = name => JSON.parse(fs.readFileSync(path.join(kRecordings, `${name}.json`), 'utf8'));
const held = new Set();

// ---------------------------------------------------------------- comparing

const kOrderless = new Set(['servers', 'remote_servers']);       // Go maps: in another order each time
const by_name = (a, b) => (a.name < b.name ? -1 : 1);

// What differs, as lines; of a member named in `free` only the type counts.
function differences(want, got, free, at = '') {
  const kind = v => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);
  const member = at.split('.').at(-1);
  if (kind(want) !== kind(got)) return [`${at}: ${kind(want)} recorded, ${kind(got)} here`];
  if (free.includes(member)) return [];
  if (kind(want) === 'array') {
    const sorted = list => (kOrderless.has(member) && list.every(x => x?.name) ? [...list].sort(by_name) : list);
    if (want.length !== got.length) return [`${at}: ${want.length} elements recorded, ${got.length} here`];
    const [a, b] = [sorted(want), sorted(got)];
    return a.flatMap((v, i) => differences(v, b[i], free, `${at}[${i}]`));
  }
  if (kind(want) !== 'object') return want === got ? [] : [`${at}: ${want} recorded, ${got} here`];
  const keys = o => { const k = Object.keys(o); return kOrderless.has(member) ? k.sort() : k; };
  if (keys(want).join() !== keys(got).join()) return [`${at}: members ${keys(want)} recorded, ${keys(got)} here`];
  return keys(want).flatMap(k => differences(want[k], got[k], free, `${at}.${k}`));
}

const kHeaders = ['content-type', 'x-content-type-options', 'cross-origin-resource-policy', 'x-toolhive-nonce', 'content-length', 'transfer-encoding'];
function check_headers(name, recorded, got, free) {
  const want = Object.fromEntries(Object.entries(recorded).map(([k, v]) => [k.toLowerCase(), v]));
  for (const h of kHeaders) {
    if (free.includes(h) || (h === 'content-length' && free.length)) continue;
    assert.equal(got[h], want[h], `${name}: header ${h}`);
  }
  if (want.allow) assert.ok(got.allow?.split(', ').includes(want.allow), `${name}: Allow ${got.allow}`);
}

// Sends what was recorded and holds the answer against the recording. `free`: members whose value is not ours to choose.
async function hold(origin, name, { free = [], body } = {}) {
  const { request: asked, response: want } = read(name);
  const sent = asked.body === null ? undefined : typeof asked.body === 'string' ? asked.body : JSON.stringify(body ?? asked.body);
  const got = await request(origin + asked.path, { method: asked.method, headers: asked.headers, body: sent });
  assert.equal(got.status, want.status, `${name}: ${got.text}`);
  check_headers(name, want.headers, got.headers, free);
  if (typeof want.body === 'string') { if (!free.includes('body')) assert.equal(got.text, want.body, name); }
  else assert.deepEqual(differences(want.body, JSON.parse(got.text), free), [], name);
  held.add(name);
  return got;
}

// ---------------------------------------------------------------- states

const kUrls = { 'aws-docs': 'https://knowledge-mcp.global.api.aws', 'needs-auth': 'http://127.0.0.1:9007/mcp', 'sse-with-path': 'http://127.0.0.1:9002/sse',
  stopped: 'http://127.0.0.1:9003/mcp/', 'upstream-down': 'http://127.0.0.1:9999/mcp' };
const kDetailed = { everything: 'plain', 'everything-sse': 'sse', 'no-path': 'url-without-path', 'cli-remote': 'made-by-cli', 'with.query_key': 'url-with-secret-query', 'aws-docs': 'from-registry' };

// The workloads of a recorded list, with what the recorded details say of them.
function workloads_of(recording) {
  return read(recording).response.body.workloads.map(w => {
    const known = kDetailed[w.name] ? read(`workload-details-${kDetailed[w.name]}`).response.body : {};
    return {
      name: w.name, url: known.url ?? kUrls[w.name], transport: w.transport_type, status: w.status, group: w.group, port: w.port, created_at: w.created_at,
      target_port: known.target_port, tools: known.tools ?? undefined, proxy: false, made_by_cli: w.name === 'cli-remote',
      ...(w.name === 'aws-docs' ? { registry_server_name: 'io.github.stacklok/aws-knowledge' } : {}),
    };
  });
}

// ServerJSON back to the shape of registry/default: what the fake is fed for the page.
function entry_of(s) {
  const [pack] = s.packages, extension = s._meta['io.modelcontextprotocol.registry/publisher-provided']['io.github.stacklok'][pack.identifier];
  const env_vars = pack.environmentVariables.map(v => ({ name: v.name, description: v.description, required: v.isRequired ?? false, ...(v.isSecret ? { secret: true } : {}) }));
  return { name: s.name, title: s.title, description: s.description, transport: pack.transport.type, repository_url: s.repository.url, ...extension, image: pack.identifier, env_vars };
}
function recorded_registry(...more) {
  const { registry } = read('registry-default').response.body;
  return { ...registry, servers: { ...registry.servers, ...Object.fromEntries(more.map(e => [e.name, e])) } };
}

async function start(t, options = {}, workloads = []) {
  const fake = await new FakeToolHive({ groups: ['research'], registry: recorded_registry(), ...options }).start();
  t.after(() => fake.close());
  for (const w of workloads) await fake.add(w);
  return fake;
}

// ---------------------------------------------------------------- the tests

test('the frame, and what is said of things that are not there', async t => {
  const { url } = await start(t, { nonce: read('health').response.headers['X-Toolhive-Nonce'], groups: [], images: { 'ghcr.io/stackloklabs/gofetch/server:1.0.5': { missing: true } } });
  for (const name of ['health', 'version', 'path-unknown-404', 'method-405', 'workloads-none', 'groups', 'secrets-not-set-up-404', 'workloads-group-invalid-400', 'workloads-group-unknown-404',
    'workload-details-404', 'workload-details-400', 'workload-status-404', 'workload-export-404', 'workload-delete-404', 'workload-stop-404', 'workloads-bulk-stop-400', ...names.filter(n => /^workload-create-(400|404|500)/.test(n))])
    await hold(url, name);
});

test('groups', async t => {
  const { url } = await start(t, { groups: [] });
  for (const name of ['group-create-201', 'group-create-409', 'group-create-400', 'group-delete', 'group-delete-default-400']) await hold(url, name);
});

test('a workload that was just created', async t => {
  const upstream = await HttpFake.start(t);
  const fake = await start(t, { times: { start: 5_000 }, targets: { 'http://127.0.0.1:9001/mcp': upstream.url() } });
  await hold(fake.url, 'workload-create-201', { free: ['port'] });
  await hold(fake.url, 'workload-create-409-name-taken');
  await hold(fake.url, 'workloads-running-none-yet');
  await hold(fake.url, 'workload-status-starting');
  await hold(fake.url, 'workloads-one-starting', { free: ['port', 'url', 'created_at', 'toolhive-port'] });
  await hold(fake.url, 'workload-create-from-registry-remote-201', { free: ['port'] });
  assert.equal(fake.workload('aws-docs').registry_server_name, 'io.github.stacklok/aws-knowledge');
});

test('ten workloads: lists and each view of them', async t => {
  const { url } = await start(t, {}, workloads_of('workloads-all'));
  for (const name of ['workloads-all', 'workloads-running-only', 'workloads-group', 'workload-logs-remote-404']) await hold(url, name);
  for (const name of names.filter(n => /^workload-(details|export)-[a-z]/.test(n) || n.startsWith('workload-status-of-'))) await hold(url, name);
  await hold(url, 'workload-proxy-logs', { free: ['body'] });
});

test('writing: 202 and 204 come before the effect', async t => {
  const fake = await start(t, { times: { effect: 30, start: 10 } }, workloads_of('workloads-all'));
  const status = () => fake.workload('stopped').status;
  await hold(fake.url, 'workload-restart-202');
  await until('the restarted one to run', () => status() === 'running');
  await hold(fake.url, 'workload-stop-202');
  assert.equal(status(), 'running');
  await until('it to stop', () => status() === 'stopped');
  await hold(fake.url, 'workloads-bulk-stop-202');
  await hold(fake.url, 'workload-edit-200-name-ignored');
  await until('the edited one to run', () => status() === 'running');
  await hold(fake.url, 'workload-create-201-over-errored-name', { free: ['port'] });
  await hold(fake.url, 'workload-delete-202');
  await until('it to go', () => fake.workloads.get('stopped') === undefined);
});

test('lists later on', async t => {
  for (const name of ['workloads-all-after-delete', 'workloads-all-after-group-delete', 'workloads-all-after-5-min']) {
    const fake = await start(t, {}, workloads_of(name));
    await hold(fake.url, name);
  }
  const fake = await start(t, {}, workloads_of('workloads-all-after-delete'));
  assert.equal((await request(`${fake.url}/api/v1beta/groups/research`, { method: 'DELETE' })).status, 204);
  await hold(fake.url, 'workloads-all-after-group-delete');
});

test('the registry in both shapes', async t => {
  const [page_entry] = read('registry-v01-page').response.body.servers;
  const fake = await start(t, { registry: recorded_registry() });
  const counted = { free: ['server_count', 'total'] };                     // the recordings are cut
  for (const name of ['registries', 'registry-default', 'registry-servers', 'registry-v01-beyond-last-page']) await hold(fake.url, name, counted);
  for (const name of names.filter(n => /^registry-(server-|v01-server-|unknown|refresh)/.test(n))) await hold(fake.url, name);
  fake.registry.servers = { [page_entry.name]: entry_of(page_entry) };
  fake.registry.remote_servers = {};
  await hold(fake.url, 'registry-v01-page', counted);
});

test('a registry file of the legacy format names its entries by their keys', async t => {
  const { url } = await start(t, { registry: { servers: { fetch: { image: 'ghcr.io/x/fetch:1', description: 'x', transport: 'stdio' } } } });
  const create = server => request(`${url}/api/v1beta/workloads`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'f', registry: 'default', server }) });
  assert.equal((await create('other')).status, 404);
  assert.equal((await create('fetch')).status, 201);
});

test('the discovery file over TCP and over a Unix socket', async t => {
  for (const [name, where] of [['discovery-file-tcp', {}], ['discovery-file-unix', { socket: path.join(temp_dir(), 'thv.sock') }]]) {
    const state_home = temp_dir(), file = discovery_path(state_home);
    const fake = await new FakeToolHive({ state_home }).start(where);
    t.after(() => fake.close());
    const want = read(name), got = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.deepEqual(differences(want, got, ['url', 'pid', 'nonce', 'started_at']), []);
    assert.match(got.nonce, /^[0-9a-f]{32}$/);
    assert.ok(got.url.startsWith(want.url.slice(0, want.url.indexOf('/') + 2)));
    assert.deepEqual([fs.statSync(file).mode & 0o777, fs.statSync(path.dirname(file)).mode & 0o777], [0o600, 0o700]);
    await fake.stop({ killed: true });
    assert.ok(fs.existsSync(file), 'a killed server leaves it behind');
    await fake.start(where);
    assert.notEqual(JSON.parse(fs.readFileSync(file, 'utf8')).nonce, got.nonce);
    await fake.stop();
    assert.ok(!fs.existsSync(file), 'a clean end takes it away');
    held.add(name);
  }
});

// ---------------------------------------------------------------- the workloads' own proxies

const kEvents = { free: ['body', 'mcp-session-id', 'date'] };

test('proxies in front of server-everything', async t => {
  const { origin } = await everything(t);
  const fake = await start(t);
  const open = await fake.add({ name: 'everything', url: `${origin}/mcp` });
  const filtered = await fake.add({ name: 'filtered', url: `${origin}/mcp`, tools: ['echo', 'get-sum'] });
  const at = w => `http://127.0.0.1:${w.port}`;
  const plain = await hold(at(open), 'proxy-initialize', kEvents);
  const shape = text => text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID');
  assert.equal(shape(plain.text), shape(read('proxy-initialize').response.body));
  await hold(at(open), 'proxy-origin-403');

  const merged = await hold(at(filtered), 'proxy-initialize-merged-sse-events', kEvents);
  assert.equal(shape(merged.text).trimEnd(), shape(read('proxy-initialize-merged-sse-events').response.body).trimEnd());
  const session = { 'Mcp-Session-Id': merged.headers['mcp-session-id'], Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' };
  for (const name of ['proxy-tools-list-filtered', 'proxy-tools-call-filtered-out']) {
    const { request: asked, response: want } = read(name);
    const got = await request(at(filtered) + asked.path, { method: 'POST', headers: session, body: JSON.stringify(asked.body) });
    assert.equal(got.status, want.status, got.text);
    check_headers(name, want.headers, got.headers, name.includes('list') ? ['content-length'] : []);
    const tools = text => JSON.parse(/^data: (\{.*)$/m.exec(text)[1]).result.tools.map(x => x.name);
    if (typeof want.body === 'string') assert.deepEqual(tools(got.text), tools(want.body));
    else assert.deepEqual(JSON.parse(got.text), want.body);
    held.add(name);
  }
});

test('a proxy with nobody behind it, and one whose upstream knows no such session', async t => {
  const upstream = await HttpFake.start(t, { traits: 'era=dual' });
  const fake = await start(t);
  const down = await fake.add({ name: 'down', url: `http://127.0.0.1:${await closed_port()}/mcp` });
  await hold(`http://127.0.0.1:${down.port}`, 'proxy-upstream-down-502');
  const up = await fake.add({ name: 'up', url: upstream.url() });
  const unknown = read('proxy-unknown-session-404');
  const got = await request(`http://127.0.0.1:${up.port}/mcp`, { method: 'POST', headers: unknown.request.headers, body: JSON.stringify(unknown.request.body) });
  assert.equal(got.status, 404);
  assert.deepEqual(JSON.parse(got.text), unknown.response.body);
  held.add('proxy-unknown-session-404');
  const modern = read('proxy-server-discover-2026-07-28');
  const answer = await request(`http://127.0.0.1:${up.port}/mcp`, { method: 'POST', headers: modern.request.headers, body: JSON.stringify(modern.request.body) });
  assert.deepEqual([answer.status, JSON.parse(answer.text).result.supportedVersions], [200, modern.response.body.result.supportedVersions]);
  held.add('proxy-server-discover-2026-07-28');
});

test('an SSE remote whose URL has a path cannot be called, one without a path can', async t => {
  const { origin } = await everything(t, { transport: 'sse' });
  const fake = await start(t);
  const broken = await fake.add({ name: 'sse-with-path', url: `${origin}/sse`, transport: 'sse' });
  await hold(`http://127.0.0.1:${broken.port}`, 'proxy-sse-post-404');
  const fine = await fake.add({ name: 'everything-sse', url: origin, transport: 'sse' });
  const stream = await open_stream(`http://127.0.0.1:${fine.port}/sse`, { headers: { accept: 'text/event-stream' } });
  const endpoint = await stream.next();
  const { request: { body } } = read('proxy-sse-post-404');
  const posted = await request(`http://127.0.0.1:${fine.port}${endpoint}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal(posted.status, 202);
  assert.match(await stream.next(), /"protocolVersion"/);
  stream.close();
});

// ---------------------------------------------------------------- what no recording shows

test('every recording is held', () => {
  const left = names.filter(n => !held.has(n));
  console.log(`# ${held.size} of ${names.length} recordings held${left.length ? `; not held: ${left.join(', ')}` : ''}`);
  assert.deepEqual(left, []);
});
