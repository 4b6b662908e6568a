// MCP over HTTP and stdio as the revisions ask for it, seen from the wire.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Optimizer, temp_dir, write_config } from '../lib/optimizer.mjs';
import { stdio_fake } from '../lib/fake.mjs';
import { LegacySession, StdioProcess, kAccept, kMeta, kModern, meta, modern, text_of } from '../lib/mcp.mjs';
import { open_stream, request } from '../lib/http.mjs';
import { sleep, until } from '../lib/wait.mjs';

test('health and readiness', async t => {
  const o = await Optimizer.start(t, { ready: false, args: ['--mcp-timeout', '3'], servers: { good: stdio_fake(), mute: stdio_fake('mute') } });
  await o.ready();
  for (const place of ['/health', '/']) {
    const r = await request(`http://127.0.0.1:${o.port}${place}`);
    assert.equal(r.status, 200);
    assert.match(r.headers['content-type'], /^application\/json/);
    assert.equal(JSON.parse(r.text).status, 'ok');
  }
  const { degraded } = await until('the mute server to be named', async () => { const h = await o.health(); return h.degraded?.length && h; });
  assert.equal(degraded.length, 1);
  assert.match(degraded[0].what, /mute/);
  assert.match(degraded[0].since, /^\d{4}-\d\d-\d\dT/);
  assert.ok(degraded[0].why.length > 5);
});

test('legacy sessions', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  await t.test('each revision gets itself; an unknown one and 2026-07-28 get 2025-11-25', async () => {
    for (const [asked, given] of [['2024-11-05', '2024-11-05'], ['2025-03-26', '2025-03-26'], ['2025-06-18', '2025-06-18'], ['2025-11-25', '2025-11-25'],
      ['2026-07-28', '2025-11-25'], ['1999-01-01', '2025-11-25'], ['2099-01-01', '2025-11-25']]) {
      const s = await LegacySession.open(o.url, { version: asked });
      assert.equal(s.version, given);
      assert.match(s.id, /^[\x21-\x7e]{16,}$/);
      const { result } = s.initialize;
      assert.ok(result.capabilities.tools && result.serverInfo.name && result.serverInfo.version);
      assert.equal(result.resultType, undefined);
      assert.equal((await s.rpc('tools/list')).result.tools.length, 3);
      assert.equal((await s.rpc('tools/list')).result.resultType, undefined);
    }
  });
  await t.test('a notification gets 202 and nothing', async () => {
    const s = await LegacySession.open(o.url);
    const r = await s.post({ jsonrpc: '2.0', method: 'notifications/nobody-knows' });
    assert.equal(r.status, 202);
    assert.equal(r.text, '');
  });
  await t.test('GET gives a stream, DELETE ends the session, then 404', async () => {
    const s = await LegacySession.open(o.url);
    const stream = await s.stream();
    assert.equal(stream.status, 200);
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    assert.ok([200, 204].includes((await s.close()).status));
    await until('the stream to end', () => stream.ended());
    assert.equal((await s.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404);
    assert.equal((await s.stream()).status, 404);
    assert.equal((await s.close()).status, 404);
  });
  await t.test('progress comes on the stream of its request', async () => {
    const s = await LegacySession.open(o.url);
    const stream = await s.post_stream({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 300, steps: 3 } }, _meta: { progressToken: 77 } } });
    const seen = [];
    for (let e; (e = await stream.next()) !== undefined;) seen.push(JSON.parse(e));
    assert.equal(seen.at(-1).id, 9);
    assert.ok(seen.length >= 3);
    for (const m of seen.slice(0, -1)) { assert.equal(m.method, 'notifications/progress'); assert.equal(m.params.progressToken, 77); }
  });
  await t.test('a dropped connection is no cancellation', async () => {
    const s = await LegacySession.open(o.url);
    const stream = await s.post_stream({ jsonrpc: '2.0', id: 10, method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 400, steps: 4 } }, _meta: { progressToken: 1 } } });
    await stream.next();
    stream.close();
    await sleep(100);
    assert.deepEqual((await s.rpc('ping')).result, {});
  });
  await t.test('sessions do not see each other', async () => {
    const [a, b] = [await LegacySession.open(o.url), await LegacySession.open(o.url)];
    assert.notEqual(a.id, b.id);
    const same_id = s => s.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'echo', parameters: { message: s.id } } } });
    const [x, y] = await Promise.all([same_id(a), same_id(b)]);
    assert.ok(x.text.includes(a.id) && y.text.includes(b.id));
  });
});

