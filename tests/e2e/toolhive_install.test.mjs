// search_registry and install_server: what could run, what it needs, and getting it to run, once.
import test from 'node:test';
import assert from 'node:assert/strict';
import { HttpFake } from '../lib/fake.mjs';
import { LegacySession, call_tool, find_tool, modern, text_of, tool } from '../lib/mcp.mjs';
import { cycles, serve, small_registry, start_toolhive } from '../lib/toolhive.mjs';
import { until } from '../lib/wait.mjs';

const image_of = name => small_registry().servers[`io.github.stacklok/${name}`].image;
const kOn = { ENABLE_DYNAMIC_INSTALL: 'true', REGISTRY_POLLING_INTERVAL: '1' };
const search = async (o, description, keywords = '') => (await tool(o.url, 'search_registry', { tool_description: description, tool_keywords: keywords })).structuredContent.servers;
const install = (o, server_name, more = {}, options) => tool(o.url, 'install_server', { server_name, ...more }, options);
const names = servers => servers.map(s => s.name.split('/').at(-1));

// A ToolHive whose containers really run: `images` of the registry lead to worlds of one fake MCP server.
async function installable(t, wanted, options = {}) {
  const http = await HttpFake.start(t);
  const targets = Object.fromEntries(wanted.map(n => [image_of(n), http.url(`only=echo,prefix=${n}_`)]));
  return { http, fake: await start_toolhive(t, { targets, ...options }) };
}
const tool_names = async o => (await modern(o.url, 'tools/list')).message.result.tools.map(x => x.name).sort();

test('both tools are there only when installation is on', async t => {
  const { fake } = await installable(t, []);
  assert.deepEqual(await tool_names(await serve(t, fake)), ['call_tool', 'find_tool', 'list_tools']);
  assert.deepEqual(await tool_names(await serve(t, fake, { env: kOn })), ['call_tool', 'find_tool', 'install_server', 'list_tools', 'search_registry']);
});

test('search_registry', async t => {
  const { http, fake } = await installable(t, ['fetch']);
  await fake.add({ name: 'my-fetch', image: image_of('fetch'), transport: 'streamable-http', target: http.url('only=echo') });
  const o = await serve(t, fake, { env: kOn });

  await t.test('finds by what a tool does, best first, with its schema', async () => {
    const [first] = await search(o, 'create an issue in a GitHub repository');
    assert.equal(first.name, 'io.github.stacklok/github');
    const tool_of = first.tools.find(x => x.name === 'create_issue');
    assert.deepEqual(tool_of.inputSchema.required, ['owner', 'repo', 'title']);
    assert.deepEqual([first.installed, first.remote, first.transport], [false, false, 'stdio']);
  });
  await t.test('finds by title, description, overview and tags, where there are no tools', async () => {
    assert.equal(names(await search(o, 'components for user interfaces'))[0], '21st-remote');
    assert.equal(names(await search(o, 'a JetBrains IDE'))[0], 'mcp-jetbrains');
  });
  await t.test('says what each needs', async () => {
    const need = async (what, name) => (await search(o, what)).find(s => s.name.endsWith(name))?.requires;
    const github = await need('create an issue in a GitHub repository', '/github');
    assert.deepEqual(github.secrets.map(s => [s.name, s.required]), [['GITHUB_PERSONAL_ACCESS_TOKEN', true]]);
    assert.deepEqual(github.env.map(s => [s.name, s.required]), [['GITHUB_HOST', false], ['GITHUB_TOOLSETS', false]]);
    assert.ok(github.secrets[0].description.length > 0);
    assert.equal(github.oauth, false);
    assert.equal((await need('read-only CRM data of HubSpot', '/hubspot-remote')).oauth, true);
    assert.deepEqual((await need('components for user interfaces', '/21st-remote')).headers.map(h => [h.name, h.required]), [['x-api-key', true]]);
  });
  await t.test('knows what is installed', async () => assert.equal((await search(o, 'fetch content from the web')).find(s => s.name.endsWith('/fetch')).installed, true));
  await t.test('placeholder tools are no tools; two entries with one image both stay', async () => {
    const found = await search(o, 'database toolbox', 'database sql genai');
    assert.ok(names(found).includes('database-toolbox') && names(found).includes('genai-toolbox'));
    assert.ok(!JSON.stringify(found).includes('set_during_runtime'));
    assert.ok(!JSON.stringify(await search(o, 'a JetBrains IDE')).includes('dynamic_tools_from_ide'));
  });
  await t.test('new data are read when last_updated moves, and only then', async () => {
    await cycles(fake);
    const whole = fake.count('registry') + fake.count('registry_v01') + fake.count('registry_servers');
    await cycles(fake, 3);
    assert.equal(fake.count('registry') + fake.count('registry_v01') + fake.count('registry_servers'), whole);
    fake.registry.put({ name: 'io.github.example/tides', title: 'Tides', description: 'When the sea is high and when it is low', url: 'https://tides.example/mcp' });
    await until('the new entry', async () => names(await search(o, 'when is the sea high'))[0] === 'tides');
  });
});

