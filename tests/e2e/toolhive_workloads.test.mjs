// What becomes of workloads in the catalog, cycle by cycle (`ingest` runs exactly one): every kind appears, none is lost by
// mistake, what is gone goes.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { HttpFake, stdio_fake } from '../lib/fake.mjs';
import { call_tool, find_tool, text_of } from '../lib/mcp.mjs';
import { run, run_json, temp_dir, write_config } from '../lib/optimizer.mjs';
import { cycles, ingest, offered, serve, servers_of, small_registry, start_toolhive, troubles, until_offered } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

const kFetch = small_registry().servers['io.github.stacklok/fetch'];
const new_data = () => path.join(temp_dir(), 'data');

// Two remotes and a container, each with one tool of its own.
async function three(t, options = {}) {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t, options);
  await fake.add({ name: 'alpha', url: http.url('only=echo,prefix=a_') });
  await fake.add({ name: 'beta', url: http.url('only=echo,prefix=b_') });
  await fake.add({ name: 'box', image: kFetch.image, transport: 'streamable-http', target: http.url('only=echo,prefix=c_') });
  return { http, fake };
}
const tools_of = async (t, data) => (await run_json(t, ['tools', '--data-dir', data])).value.map(x => `${x.server}/${x.name}`).sort();
const kAll = ['alpha/a_echo', 'beta/b_echo', 'box/c_echo'];

test('containers, protocol-scheme workloads, remotes over both transports: all appear, under the users\' names', async t => {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t, { groups: ['research'] });
  await fake.add({ name: 'my.fetch', image: kFetch.image, transport: 'streamable-http', target: http.url('only=echo,prefix=one_') });
  await fake.add({ name: 'npx_thing', image: 'toolhivelocal/npx-some-server:20260824051728', transport: 'stdio', target: http.url('only=echo,prefix=two_') });
  await fake.add({ name: 'old-sse', image: 'docker.io/a/b:1', transport: 'sse', target: http.url('only=echo,prefix=three_').replace(/mcp$/, 'sse') });
  await fake.add({ name: 'remote-one', url: http.url('only=echo,prefix=four_'), group: 'research' });
  const data = new_data();
  const { status, stderr } = await ingest(t, fake, data);
  assert.equal(status, 0, stderr);
  const servers = await servers_of(t, data);
  assert.deepEqual(Object.keys(servers).sort(), ['my.fetch', 'npx_thing', 'old-sse', 'remote-one']);
  for (const s of Object.values(servers)) {
    assert.deepEqual([s.source, s.status, s.tools], ['toolhive', 'running', 1], JSON.stringify(s));
    assert.ok(s.identity && s.created_at && s.last_success && !s.stale_since && !s.degraded_reason, JSON.stringify(s));
  }
  assert.deepEqual([servers['my.fetch'].group, servers['remote-one'].group], ['default', 'research']);
  assert.ok(servers['my.fetch'].identity.includes('gofetch/server'));
  assert.deepEqual([servers['my.fetch'].registry_entry, servers['my.fetch'].match_rule], [kFetch.name, 'exact']);
  assert.equal(servers['remote-one'].registry_entry ?? null, null);
  assert.deepEqual(await tools_of(t, data), ['my.fetch/one_echo', 'npx_thing/two_echo', 'old-sse/three_echo', 'remote-one/four_echo']);
});