test('2026-07-28', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  await t.test('server/discover', async () => {
    const { message, headers } = await modern(o.url, 'server/discover');
    assert.deepEqual(message.result.supportedVersions, [kModern]);
    assert.ok(message.result.capabilities.tools);
    assert.equal(message.result.resultType, 'complete');
    assert.ok(message.result.ttlMs >= 0 && ['public', 'private'].includes(message.result.cacheScope));
    assert.ok(message.result._meta[`${kMeta}serverInfo`].name);
    assert.equal(headers['mcp-session-id'], undefined);
  });
  await t.test('every result says what it is', async () => {
    for (const [method, params] of [['tools/list', {}], ['tools/call', { name: 'find_tool', arguments: { tool_description: 'echo' } }],
      ['tools/call', { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'echo', parameters: { message: 'x' } } }]]) {
      const { message } = await modern(o.url, method, params);
      assert.equal(message.result.resultType, 'complete', method);
      assert.ok(message.result._meta?.[`${kMeta}serverInfo`]?.name, method);
    }
  });
  await t.test('names in base64, blanks around values, any case of names', async () => {
    const encoded = `=?base64?${Buffer.from('find_tool').toString('base64')}?=`;
    for (const headers of [{ 'mcp-name': encoded }, { 'mcp-name': ' find_tool ' }, { 'MCP-NAME': 'find_tool', 'mcp-name': 'find_tool' }]) {
      const { status } = await modern(o.url, 'tools/call', { name: 'find_tool', arguments: { tool_description: 'echo' } }, { headers });
      assert.equal(status, 200, JSON.stringify(headers));
    }
  });
  await t.test('a session id of old is ignored', async () => {
    assert.equal((await modern(o.url, 'tools/list', {}, { headers: { 'mcp-session-id': 'whatever' } })).status, 200);
  });
  await t.test('closing the connection cancels the call', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 20_000, steps: 100 } }, _meta: { ...meta(), progressToken: 'p' } } });
    const stream = await open_stream(o.url, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: kAccept, 'mcp-protocol-version': kModern, 'mcp-method': 'tools/call', 'mcp-name': 'call_tool' } });
    assert.equal(JSON.parse(await stream.next()).method, 'notifications/progress');
    stream.close();
    await sleep(300);
    assert.equal((await o.stop()).ms < 15_000, true, 'the call, which takes 20 s, is not waited for');
  });
});

test('a subscription: acknowledged first, tagged, ended with a result when we stop', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'sub-1', method: 'subscriptions/listen', params: { notifications: { toolsListChanged: true }, _meta: meta() } });
  const stream = await open_stream(o.url, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: kAccept, 'mcp-protocol-version': kModern, 'mcp-method': 'subscriptions/listen' } });
  assert.equal(stream.status, 200);
  const first = JSON.parse(await stream.next());
  assert.equal(first.method, 'notifications/subscriptions/acknowledged');
  assert.equal(first.params._meta[`${kMeta}subscriptionId`], 'sub-1');
  const ended = o.stop();
  const last = JSON.parse(await stream.next());
  assert.equal(last.id, 'sub-1');
  assert.ok(last.result);
  assert.equal((await ended).status, 0);
});

test('stdio: both eras on one channel, answers as they come', async t => {
  const dir = temp_dir();
  const s = StdioProcess.start(t, { config: write_config(path.join(dir, 'mcp.json'), { fake: stdio_fake() }), data: path.join(dir, 'data') });
  await s.initialize();
  const found = await until('echo to be found', async () => {
    const m = await s.rpc('tools/call', { name: 'find_tool', arguments: { tool_description: 'send a message back', tool_keywords: 'echo' } });
    return m.result.structuredContent.tools.length > 0 && m;
  });
  assert.equal(found.result.structuredContent.tools[0].name, 'echo');
  const slow = s.rpc('tools/call', { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 500 } } });
  const quick = s.rpc('tools/call', { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'echo', parameters: { message: 'first' } } });
  assert.equal(await Promise.race([slow.then(() => 'slow'), quick.then(() => 'quick')]), 'quick');
  assert.match(text_of((await slow).result), /slow done/);
  const discovered = await s.rpc('server/discover', { _meta: meta() });
  assert.deepEqual(discovered.result.supportedVersions, [kModern]);
  assert.equal(discovered.result.resultType, 'complete');
  for (const line of s.lines) assert.equal(JSON.parse(line).jsonrpc, '2.0', 'nothing but MCP on stdout');
});

test('logs: JSON lines on request, a level that holds', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--log-format', 'json'] });
  for (const line of o.log.trim().split('\n')) { const e = JSON.parse(line); assert.equal(typeof e, 'object', line); }
  const quiet = await Optimizer.start(t, { servers: { fake: stdio_fake() }, env: { LOG_LEVEL: 'debug' } });
  assert.ok(quiet.log.length > 0);
});