test('a change of the registry is seen with the looks at workloads, not once a day', async t => {
  const { fake } = await installable(t, []);
  const o = await serve(t, fake, { env: { ENABLE_DYNAMIC_INSTALL: 'true' } });
  await until('the registry', async () => (await search(o, 'fetch content from the web')).length > 0);
  fake.registry.put({ name: 'io.github.example/tides', title: 'Tides', description: 'When the sea is high and when it is low', url: 'https://tides.example/mcp' });
  await until('the new entry', async () => names(await search(o, 'when is the sea high'))[0] === 'tides');
});

test('a registry without entries says so', async t => {
  const fake = await start_toolhive(t, { registry: { ...small_registry(), servers: {}, remote_servers: {} } });
  const o = await serve(t, fake, { env: kOn });
  const note = async () => (await tool(o.url, 'search_registry', { tool_description: 'anything' })).structuredContent.note;
  await until('the note', async () => (await note()) === 'the registry has no entries');
});

test('install_server: runs, answers with its tools, is found and called afterwards', async t => {
  const { fake } = await installable(t, ['fetch']);
  const o = await serve(t, fake, { env: kOn });
  const r = await install(o, 'io.github.stacklok/fetch');
  assert.notEqual(r.isError, true, text_of(r));
  assert.equal(r.structuredContent.status, 'running');
  assert.match(r.structuredContent.workload, /^[a-zA-Z0-9._-]+$/);
  assert.ok(JSON.stringify(r.structuredContent.tools).includes('fetch_echo'));
  const [sent] = fake.created;
  assert.deepEqual([sent.registry, sent.server, sent.name, sent.image, sent.url], ['default', 'io.github.stacklok/fetch', r.structuredContent.workload, undefined, undefined]);
  const found = (await find_tool(o.url, 'send the message back', 'fetch_echo')).tools;
  assert.ok(found.some(x => x.mcp_server_name === r.structuredContent.workload && x.name === 'fetch_echo'));
  assert.equal(text_of(await call_tool(o.url, r.structuredContent.workload, 'fetch_echo', { message: 'new' })), 'new');

  await t.test('again: it is there already, and nothing is created', async () => {
    const again = await install(o, 'io.github.stacklok/fetch');
    assert.match(text_of(again), /already/i);
    assert.match(text_of(again), new RegExp(r.structuredContent.workload));
    assert.equal(fake.count('create'), 1);
  });
  await t.test('a name that the registry does not have', async () => {
    const none = await install(o, 'io.github.stacklok/fetsch');
    assert.equal(none.isError, true);
    assert.match(text_of(none), /fetch/);
    assert.equal(fake.count('create'), 1);
  });
});

test('a short name, a name for the workload, a group', async t => {
  const { fake } = await installable(t, ['fetch'], { groups: ['research'] });
  const o = await serve(t, fake, { env: kOn });
  const r = await install(o, 'fetch', { workload_name: 'my.fetch', group: 'research' });
  assert.equal(r.structuredContent.workload, 'my.fetch', text_of(r));
  assert.deepEqual([fake.created[0].server, fake.created[0].group, fake.workload('my.fetch').group], ['io.github.stacklok/fetch', 'research', 'research']);
});