test('a cycle asks for the list once, for the details of remotes only, for an export once in a life', async t => {
  const { fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  assert.ok(fake.count('export', 'box') <= 1);
  fake.forget();
  const again = await ingest(t, fake, data);
  assert.deepEqual([fake.count('list'), fake.count('details'), fake.count('details', 'box'), fake.count('export'), fake.count('create')], [1, 2, 0, 0, 0]);
  const actions = again.value.changes.filter(c => ['alpha', 'beta', 'box'].includes(c.server)).map(c => c.action);
  assert.deepEqual(actions, ['kept', 'kept', 'kept'], JSON.stringify(again.value.changes));
});

test('which registry entry a workload is, by which rule', async t => {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t);
  const entry = (name, url) => fake.registry.put({ name: `io.github.example/${name}`, description: name, url });
  const at = name => http.url(`only=echo,prefix=${name}_`);
  entry('exact', at('exact'));
  entry('slash', at('slash'));
  entry('query', at('query'));
  entry('template', http.url('only=whoami,prefix={tenant}_'));
  const moved = fake.registry.find('io.github.example/exact').entry;
  await fake.add({ name: 'w-exact', url: at('exact') });
  await fake.add({ name: 'w-slash', url: at('slash').replace('http:', 'HTTP:') + '/', target: at('slash') });
  await fake.add({ name: 'w-query', url: `${at('query')}?api_key=pl4nted` });
  await fake.add({ name: 'w-template', url: http.url('only=whoami,prefix=acme_') });
  await fake.add({ name: 'w-recorded', url: at('elsewhere'), registry_server_name: 'io.github.stacklok/linear-remote' });
  await fake.add({ name: 'w-custom', url: at('custom') });
  await fake.add({ name: 'w-version', image: kFetch.image.replace(/:.*/, ':0.9.0'), target: at('version') });
  await fake.add({ name: 'w-twin', url: at('exact') });
  const data = new_data();
  await ingest(t, fake, data);
  const links = async () => Object.fromEntries(Object.values(await servers_of(t, data)).map(s => [s.name, [s.registry_entry?.split('/')[1] ?? null, s.match_rule ?? null]]));
  assert.deepEqual(await links(), {
    'w-exact': ['exact', 'exact'], 'w-slash': ['slash', 'normalized'], 'w-query': ['query', 'without_query'], 'w-template': ['template', 'url_template'],
    'w-recorded': ['linear-remote', 'recorded'], 'w-custom': [null, null], 'w-version': ['fetch', 'version_differs'], 'w-twin': ['exact', 'exact'],
  });
  await t.test('an entry that changes its URL, or goes: the workload becomes custom and keeps its tools', async s => {
    fake.registry.put({ ...moved, url: 'https://elsewhere.example/mcp' });
    fake.registry.remove('io.github.example/slash');
    await ingest(s, fake, data);
    const now = await links();
    assert.deepEqual([now['w-exact'], now['w-twin'], now['w-slash']], [[null, null], [null, null], [null, null]]);
    assert.equal((await tools_of(s, data)).length, 8);
  });
  await t.test('a registry that cannot be read changes no link', async s => {
    const before = await links();
    for (const error of ['auth_required', 'unavailable', 'legacy_format']) {
      fake.registry.error = error;
      fake.registry.touch();
      await ingest(s, fake, data);
      assert.deepEqual(await links(), before, error);
    }
  });
});

test('details that cannot be read: stale with the cause, tools stay, the others go on', async t => {
  for (const fault of ['500', '404', 'html', 'truncated', 'hanging', 'closed', 'empty', 'wrong_shape', 'not_json', 'null']) {
    await t.test(fault, async s => {
      const { fake } = await three(s);
      const data = new_data();
      await ingest(s, fake, data);
      fake.fault('details', fault, { names: ['alpha'] });
      const r = await ingest(s, fake, data);
      assert.equal(r.status, 3, JSON.stringify(r.value));
      assert.equal(r.value.sources[0].state, 'partial');
      const { alpha, beta, box } = await servers_of(s, data);
      assert.ok(alpha.stale_since && alpha.stale_reason, JSON.stringify(alpha));
      assert.ok(!beta.stale_since && !box.stale_since);
      assert.deepEqual(await tools_of(s, data), kAll);
      fake.faults.clear();
      assert.equal((await ingest(s, fake, data)).status, 0);
      assert.ok(!(await servers_of(s, data)).alpha.stale_since);
    });
  }
});

