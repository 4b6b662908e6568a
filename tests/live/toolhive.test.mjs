// The optimizer in front of a real `thv serve` v0.44.0 (./do test-live): remote workloads under names of the user's own, in
// front of real servers from npm.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { call_tool, find_tool, list_tools, text_of, tool } from '../lib/mcp.mjs';
import { Optimizer, run_json, temp_dir } from '../lib/optimizer.mjs';
import { RealToolHive, everything, kThv } from '../lib/thv.mjs';
import { closed_port, kClosedRange, offered, servers_of, troubles, until_offered } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

assert.ok(kThv, 'THV must name the program: use ./do test-live');

const place_of = thv => (thv.socket ? ['--toolhive-socket', thv.socket] : ['--toolhive-port', String(thv.port)]);
const environment = (thv, more) => ({ MCPO_TOOLHIVE: 'true', XDG_STATE_HOME: thv.state_home, ...kClosedRange, TOOLHIVE_INITIAL_BACKOFF: '0.1', TOOLHIVE_MAX_BACKOFF: '1', ...more });
function serve(t, thv, { args = [], env = {}, ...options } = {}) {
  return Optimizer.start(t, { config: null, ...options, args: ['--workload-polling-interval', '1', ...args], env: environment(thv, env) });
}
const sum = async (o, server) => text_of(await call_tool(o.url, server, 'get-sum', { a: 2, b: 40 }));

for (const socket of [false, true]) {
  test(`found by its discovery file, followed through its life, over ${socket ? 'a Unix socket' : 'TCP'}`, async t => {
    const upstream = await everything(t);
    const thv = await RealToolHive.start(t, { socket });
    await thv.create({ name: 'my.everything', url: `${upstream.origin}/mcp` });
    await thv.until_status('my.everything', 'running');
    const o = await serve(t, thv);

    await t.test('list, details, identity', async () => {
      assert.deepEqual(await offered(o), ['my.everything']);
      const { 'my.everything': s } = await servers_of(t, o.data);
      assert.deepEqual([s.source, s.group, s.status, s.transport, s.registry_entry ?? null], ['toolhive', 'default', 'running', 'streamable-http', null]);
      assert.ok(s.identity.includes(`127.0.0.1:${upstream.port}/mcp`), s.identity);
      assert.ok(s.last_success && s.created_at && s.tools > 5);
    });
    await t.test('find and call', async () => {
      assert.ok((await find_tool(o.url, 'the sum of two numbers')).tools.some(x => x.name === 'get-sum' && x.mcp_server_name === 'my.everything'));
      assert.match(await sum(o, 'my.everything'), /42/);
    });
    await t.test('run', async () => {
      await thv.create({ name: 'second_one', url: `${upstream.origin}/mcp`, tools: ['echo', 'get-sum'] });
      await until_offered(o, ['my.everything', 'second_one']);
      assert.deepEqual((await list_tools(o.url, { server_name: 'second_one' })).map(x => x.name).sort(), ['echo', 'get-sum']);
    });
    await t.test('stop and start', async () => {
      await thv.act('second_one', 'stop');
      await until_offered(o, ['my.everything']);
      assert.equal((await servers_of(t, o.data)).second_one.status, 'stopped');
      await thv.act('second_one', 'restart');
      await until_offered(o, ['my.everything', 'second_one']);
      assert.match(await sum(o, 'second_one'), /42/);
    });
    await t.test('ToolHive restarts elsewhere: nothing is lost, calls go on meanwhile', async () => {
      await thv.end_server();
      assert.match(await sum(o, 'my.everything'), /42/);
      assert.deepEqual(await offered(o), ['my.everything', 'second_one']);
      await thv.serve({ socket });
      await until('the report to go', async () => (await troubles(o)).length === 0);
      assert.deepEqual(await offered(o), ['my.everything', 'second_one']);
    });
    await t.test('killed, its discovery file left behind', async () => {
      await thv.end_server('SIGKILL');
      await thv.serve({ socket: !socket });
      await thv.create({ name: 'third', url: `${upstream.origin}/mcp` });
      await until_offered(o, ['my.everything', 'second_one', 'third']);
    });
    await t.test('remove', async () => {
      await thv.act('second_one', 'delete');
      await until_offered(o, ['my.everything', 'third']);
      assert.equal((await servers_of(t, o.data)).second_one, undefined);
    });
    await t.test('an upstream that went away: the call says so, and the tools stay', async () => {
      upstream.stop();
      const r = await call_tool(o.url, 'my.everything', 'echo', { message: 'x' });
      assert.equal(r.isError, true);
      assert.match(text_of(r), /behind|upstream/i);
      assert.ok((await offered(o)).includes('my.everything'));
    });
  });
}

