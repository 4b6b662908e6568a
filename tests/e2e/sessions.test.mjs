// Sessions and limits: what opening and dropping them costs, and what a client gets over a limit.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { Optimizer } from '../lib/optimizer.mjs';
import { stdio_fake } from '../lib/fake.mjs';
import { LegacySession, call_tool, find_tool, message_of, modern } from '../lib/mcp.mjs';
import { exchange, request } from '../lib/http.mjs';
import { cpu_seconds, resident_bytes } from '../lib/processes.mjs';
import { sleep, until } from '../lib/wait.mjs';

// Of processor time that `o` uses for one `work`.
async function milliseconds_each(o, work, n = 400) {
  const before = cpu_seconds(o.pid);
  for (let i = 0; i < n; i++) await work();
  return (cpu_seconds(o.pid) - before) / n * 1e3;
}

test('1,000 sessions opened and dropped leave memory and find_tool\'s time as they were', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake('tools=500') } });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const find = () => find_tool(o.url, 'send the message back to the caller', 'echo');
  async function churn(n, close) {
    for (let i = 0; i < n; i += 20) {
      const sessions = await Promise.all(Array.from({ length: 20 }, () => LegacySession.open(o.url, { agent })));
      await Promise.all(sessions.map(s => s.tool('find_tool', { tool_description: 'send the message back', tool_keywords: 'echo' })));
      if (close) await Promise.all(sessions.map(s => s.close()));
    }
  }
  await o.settled();
  await churn(200, true);             // allocator and caches are warm
  const time_before = await milliseconds_each(o, find), memory_before = resident_bytes(o.pid);
  await churn(1_000, true);
  const time_after = await milliseconds_each(o, find), memory_after = resident_bytes(o.pid);
  assert.equal((await o.health()).sessions ?? 0, 0, 'no session is left');
  assert.ok(memory_after - memory_before < 4e6, `${memory_before} → ${memory_after} bytes`);
  assert.ok(time_after < 2 * time_before + .5, `${time_before} → ${time_after} ms`);

  await t.test('1,000 that nobody closes: memory stays in proportion, find_tool as quick', async () => {
    await churn(1_000, false);
    const per_session = (resident_bytes(o.pid) - memory_after) / 1_000;
    assert.ok(per_session < 20_000, `${per_session} bytes for a session`);
    const time_now = await milliseconds_each(o, find);
    assert.ok(time_now < 2 * time_before + .5, `${time_before} → ${time_now} ms`);
  });
});

test('over --max-sessions the idle ones go first', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-sessions', '5'] });
  const first = await LegacySession.open(o.url);
  const others = [];
  for (let i = 0; i < 4; i++) others.push(await LegacySession.open(o.url));
  await sleep(20);
  for (const s of others) await s.rpc('ping');
  const sixth = await LegacySession.open(o.url);
  assert.deepEqual((await sixth.rpc('ping')).result, {});
  assert.equal((await first.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404, 'the one idle for longest ended');
  assert.deepEqual((await others[3].rpc('ping')).result, {});
});

test('over --max-sessions, all busy: 503 with Retry-After', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-sessions', '2'] });
  const busy = [await LegacySession.open(o.url), await LegacySession.open(o.url)];
  const calls = busy.map(s => s.post({ jsonrpc: '2.0', id: 'h', method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 1500 } } } }));
  await sleep(300);
  const answer = await request(o.url, {
    method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } }),
  });
  assert.equal(answer.status, 503, answer.text);
  assert.ok(Number(answer.headers['retry-after']) > 0);
  assert.ok(JSON.parse(answer.text).error.message.length > 0);
  for (const c of await Promise.all(calls)) assert.equal(c.status, 200);
});

test('a session that was idle for --session-idle-timeout ends', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--session-idle-timeout', '1'] });
  const s = await LegacySession.open(o.url);
  await until('404', async () => { await sleep(1_500); return (await s.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status === 404; });
});

test('over --max-concurrent-requests: 503 with Retry-After; afterwards all is well', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-concurrent-requests', '3'] });
  const calls = Array.from({ length: 3 }, () => call_tool(o.url, 'fake', 'slow', { ms: 1500 }));
  await sleep(300);
  const answer = await modern(o.url, 'tools/list').catch(e => e);
  assert.equal(answer.status, 503, answer.message);
  assert.ok(Number(answer.headers['retry-after']) > 0);
  for (const r of await Promise.all(calls)) assert.ok(!r.isError);
  assert.equal((await modern(o.url, 'tools/list')).status, 200);
});

test('a body over --max-body-bytes: 413, whether its length is told or not', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-body-bytes', '10000'] });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { x: 'y'.repeat(20_000) } });
  const told = await request(o.url, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: '*/*' } });
  assert.equal(told.status, 413);
  assert.match(told.text, /10,?000|max-body-bytes/);
  const chunk = 'y'.repeat(8_000);
  const chunked = await exchange(o.port, `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${o.port}\r\nContent-Type: application/json\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\n`
    + `1f40\r\n${chunk}\r\n1f40\r\n${chunk}\r\n0\r\n\r\n`);
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  assert.equal((await modern(o.url, 'tools/list')).status, 200);
});

test('header fields over --max-header-bytes: 431', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-header-bytes', '4096'] });
  const answer = await exchange(o.port, `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${o.port}\r\nX-Big: ${'y'.repeat(8_000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 /);
});

test('an upstream message over --max-upstream-message-bytes is an isError result', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--max-upstream-message-bytes', '100000'] });
  const r = await call_tool(o.url, 'fake', 'big', { bytes: 200_000 });
  assert.equal(r.isError, true);
  assert.match(JSON.stringify(r.content), /100,?000|max-upstream-message-bytes/);
  assert.ok(!(await call_tool(o.url, 'fake', 'big', { bytes: 1_000 })).isError);
});

test('a client that reads nothing and one that never finishes its request hold up nobody', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const half = exchange(o.port, 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"json', { ms: 2_000 });
  const session = await LegacySession.open(o.url);
  const stream = await session.stream();
  assert.equal(stream.status, 200);
  for (let i = 0; i < 10; i++) assert.ok((await find_tool(o.url, 'send', 'echo')).tools.length > 0);
  await half;
  stream.close();
});

test('--mcp-timeout: a call that takes longer is an isError result that says so; progress extends it', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() }, args: ['--mcp-timeout', '1'] });
  const t0 = performance.now();
  const r = await call_tool(o.url, 'fake', 'hang');
  assert.equal(r.isError, true);
  assert.match(JSON.stringify(r.content), /fake/);
  assert.match(JSON.stringify(r.content), /hang/);
  assert.match(JSON.stringify(r.content), /time|1 s/i);
  assert.ok(performance.now() - t0 < 30_000);
  const session = await LegacySession.open(o.url);
  const slow = message_of(await session.post({
    jsonrpc: '2.0', id: 1, method: 'tools/call',
    params: { name: 'call_tool', arguments: { server_name: 'fake', tool_name: 'slow', parameters: { ms: 2500, steps: 10 } }, _meta: { progressToken: 'p' } },
  }));
  assert.match(slow.result.content[0].text, /slow done 10/);
});
