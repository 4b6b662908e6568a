// The fake of ToolHive beside the real one: the same requests in the same order, the same answers. What the recordings in
// tests/contract do not show is compared here.
import test from 'node:test';
import assert from 'node:assert/strict';
import { FakeToolHive } from '../fakes/fake_toolhive.mjs';
import { request } from '../lib/http.mjs';
import { RealToolHive, everything } from '../lib/thv.mjs';
import { small_registry } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

const W = '/api/v1beta/workloads', G = '/api/v1beta/groups', S = '/api/v1beta/secrets/default', R = '/api/v1beta/registry';
const kLong = 'x'.repeat(101);

// [method, path, body (an object, or a text)]; `upstream` answers MCP.
const requests_with = upstream => [
  ['GET', '/health'], ['GET', W], ['GET', `${W}?all=true`],
  ['POST', W, { name: 'a', url: upstream }], ['POST', W, { name: 'a', url: upstream }], ['GET', `${W}?all=true`], ['GET', `${W}?all=true&group=default`], ['GET', `${W}?group=`],
  ['GET', `${W}/a`], ['GET', `${W}/a/export`],
  ...[kLong, 'a..b', '..', 'b', 'with space', 'with/slash', ''].flatMap(name => [['GET', `${W}/${encodeURIComponent(name)}/status`], ['POST', W, { name, url: upstream }]]),
  ['POST', W, ''], ['POST', W, '[1]'], ['POST', W, '{"name": 5}'], ['POST', W, '{"name":"x"'], ['POST', W, '{"name":"x"} and more'], ['POST', W, 'null'], ['POST', W, 'x'.repeat((1 << 20) + 10)],
  ['POST', W, { server: 'fetch', name: 'x' }], ['POST', W, { registry: 'default', name: 'x' }], ['POST', W, { registry: 'default', server: 'no-such', name: 'x' }],
  ['POST', W, { name: 'x', url: upstream, group: 'no-such' }], ['POST', W, { name: 'x', url: upstream, transport: 'pigeon' }], ['POST', W, { name: 'x', url: upstream, secrets: [{ name: 's', target: 'T' }] }],
  ...[{}, { names: [] }, { names: ['no-such'] }, { group: 'no-such' }, { group: 'Bad Name' }, { names: ['a'], group: 'b' }].map(body => ['POST', `${W}/stop`, body]),
  ['POST', `${W}/no-such`, {}], ['POST', `${W}/no-such/edit`, { url: upstream }], ['POST', `${W}/a/edit`, {}], ['POST', `${W}/no-such/restart`], ['DELETE', `${W}/no-such`],
  ['GET', `${W}/no-such/logs`], ['GET', `${W}/no-such/proxy-logs`], ['GET', `${W}/with%20space/export`],
  ['GET', `${G}/default`], ['GET', `${G}/no-such`], ['GET', `${G}/Bad%20Name`], ['DELETE', `${G}/no-such`], ['DELETE', `${G}/default`], ['POST', G, ''],
  ...[{}, { name: 'a b' }, { name: 'a/b' }, { name: ' a' }, { name: 'a.b' }, { name: 'a_b-c' }, { name: 'a b' }].map(body => ['POST', G, body]), ['GET', G], ['DELETE', `${G}/a%20b`],
  ['GET', S], ['GET', `${S}/keys`], ['POST', `${S}/keys`, { key: 'a', value: 'b' }], ['PUT', `${S}/keys/a`, { value: 'b' }], ['DELETE', `${S}/keys/a`], ['GET', '/api/v1beta/secrets/other'],
  ['GET', R], ['GET', `${R}/no-such`], ['GET', `${R}/no-such/servers`], ['GET', `${R}/no-such/servers/x`], ['POST', `${R}/no-such/refresh`], ['GET', `${R}/default/servers/io.github.stacklok/fetch`],
  ['GET', `${R}/default/servers/no-such`], ['GET', '/registry/x/v0.1/servers?page=99&limit=abc'], ['GET', '/registry/x/v0.1/servers?page=99&limit=999'], ['GET', '/registry/x/v0.1/servers/no-such/versions/latest'],
  ['GET', '/registry/x/v0.1/servers/no-such/versions/1'], ['HEAD', '/health'], ['HEAD', W], ['PATCH', W], ['PUT', '/health'], ['OPTIONS', W], ['GET', '/'], ['GET', '/metrics'], ['GET', '/api/'],
  ['GET', '/api/v1beta/no-such'], ['GET', '/registry/x/v0.1/no-such'], ['GET', '/api/v1beta/version'],
];

