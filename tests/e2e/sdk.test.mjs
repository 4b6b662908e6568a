// The official TypeScript SDK clients of both generations, over HTTP and stdio.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Optimizer, temp_dir, write_config } from '../lib/optimizer.mjs';
import { connect_v1, connect_v2 } from '../lib/sdk.mjs';
import { new_journal, read_journal, stdio_fake } from '../lib/fake.mjs';
import { text_of } from '../lib/mcp.mjs';
import { sleep, until } from '../lib/wait.mjs';

const inner = (tool_name, parameters = {}) => ({ server_name: 'fake', tool_name, parameters });

// What every client must see, whatever its generation and transport.
async function check_client(t, { client, call }, journal, { modern }) {
  await t.test('three tools, each with a description and an object schema', async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(x => x.name).sort(), ['call_tool', 'find_tool', 'list_tools']);
    for (const x of tools) assert.ok(x.description && x.inputSchema.type === 'object');
    assert.deepEqual((await client.listTools()).tools, tools);
  });
  await t.test('find_tool', async () => {
    // Over stdio the process has just been started: it may still be asking its servers.
    const tools = await until('echo to be found', async () => {
      const r = await call('find_tool', { tool_description: 'send a message back to the caller', tool_keywords: 'echo' });
      return r.structuredContent.tools.length > 0 && r.structuredContent.tools;
    });
    assert.equal(tools[0].name, 'echo');
    assert.equal(tools[0].mcp_server_name, 'fake');
    assert.deepEqual(tools[0].annotations, { readOnlyHint: true });
  });
  await t.test('call_tool, unicode', async () => {
    const r = await call('call_tool', inner('echo', { message: 'héllo ✓ 𝄞' }));
    assert.equal(text_of(r), 'héllo ✓ 𝄞');
  });
  await t.test('structured content', async () => {
    assert.deepEqual((await call('call_tool', inner('structured'))).structuredContent, { n: 1 });
  });
  await t.test('what a tool does wrong is an isError result', async () => {
    const failed = await call('call_tool', inner('fail'));
    assert.equal(failed.isError, true);
    assert.match(text_of(failed), /deliberate failure of the tool/);
    const refused = await call('call_tool', inner('rpc_error', { code: -32077, message: 'no licence' }));
    assert.equal(refused.isError, true);
    assert.match(text_of(refused), /-32077/);
    assert.match(text_of(refused), /no licence/);
    assert.match(text_of(refused), /fake/);
    assert.match(text_of(refused), /rpc_error/);
  });
  await t.test('an unknown tool of ours is -32602', async () => {
    await assert.rejects(async () => {
      const r = await call('no_such_tool', {});
      if (r.isError) throw Object.assign(new Error(text_of(r)), { code: 'isError' });
    }, e => e.code === -32602);
  });
  await t.test('progress reaches the caller in order, before the result', async () => {
    const seen = [];
    const r = await call('call_tool', inner('slow', { ms: 600, steps: 4 }), { onprogress: p => seen.push(p.progress) });
    assert.match(text_of(r), /slow done 4/);
    assert.ok(seen.length >= 3, `${seen}`);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  });
  await t.test('progress of concurrent calls is kept apart', async () => {
    const totals = [[], []];
    await Promise.all([3, 5].map((steps, i) => call('call_tool', inner('slow', { ms: 500, steps }), { onprogress: p => totals[i].push(p.total) })));
    assert.ok(totals[0].length && totals[0].every(x => x === 3), `${totals[0]}`);
    assert.ok(totals[1].length && totals[1].every(x => x === 5), `${totals[1]}`);
  });
  await t.test('cancelling a call cancels it at the server; the session goes on', async () => {
    const cancelled = () => read_journal(journal).filter(e => e.ev === 'cancelled' && e.hit).length;
    const before = cancelled();
    const stop = new AbortController();
    const pending = call('call_tool', inner('hang'), { signal: stop.signal });
    await until('the call to arrive', () => read_journal(journal).some(e => e.tool === 'hang'));
    stop.abort('enough');
    await assert.rejects(pending);
    await until('the cancellation to arrive', () => cancelled() > before);
    assert.equal(text_of(await call('call_tool', inner('echo', { message: 'after' }))), 'after');
  });
  if (!modern) await t.test('ping', () => client.ping());
}

for (const [label, connect, modern] of [
  ['v1', connect_v1, false],
  ['v2 pinned to 2026-07-28', (s, w) => connect_v2(s, w, 'pin'), true],
  ['v2 auto', (s, w) => connect_v2(s, w, 'auto'), true],
  ['v2 legacy', (s, w) => connect_v2(s, w, 'legacy'), false],
]) {
  for (const kind of ['http', 'stdio']) {
    test(`SDK ${label} over ${kind}`, async t => {
      const journal = new_journal();
      const servers = { fake: stdio_fake('', { journal }) };
      const dir = temp_dir();
      let where;
      if (kind === 'http') where = { url: (await Optimizer.start(t, { dir, servers })).url };
      else where = { config: write_config(path.join(dir, 'mcp.json'), servers), data: path.join(dir, 'data') };
      const peer = await connect(t, where);
      if (peer.client.getProtocolEra) assert.equal(peer.client.getProtocolEra(), modern ? 'modern' : 'legacy');
      await check_client(t, peer, journal, { modern });
    });
  }
}

test('SDK v2: discover, listen and its end', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const { client, call } = await connect_v2(t, { url: o.url });
  const found = await client.discover();
  assert.ok(found.supportedVersions.includes('2026-07-28'));
  assert.ok(found.supportedVersions.every(v => v >= '2026-07-28'), 'only modern versions');
  const subscription = await client.listen({ toolsListChanged: true });
  await call('call_tool', inner('mutate', { name: 'added' }));
  await sleep(100);
  await subscription.close();
  await subscription.closed;
  assert.deepEqual((await client.listTools()).tools.length, 3);
});

test('SDK v1: closing a session ends it', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const { client, transport } = await connect_v1(t, { url: o.url });
  const id = transport.sessionId;
  assert.match(id, /^[\x21-\x7e]+$/);
  await transport.terminateSession();
  const answer = await fetch(o.url, {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' },
  });
  assert.equal(answer.status, 404);
  await client.close();
});

test('SDK v1: a tool that an upstream adds can be found and called at once', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const { call } = await connect_v1(t, { url: o.url });
  await call('call_tool', inner('mutate', { name: 'polish_silver' }));
  await until('the new tool to be found', async () => {
    const r = await call('find_tool', { tool_description: 'polish silver', tool_keywords: 'polish silver' });
    return r.structuredContent.tools.some(x => x.name === 'polish_silver');
  });
  assert.equal(text_of(await call('call_tool', inner('polish_silver'))), 'polish_silver ran');
});