test('an SSE remote, one that shares its URL, a group of its own, a moved workload', async t => {
  const [streamable, sse] = [await everything(t), await everything(t, { transport: 'sse' })];
  const thv = await RealToolHive.start(t);
  assert.equal((await thv.api('POST', '/api/v1beta/groups', { name: 'research' })).status, 201);
  await thv.create({ name: 'old-style', url: sse.origin, transport: 'sse' });
  await thv.create({ name: 'twin-a', url: `${streamable.origin}/mcp` });
  await thv.create({ name: 'twin-b', url: `${streamable.origin}/mcp`, group: 'research' });
  for (const name of ['old-style', 'twin-a', 'twin-b']) await thv.until_status(name, 'running');
  const o = await serve(t, thv, { args: place_of(thv) });
  assert.deepEqual(await offered(o), ['old-style', 'twin-a', 'twin-b']);
  for (const name of ['old-style', 'twin-a', 'twin-b']) assert.match(await sum(o, name), /42/);
  const only = await serve(t, thv, { args: [...place_of(thv), '--allowed-groups', 'research'] });
  assert.deepEqual(await offered(only), ['twin-b']);
  assert.equal((await thv.api('DELETE', '/api/v1beta/groups/research')).status, 204);
  await until('the workload to move to default', async () => (await servers_of(t, o.data))['twin-b'].group === 'default');
});

test('matches with the embedded registry, by URL and its variants, and by what was recorded', async t => {
  const thv = await RealToolHive.start(t);
  // Nobody needs to answer at these addresses: a match is made of what ToolHive says.
  await thv.create({ name: 'from-registry', registry: 'default', server: 'io.github.stacklok/aws-knowledge' });
  await thv.create({ name: 'by-hand', url: 'https://mcp.linear.app/mcp' });
  await thv.create({ name: 'with-slash', url: 'https://mcp.linear.app/mcp/' });
  await thv.create({ name: 'with-query', url: 'https://mcp.linear.app/mcp?api_key=pl4nted' });
  await thv.create({ name: 'unknown', url: `http://127.0.0.1:${await closed_port()}/mcp` });
  const data = path.join(temp_dir(), 'data');
  const r = await run_json(t, ['ingest', '--data-dir', data, ...place_of(thv)], { env: environment(thv) });
  assert.ok(r.value.sources?.some(s => s.name === 'toolhive' && s.state !== 'unavailable'), r.stdout + r.stderr);
  const servers = await servers_of(t, data);
  const link = name => [servers[name]?.registry_entry ?? null, servers[name]?.match_rule ?? null];
  assert.deepEqual(link('from-registry'), ['io.github.stacklok/aws-knowledge', 'exact']);
  assert.equal(link('by-hand')[1], 'exact');
  assert.deepEqual(link('with-slash'), [link('by-hand')[0], 'normalized']);
  assert.deepEqual(link('with-query'), [link('by-hand')[0], 'without_query']);
  assert.deepEqual(link('unknown'), [null, null]);
  assert.ok(!(r.stdout + r.stderr + JSON.stringify(servers)).includes('pl4nted'));
});

test('search_registry and install_server with the embedded registry', async t => {
  const thv = await RealToolHive.start(t);
  const o = await serve(t, thv, { args: place_of(thv), env: { ENABLE_DYNAMIC_INSTALL: 'true', TARGETED_POLLING_MAX_ATTEMPTS: '3' } });
  const { servers } = (await tool(o.url, 'search_registry', { tool_description: 'search the documentation of AWS' })).structuredContent;
  assert.ok(servers.some(s => s.name === 'io.github.stacklok/aws-knowledge' && s.remote === true && s.installed === false), JSON.stringify(servers.map(s => s.name)));
  const r = await tool(o.url, 'install_server', { server_name: 'io.github.stacklok/aws-knowledge' }, { timeout: 130_000 });
  assert.ok(['starting', 'running'].includes(r.structuredContent?.status), text_of(r));      // it is remote: running only with a network
  const { workload } = r.structuredContent;
  const exported = await thv.api('GET', `/api/v1beta/workloads/${workload}/export`);
  assert.equal(exported.value.registry_server_name, 'io.github.stacklok/aws-knowledge');
  const again = await tool(o.url, 'install_server', { server_name: 'aws-knowledge' });
  assert.match(text_of(again), /already/i);
  assert.equal((await thv.workloads()).length, 1);
  const engine = await tool(o.url, 'install_server', { server_name: 'io.github.stacklok/fetch' });
  assert.equal(engine.isError, true, 'there is no engine that could pull an image');
});