const with_secrets = upstream => [
  ['GET', S], ['GET', `${S}/keys`], ['POST', `${S}/keys`, { key: 'a-b', value: 'v' }], ['POST', `${S}/keys`, { key: 'a-b', value: 'v' }], ['POST', `${S}/keys`, { key: '', value: 'v' }],
  ['POST', `${S}/keys`, { key: 'z' }], ['GET', `${S}/keys`], ['PUT', `${S}/keys/a-b`, { value: 'w' }], ['PUT', `${S}/keys/no-such`, { value: 'w' }], ['PUT', `${S}/keys/a-b`, {}], ['DELETE', `${S}/keys/no-such`],
  ['POST', W, { name: 'a', url: upstream, secrets: [{ name: 'no-such', target: 'T' }] }], ['POST', W, { name: 'a', url: upstream, secrets: [{ name: 'a-b', target: 'T' }] }],
  ['GET', `${W}/a`], ['GET', `${W}/a/export`], ['POST', W, { name: 'b', url: upstream, header_forward: { add_plaintext_headers: { 'X-A': '1' }, add_headers_from_secret: { 'X-B': 'no-such' } } }],
  ['GET', `${W}/b`], ['DELETE', `${S}/keys/a-b`], ['GET', `${S}/keys`],
];

// What must be equal: status, headers, texts; of JSON the members and their types. Ports and sizes are each one's own.
function view({ status, headers, text }) {
  const { date: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, allow, 'x-toolhive-nonce': nonce, ...more } = headers;
  const shape = v => (Array.isArray(v) ? v.slice(0, 1).map(shape) : v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, shape(x)])) : v === null ? null : typeof v);
  const json = text && (more['content-type'] ?? '').startsWith('application/json');
  return { status, more: Object.entries(more).sort(), allow: allow?.split(', ').sort(), nonce: nonce?.length, body: json ? shape(JSON.parse(text)) : text };
}

async function compare(places, list) {
  for (const [method, path, body] of list) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-type': 'application/json' };
    const [truth, pretence] = await Promise.all(places.map(p => request(p + path, { method, headers, body: text })));
    assert.deepEqual(view(pretence), view(truth), `${method} ${path} ${text?.slice(0, 100)}`);
  }
  console.log(`# ${list.length} requests answered alike`);
}

test('the same requests, the same answers', async t => {
  const { origin } = await everything(t);
  for (const [name, secrets, list] of [['without secrets', undefined, requests_with], ['with a store of secrets', {}, with_secrets]]) {
    await t.test(name, async s => {
      const real = await RealToolHive.start(s, { secrets: secrets !== undefined });
      const fake = await new FakeToolHive({ registry: small_registry(), secrets, times: { start: 400 } }).start();
      s.after(() => fake.close());
      await compare([`http://127.0.0.1:${real.port}`, fake.url], list(`${origin}/mcp`));
    });
  }
});

test('stop, restart, edit and delete: the same statuses on the way, and the same idea of a new workload', async t => {
  const { origin } = await everything(t);
  const real = await RealToolHive.start(t), fake = await new FakeToolHive({ times: { start: 300 } }).start();
  t.after(() => fake.close());
  for (const place of [`http://127.0.0.1:${real.port}`, fake.url]) {
    const send = (method, path, body) => request(place + path, { method, body: body && JSON.stringify(body) });
    const status = async () => { const r = await send('GET', `${W}/a/status`); return r.status === 200 ? JSON.parse(r.text).status : r.status; };
    const becomes = wanted => until(`${place} to say ${wanted}`, async () => await status() === wanted);
    const listed = async () => JSON.parse((await send('GET', `${W}?all=true`)).text).workloads[0];
    assert.equal((await send('POST', W, { name: 'a', url: `${origin}/mcp` })).status, 201);
    assert.equal(await status(), 'starting');
    await becomes('running');
    const { created_at, port } = await listed();
    assert.equal((await send('POST', `${W}/a/restart`)).status, 202);
    assert.equal(await status(), 'running', 'restart of a running one changes nothing');
    for (const [action, wanted] of [['stop', 'stopped'], ['restart', 'running']]) {
      assert.equal((await send('POST', `${W}/a/${action}`)).status, 202);
      await becomes(wanted);
      assert.equal((await listed()).created_at, created_at, `${place}: ${action}`);
    }
    assert.equal((await send('POST', `${W}/a/edit`, { name: 'b', url: `${origin}/mcp/` })).status, 200);
    await becomes('running');
    const edited = await listed();
    assert.deepEqual([edited.name, edited.port, edited.created_at === created_at, new URL(edited.url).pathname], ['a', port, false, '/mcp/'], place);
    assert.equal((await send('DELETE', `${W}/a`)).status, 202);
    await becomes(404);
  }
});