test('what is required and missing is listed exactly, and nothing is created', async t => {
  const { fake } = await installable(t, ['hass-mcp', 'phoenix'], { secrets: { 'home-token': 'v' } });
  const o = await serve(t, fake, { env: kOn });
  const missing = async more => text_of(await install(o, 'io.github.stacklok/hass-mcp', more));
  const env = { HA_URL: 'http://home.example:8123' };
  await t.test('both', async () => { const text = await missing({}); assert.match(text, /HA_URL/); assert.match(text, /HA_TOKEN/); });
  await t.test('only the secret', async () => { const text = await missing({ env }); assert.match(text, /HA_TOKEN/); assert.doesNotMatch(text, /HA_URL/); });
  await t.test('a secret that does not exist; its name is not repeated: it may be the secret itself', async () => {
    const text = await missing({ env, secrets: { HA_TOKEN: 'pasted-t0ken' } });
    assert.match(text, /HA_TOKEN/);
    assert.doesNotMatch(text, /pasted-t0ken/);
  });
  assert.equal(fake.count('create'), 0);
  await t.test('with all of it', async () => {
    const r = await install(o, 'io.github.stacklok/hass-mcp', { env, secrets: { HA_TOKEN: 'home-token' } });
    assert.equal(r.structuredContent.status, 'running', text_of(r));
    assert.deepEqual([fake.created[0].env_vars, fake.created[0].secrets], [env, [{ name: 'home-token', target: 'HA_TOKEN' }]]);
  });
  await t.test('what is only optional stops nothing', async () => {
    const r = await install(o, 'io.github.stacklok/phoenix');
    assert.equal(r.structuredContent.status, 'running', text_of(r));
  });
  // ToolHive answers 404 to the list of secrets also where they come from its environment: then only it can tell.
  await t.test('where secrets cannot be listed, ToolHive decides', async s => {
    const bare = await installable(s, ['hass-mcp']);
    const p = await serve(s, bare.fake, { env: kOn });
    const r = await install(p, 'io.github.stacklok/hass-mcp', { env, secrets: { HA_TOKEN: 'home-token' } });
    assert.match(text_of(r), /secret/i);
    assert.equal(bare.fake.count('create'), 1);
  });
});

test('a slow create is sent once, and progress is reported meanwhile', async t => {
  const { fake } = await installable(t, ['fetch'], { images: { [image_of('fetch')]: { pull_ms: 4_000 } } });
  const o = await serve(t, fake, { env: { ...kOn, TOOLHIVE_TIMEOUT: '1' } });
  const session = await LegacySession.open(o.url);
  const stream = await session.post_stream({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'install_server', arguments: { server_name: 'fetch' }, _meta: { progressToken: 'p' } } });
  const events = [];
  for (let e; (e = await stream.next(30_000)) !== undefined;) {
    events.push(JSON.parse(e));
    if (events.at(-1).id === 7) break;
  }
  const progress = events.filter(e => e.method === 'notifications/progress');
  assert.ok(progress.length >= 1 && progress.every(e => e.params.progressToken === 'p'), JSON.stringify(events));
  assert.equal(events.at(-1).result.structuredContent.status, 'running');
  assert.equal(fake.count('create'), 1);
});

test('an answer that gets lost: the create is not repeated', async t => {
  for (const fault of ['closed', 'truncated']) {
    await t.test(fault, async s => {
      const { fake } = await installable(s, ['fetch']);
      const o = await serve(s, fake, { env: kOn });
      fake.fault('create', fault, { times: 1 });
      const r = await install(o, 'fetch');
      assert.equal(fake.count('create'), 1, text_of(r));
      assert.equal(fake.created.length, 1);
    });
  }
});

test('the connection is lost while the image is pulled: nothing is concluded, and a repeat joins', async t => {
  const { fake } = await installable(t, ['fetch'], { images: { [image_of('fetch')]: { pull_ms: 6_000 } } });
  const o = await serve(t, fake, { env: kOn });
  const first = install(o, 'fetch');
  await until('the create', () => fake.count('create') === 1);
  const { port } = fake;
  await fake.stop({ killed: true });
  await fake.start({ port });
  const both = await Promise.all([first, install(o, 'fetch')]);
  assert.deepEqual(both.map(r => r.structuredContent?.status), ['running', 'running'], both.map(text_of).join('\n'));
  assert.equal(fake.count('create'), 1);
});

