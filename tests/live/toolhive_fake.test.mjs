// The fake of ToolHive beside the real one: the same requests in the same order, the same answers. What the recordings in
// tests/contract do not show is compared here.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
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
  ['POST', W, { name: 'a', url: upstream }], ['POST', W, { name: 'a', url: upstream }], ['GET', `${W}?all=true`], ['GET', `${W}?all=true&group=default`], ['GET', `${W}?all=true&group=`],
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
    // The real one shows the new time a moment before the new address, and `running` of the old one before either.
    const edited = await until(`${place} to show the edit`, async () => { const w = await listed(); return w?.url.endsWith('/mcp/') && w; });
    await becomes('running');
    assert.deepEqual([edited.name, edited.port, edited.created_at === created_at], ['a', port, false], place);
    assert.equal((await send('DELETE', `${W}/a`)).status, 202);
    await becomes(404);
  }
});

// An upstream that notes what it sees and answers everything in one way or another.
async function witness(t) {
  const seen = [];
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const c of req) body += c;
    const { authorization, 'x-forwarded-for': by, 'x-forwarded-proto': how, 'x-own': own } = req.headers;
    seen.push({ method: req.method, url: req.url, body, authorization, by, how, own });
    const answer = (status, type, text) => res.writeHead(status, type ? { 'content-type': type, 'mcp-session-id': 'from-upstream' } : {}).end(text);
    if (req.url.includes('well-known')) return answer(404);
    if (req.method === 'GET') return answer(405);
    if (body.includes('"boom"')) return answer(500, 'text/plain', 'boom');
    if (body.includes('"login"')) return answer(401, 'text/plain', 'who are you?');
    return body.includes('"id"') ? answer(200, 'application/json', '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"w","version":"1"}}}') : answer(202);
  });
  await new Promise(r => server.listen(0, '127.0.0.1', r));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { seen, origin: `127.0.0.1:${server.address().port}` };
}

test('the proxies: what passes, what does not, and what the upstream sees', async t => {
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'p', version: '1' } } };
  const { seen, origin } = await witness(t);
  const real = await RealToolHive.start(t), fake = await new FakeToolHive({ times: { start: 10 } }).start();
  t.after(() => fake.close());
  const told = [];
  for (const place of [`http://127.0.0.1:${real.port}`, fake.url]) {
    const run = async (name, url) => {
      const { port } = JSON.parse((await request(place + W, { method: 'POST', body: JSON.stringify({ name, url }) })).text);
      await until(`${name} to run`, async () => JSON.parse((await request(`${place}${W}/${name}/status`)).text).status === 'running');
      return `http://127.0.0.1:${port}`;
    };
    const at = { a: await run('a', `http://user:pw@${origin}/base/mcp?api_key=k`), b: await run('b', `http://${origin}`) };
    seen.length = 0;
    const log = [];
    for (const [w, method, path, headers, body] of [
      ['a', 'POST', '/mcp', {}, initialize], ['a', 'POST', '/other?x=1', { authorization: 'Bearer t', 'x-own': 'o' }, initialize], ['b', 'POST', '/mcp?y=2', {}, initialize], ['b', 'POST', '/', {}, initialize],
      ['a', 'POST', '/mcp', { origin: 'http://127.0.0.1' }, initialize], ['a', 'POST', '/mcp', {}, [initialize]], ['a', 'POST', '/mcp', {}, '{bad'], ['a', 'POST', '/mcp', {}, ''], ['a', 'GET', '/mcp', { accept: 'text/event-stream' }],
      ['a', 'GET', '/health', {}], ['a', 'DELETE', '/mcp', {}], ['a', 'OPTIONS', '/mcp', {}], ['a', 'POST', '/mcp', {}, { jsonrpc: '2.0', id: 2, method: 'boom' }], ['a', 'POST', '/mcp', {}, { jsonrpc: '2.0', id: 2, method: 'login' }],
      ['a', 'POST', '/mcp', {}, { jsonrpc: '2.0', method: 'notifications/initialized' }], ['a', 'POST', '/mcp', { 'mcp-session-id': 'no-such' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' }],
      ['a', 'POST', '/mcp', { 'mcp-session-id': 'from-upstream' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' }], ['a', 'GET', '/.well-known/oauth-protected-resource', {}], ['a', 'POST', '/mcp', { 'content-type': 'text/plain' }, initialize],
    ]) {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const common = text === undefined ? {} : { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const r = await request(at[w] + path, { method, headers: { ...common, ...headers }, body: text });
      log.push({ asked: [w, method, path, headers, text], status: r.status, type: r.headers['content-type'], text: path === '/health' ? Object.keys(JSON.parse(r.text)) : r.text, seen: seen.splice(0) });
    }
    told.push(log);
  }
  for (const [i, truth] of told[0].entries()) assert.deepEqual(told[1][i], truth);
  console.log(`# ${told[0].length} requests through a proxy alike`);
});