test('a new workload whose details cannot be read is not made up', async t => {
  const { http, fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  await fake.add({ name: 'gamma', url: http.url('only=echo,prefix=g_') });
  fake.fault('details', '500', { names: ['gamma'] });
  await ingest(t, fake, data);
  assert.equal((await servers_of(t, data)).gamma, undefined);
  fake.faults.clear();
  await ingest(t, fake, data);
  assert.equal((await servers_of(t, data)).gamma.tools, 1);
});

test('a list that cannot be read removes nothing', async t => {
  const { fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  for (const fault of ['500', '503', '404', 'html', 'truncated', 'hanging', 'closed', 'empty', 'wrong_shape', 'not_json', 'null']) {
    fake.fault('list', fault);
    const r = await ingest(t, fake, data);
    assert.equal(r.status, 1, `${fault}: ${JSON.stringify(r.value)}`);
    assert.equal(r.value.sources[0].state, 'unavailable', fault);
    fake.faults.clear();
    assert.deepEqual(await tools_of(t, data), kAll, fault);
  }
  assert.equal((await ingest(t, fake, data)).status, 0);
});

test('left out of a list although it exists: it stays, stale; gone by name: it goes', async t => {
  const { fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  fake.left_out = new Set(['alpha']);
  for (let i = 0; i < 3; i++) await ingest(t, fake, data);
  assert.ok((await servers_of(t, data)).alpha.stale_since);
  for (const fault of ['500', 'hanging', 'html']) {
    fake.fault('status', fault, { names: ['alpha'] });
    await ingest(t, fake, data);
    fake.faults.clear();
    assert.ok((await servers_of(t, data)).alpha, fault);
  }
  assert.deepEqual(await tools_of(t, data), kAll);
  await fake.remove('alpha');
  const r = await ingest(t, fake, data);
  assert.ok(r.value.changes.some(c => c.action === 'removed' && c.server === 'alpha'));
  assert.deepEqual(await tools_of(t, data), ['beta/b_echo', 'box/c_echo']);
});

test('suddenly empty must be so twice in a row; a failure in between neither counts nor resets', async t => {
  const { fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  const names = async () => Object.keys(await servers_of(t, data)).length;
  fake.fault('list', 'answer', { times: 1, body: '{"workloads":[]}\n' });
  await ingest(t, fake, data);
  assert.equal(await names(), 3);
  await ingest(t, fake, data);                                        // full again: the count starts anew
  for (const name of ['alpha', 'beta', 'box']) await fake.remove(name);
  await ingest(t, fake, data);
  assert.equal(await names(), 3, 'once empty');
  fake.fault('list', '500', { times: 1 });
  await ingest(t, fake, data);
  assert.equal(await names(), 3, 'a failure does not count');
  await ingest(t, fake, data);
  assert.equal(await names(), 0, 'twice empty, and gone by name');
});

test('statuses: who is offered, and what is unknown is kept', async t => {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t);
  const shown = ['running', 'auth_retrying', 'unknown', 'hibernating', ''];
  const hidden = ['stopped', 'error', 'starting', 'stopping', 'unhealthy', 'removing', 'unauthenticated', 'policy_stopped'];
  for (const status of [...shown, ...hidden]) await fake.add({ name: `w-${status || 'empty'}`, url: http.url(`only=echo,prefix=${status || 'empty'}_`), status: 'running' });
  const data = new_data();
  await ingest(t, fake, data);
  for (const status of [...shown, ...hidden]) fake.workload(`w-${status || 'empty'}`).status = status;
  await ingest(t, fake, data);
  assert.deepEqual(await tools_of(t, data), shown.map(s => `w-${s || 'empty'}/${s || 'empty'}_echo`).sort());
  const servers = await servers_of(t, data);
  assert.equal(Object.keys(servers).length, 13);
  assert.deepEqual([servers['w-hibernating'].status, servers['w-empty'].status, servers['w-stopped'].tools], ['hibernating', 'unknown', 1]);
});

test('an upstream URL that changes is seen within one cycle', async t => {
  const { http, fake } = await three(t);
  const data = new_data();
  fake.registry.put({ name: 'io.github.example/delta', description: 'd', url: http.url('only=echo,prefix=d_') });
  await ingest(t, fake, data);
  fake.workload('alpha').url = http.url('only=echo,prefix=d_');
  await ingest(t, fake, data);
  const { alpha } = await servers_of(t, data);
  assert.deepEqual([alpha.registry_entry, alpha.match_rule], ['io.github.example/delta', 'exact']);
});

test('while serving: run, stop, start, move between groups, remove', async t => {
  const { http, fake } = await three(t);
  const o = await serve(t, fake);
  assert.deepEqual(await offered(o), ['alpha', 'beta', 'box']);
  await fake.add({ name: 'gamma', url: http.url('only=echo,prefix=g_') });
  await until_offered(o, ['alpha', 'beta', 'box', 'gamma']);
  const listed = () => fake.workload('alpha').proxy.requests.length;

  await t.test('stopped: not offered, not found, its call says so; back after a start', async () => {
    fake.workloads.stop(fake.workload('alpha'));
    await until_offered(o, ['beta', 'box', 'gamma']);
    assert.ok(!JSON.stringify((await find_tool(o.url, 'send a message back', 'a_echo')).tools).includes('a_echo'));
    const refused = await call_tool(o.url, 'alpha', 'a_echo', { message: 'x' });
    assert.equal(refused.isError, true);
    assert.equal((await servers_of(t, o.data)).alpha.status, 'stopped');
    fake.workloads.restart(fake.workload('alpha'));
    await until_offered(o, ['alpha', 'beta', 'box', 'gamma']);
    assert.equal(text_of(await call_tool(o.url, 'alpha', 'a_echo', { message: 'back' })), 'back');
  });
  await t.test('another group', async () => {
    fake.groups.set('research', {});
    fake.workload('beta').group = 'research';
    await until('the group to be seen', async () => (await servers_of(t, o.data)).beta.group === 'research');
  });
  await t.test('an unchanged cycle asks no workload anything', async () => {
    await cycles(fake);
    const before = listed();
    await cycles(fake, 3);
    assert.equal(listed(), before);
  });
  await t.test('removed', async () => {
    await fake.remove('gamma');
    await until_offered(o, ['alpha', 'beta', 'box']);
  });
});

test('a broken list while serving: nothing goes, /health tells, calls go on', async t => {
  const { fake } = await three(t);
  const o = await serve(t, fake);
  for (const fault of ['500', 'hanging', 'wrong_shape']) {
    fake.fault('list', fault);
    await until(`${fault} to be told`, async () => (await troubles(o)).length > 0);
    assert.deepEqual(await offered(o), ['alpha', 'beta', 'box']);
    assert.equal(text_of(await call_tool(o.url, 'alpha', 'a_echo', { message: fault })), fault);
    fake.faults.clear();
    await until('the report to go', async () => (await troubles(o)).length === 0);
  }
});

test('running does not mean callable: errors say what to do, tools stay', async t => {
  const { http, fake } = await three(t);
  const upstream = await HttpFake.start(t, { traits: 'only=echo' });
  await fake.add({ name: 'delta', url: upstream.url() });
  const o = await serve(t, fake);
  await t.test('the upstream went away: 502', async () => {
    upstream.stop();
    const r = await call_tool(o.url, 'delta', 'echo', { message: 'x' });
    assert.equal(r.isError, true);
    assert.match(text_of(r), /delta[^]*(behind|upstream)/i);
    const reason = await until('it to be shown', async () => (await servers_of(t, o.data)).delta.degraded_reason);
    const table = await run(t, ['servers', '--data-dir', o.data]);
    assert.ok(table.stdout.includes(reason), table.stdout);
    assert.ok((await offered(o)).includes('delta'));
  });
  await t.test('the proxy was killed: stop, then restart', async () => {
    await fake.workloads.kill_proxy('alpha');
    const r = await call_tool(o.url, 'alpha', 'a_echo', { message: 'x' });
    assert.equal(r.isError, true);
    assert.match(text_of(r), /stop[^]*(re)?start/i);
    assert.ok((await offered(o)).includes('alpha'));
    fake.workloads.stop(fake.workload('alpha'));
    await until('it to stop', () => fake.workload('alpha').status === 'stopped');
    fake.workloads.restart(fake.workload('alpha'));
    await until('the call to work again', async () => text_of(await call_tool(o.url, 'alpha', 'a_echo', { message: 'healed' })) === 'healed');
  });
  await t.test('an SSE remote whose URL has a path: ToolHive\'s fault is named', async () => {
    await fake.add({ name: 'sse-with-path', url: http.url('only=echo').replace(/mcp$/, 'sse'), transport: 'sse' });
    await until('it to be told', async () => (await servers_of(t, o.data))['sse-with-path']?.degraded_reason);
    assert.match((await servers_of(t, o.data))['sse-with-path'].degraded_reason, /path/i);
  });
});

test('a process that starts while ToolHive is away has what it knew', async t => {
  const { fake } = await three(t);
  const data = new_data();
  await ingest(t, fake, data);
  await fake.stop();
  const o = await serve(t, fake, { data, ready: false });
  await until('its tools', async () => JSON.stringify((await find_tool(o.url, 'send a message back', 'a_echo')).tools).includes('a_echo'));
});

test('two processes on one catalog: what the leader finds can be called through the follower at once', async t => {
  const fake = await start_toolhive(t);
  const http = await HttpFake.start(t);
  const leader = await serve(t, fake);
  const follower = await serve(t, fake, { data: leader.data, args: ['--workload-polling-interval', '0'] });
  await fake.add({ name: 'late', url: http.url('only=echo') });
  await until_offered(follower, ['late']);
  const answer = async () => text_of(await call_tool(follower.url, 'late', 'echo', { message: 'x' }));
  await until('the follower to know the way', async () => await answer() === 'x');
  // Made anew, on another port of ToolHive's choice.
  fake.remove('late');
  await fake.add({ name: 'late', url: http.url('only=echo') });
  await until('the follower to know the new way', async () => await answer() === 'x');
});

test('an edit of mcp.json is taken in while ToolHive hangs', async t => {
  const fake = await start_toolhive(t);
  fake.fault('list', 'hanging');
  const dir = temp_dir();
  const config = write_config(path.join(dir, 'mcp.json'), { one: stdio_fake('only=echo') });
  const o = await serve(t, fake, { config, ready: false, env: { TOOLHIVE_TIMEOUT: '60' } });
  await until_offered(o, ['one']);
  write_config(config, { one: stdio_fake('only=echo'), two: stdio_fake('only=whoami') });
  await until_offered(o, ['one', 'two'], { timeout: 40_000 });  // ToolHive hangs for longer
});