test('a name that another workload has is refused; one that may not be seen is not told', async t => {
  const { http, fake } = await installable(t, ['fetch'], { groups: ['board'] });
  await fake.add({ name: 'mine', url: http.url('only=echo') });
  await fake.add({ name: 'theirs', url: http.url('only=echo'), group: 'board' });
  const o = await serve(t, fake, { env: { ...kOn, ALLOWED_GROUPS: 'default' } });
  const mine = await install(o, 'fetch', { workload_name: 'mine' });
  assert.equal(mine.isError, true);
  assert.match(text_of(mine), /there is a workload mine already/);
  const theirs = await install(o, 'fetch', { workload_name: 'theirs' });
  assert.equal(theirs.isError, true);
  assert.match(text_of(theirs), /theirs cannot be used/);
  assert.equal(fake.count('create'), 0);
});

test('two clients ask for the same server at once: one workload', async t => {
  const { fake } = await installable(t, ['fetch'], { images: { [image_of('fetch')]: { pull_ms: 500 } } });
  const o = await serve(t, fake, { env: kOn });
  const both = await Promise.all([install(o, 'fetch'), install(o, 'fetch')]);
  assert.equal(fake.created.length, 1, both.map(text_of).join('\n'));
  assert.ok(both.every(r => r.structuredContent?.workload === both[0].structuredContent?.workload || /already/i.test(text_of(r))));
});

test('refusals of ToolHive reach the user in its own words', async t => {
  const { fake } = await installable(t, ['fetch'], { images: { [image_of('fetch')]: { missing: true } } });
  const o = await serve(t, fake, { env: kOn });
  const gone = await install(o, 'fetch');
  assert.equal(gone.isError, true);
  assert.match(text_of(gone), /image/i);
  const group = await install(o, 'osv', { group: 'no-such-group' });
  assert.equal(group.isError, true);
  assert.match(text_of(group), /no-such-group/);
  assert.equal(fake.created.length, 0);
});

test('a workload that does not come up in time: status starting, and it appears later', async t => {
  const { http, fake } = await installable(t, []);
  const name = 'io.github.example/late';
  fake.registry.put({ name, title: 'Late', description: 'Comes late', url: http.url('status=500') });
  const o = await serve(t, fake, { env: { ...kOn, TARGETED_POLLING_MAX_ATTEMPTS: '2', TARGETED_POLLING_INTERVAL: '1' } });
  const r = await install(o, name, {}, { timeout: 130_000 });
  assert.equal(r.structuredContent.status, 'starting', text_of(r));
  fake.workload(r.structuredContent.workload).target = http.url('only=echo,prefix=late_');
  await until('it to be found', async () => JSON.stringify((await find_tool(o.url, 'send the message back', 'late_echo')).tools).includes('late_echo'));
});

test('ALLOWED_GROUPS: installs go into allowed groups only, and `installed` counts those', async t => {
  const { http, fake } = await installable(t, ['fetch', 'osv'], { groups: ['team', 'board'] });
  await fake.add({ name: 'theirs', image: image_of('fetch'), target: http.url('only=echo'), group: 'board' });
  const o = await serve(t, fake, { env: { ...kOn, ALLOWED_GROUPS: 'team' } });
  assert.equal((await search(o, 'fetch content from the web')).find(s => s.name.endsWith('/fetch')).installed, false);
  const refused = await install(o, 'osv', { group: 'board' });
  assert.equal(refused.isError, true);
  assert.equal(fake.count('create'), 0);
  const r = await install(o, 'fetch');
  assert.notEqual(r.isError, true, text_of(r));
  assert.equal(fake.created[0].group, 'team');
});

test('the registry that cannot be read: what was read stays, and why is told', async t => {
  const { fake } = await installable(t, []);
  const o = await serve(t, fake, { env: kOn });
  for (const error of ['auth_required', 'legacy_format']) {
    fake.registry.error = error;
    fake.registry.touch();
    await until(`${error} to be told`, async () => new RegExp(`registry_${error}|registry`, 'i').test(JSON.stringify((await o.health()).degraded)));
    assert.equal((await search(o, 'create an issue in a GitHub repository'))[0].name, 'io.github.stacklok/github');
  }
});

test('the upstream shape is read where the legacy one is not to be had', async t => {
  const { fake } = await installable(t, []);
  for (const route of ['registry', 'registry_servers']) fake.fault(route, '404');
  const o = await serve(t, fake, { env: kOn });
  const [first] = await search(o, 'create an issue in a GitHub repository');
  assert.equal(first?.name, 'io.github.stacklok/github');
  assert.deepEqual(first.requires.secrets.map(s => s.name), ['GITHUB_PERSONAL_ACCESS_TOKEN']);
});
