// Who may see which workloads, and what of them nobody may see.
import test from 'node:test';
import assert from 'node:assert/strict';
import { HttpFake } from '../lib/fake.mjs';
import { request } from '../lib/http.mjs';
import { call_tool, find_tool, list_tools, modern, text_of, tool } from '../lib/mcp.mjs';
import { run, run_json } from '../lib/optimizer.mjs';
import { cycles, offered, serve, servers_of, start_toolhive, stored_text, until_offered } from '../lib/toolhive.mjs';

// The bytes of an answer to one call, whoever asks.
async function answer_to(o, server_name, tool_name) {
  const { text } = await modern(o.url, 'tools/call', { name: 'call_tool', arguments: { server_name, tool_name, parameters: { message: 'x' } } }, { id: 1 });
  return text;
}

test('ALLOWED_GROUPS: what is not allowed does not exist', async t => {
  const http = await HttpFake.start(t);
  const open = url => ({ name: 'open', url, group: 'team' });
  const hidden = { name: 'hidden', url: http.url('only=echo,prefix=hidden_'), group: 'board' };
  const [with_it, without] = [await start_toolhive(t), await start_toolhive(t)];
  for (const fake of [with_it, without]) await fake.add(open(http.url('only=echo,prefix=open_')));
  await with_it.add(hidden);
  await with_it.add({ name: 'plain', url: http.url('only=echo,prefix=plain_') });
  const args = ['--allowed-groups', 'team'];
  const [a, b] = [await serve(t, with_it, { args }), await serve(t, without, { args })];

  await t.test('find and list', async () => {
    assert.deepEqual(await offered(a), ['open']);
    const found = await find_tool(a.url, 'send a message back to the caller', 'hidden_echo');
    assert.ok(!/hidden|plain/.test(JSON.stringify(found)), JSON.stringify(found));
    assert.deepEqual((await list_tools(a.url)).map(x => x.name), ['open_echo']);
  });
  await t.test('a refused call equals, byte for byte, that to a server that does not exist', async () => {
    for (const [server, name] of [['hidden', 'hidden_echo'], ['hidden', 'no_such'], ['hidden@toolhive', 'hidden_echo'], ['hiden', 'hidden_echo'], ['open', 'hidden_echo'], [undefined, 'hidden_echo']])
      assert.equal(await answer_to(a, server, name), await answer_to(b, server, name), `${server}/${name}`);
    assert.deepEqual(with_it.workload('hidden').proxy.requests.filter(r => /tools\/call/.test(r.headers['mcp-method'] ?? '')), []);
  });
  await t.test('a workload that moves into the group appears, one that leaves goes', async () => {
    with_it.workload('hidden').group = 'team';
    await until_offered(a, ['hidden', 'open']);
    with_it.workload('open').group = 'board';
    await until_offered(a, ['hidden']);
    assert.notEqual((await call_tool(a.url, 'open', 'open_echo', { message: 'x' })).isError, undefined);
  });
});

test('several groups, and `default` for workloads without one', async t => {
  const http = await HttpFake.start(t);
  const fake = await start_toolhive(t);
  await fake.add({ name: 'a', url: http.url('only=echo,prefix=a_'), group: 'one' });
  await fake.add({ name: 'b', url: http.url('only=echo,prefix=b_'), group: '' });
  await fake.add({ name: 'c', url: http.url('only=echo,prefix=c_'), group: 'two' });
  const o = await serve(t, fake, { env: { ALLOWED_GROUPS: 'one, default' } });
  assert.deepEqual(await offered(o), ['a', 'b']);
});

test('SKIPPED_WORKLOADS matches whole names, and can be emptied', async t => {
  const http = await HttpFake.start(t);
  const names = ['inspector', 'my-inspector-tool', 'mcp-optimizer', 'toolhive-mcp-optimizer', 'other'];
  const fake = await start_toolhive(t);
  for (const name of names) await fake.add({ name, url: http.url(`only=echo,prefix=${name}_`) });
  for (const [what, env, expected] of [
    ['by default', {}, ['my-inspector-tool', 'other']],
    ['given', { SKIPPED_WORKLOADS: 'other,inspector' }, ['mcp-optimizer', 'my-inspector-tool', 'toolhive-mcp-optimizer']],
    ['none', { SKIPPED_WORKLOADS: 'none' }, [...names].sort()],
  ]) await t.test(what, async s => assert.deepEqual(await offered(await serve(s, fake, { env })), expected));
  await t.test('a workload skipped from now on goes', async s => {
    const first = await serve(s, fake);
    await first.stop();
    const again = await serve(s, fake, { data: first.data, env: { SKIPPED_WORKLOADS: 'other' } });
    assert.ok(!(await offered(again)).includes('other'));
    assert.equal((await servers_of(s, first.data)).other, undefined);
  });
});

test('secrets in upstream URLs are nowhere: not stored, logged, answered or measured', async t => {
  const http = await HttpFake.start(t);
  const gone = await HttpFake.start(t);
  const planted = ['pl4nted-query', 'pl4nted-password', 'pl4nted-user', 'pl4nted-fragment', 'pl4nted-environment', 'pl4nted-token'];
  const secret = url => `${url.replace('//', '//pl4nted-user:pl4nted-password@')}?api_key=pl4nted-query&x=1#pl4nted-fragment`;
  const fake = await start_toolhive(t, { token: 'pl4nted-token' });
  await fake.add({ name: 'a', url: secret(http.url('only=echo')), env_vars: { API_KEY: 'pl4nted-environment' } });
  await fake.add({ name: 'b', url: secret(gone.url('only=echo')) });
  await fake.add({ name: 'c', url: 'not a URL pl4nted-query', proxy: false, port: 1, list_url: http.url('only=whoami') });
  fake.registry.put({ name: 'io.github.example/a', description: 'a', url: http.url('only=echo') });
  const o = await serve(t, fake, { env: { MCPO_TOOLHIVE_TOKEN: 'pl4nted-token', LOG_LEVEL: 'DEBUG', ENABLE_DYNAMIC_INSTALL: 'true' } });

  assert.equal(text_of(await call_tool(o.url, 'a', 'echo', { message: 'through' })), 'through');
  assert.equal((await servers_of(t, o.data)).a.match_rule, 'without_query');
  gone.stop();
  const answers = [await find_tool(o.url, 'echo'), await list_tools(o.url), await call_tool(o.url, 'b', 'echo', { message: 'x' }), await tool(o.url, 'search_registry', { tool_description: 'echo' })];
  for (const fault of ['500', 'html', 'truncated', 'wrong_shape']) {
    fake.fault('details', fault, { names: ['a'] });
    await cycles(fake);
    fake.faults.clear();
  }
  for (const p of ['/health', '/ready', '/metrics', '/']) answers.push((await request(`http://127.0.0.1:${o.port}${p}`)).text);
  for (const command of ['servers', 'tools']) answers.push((await run(t, [command, '--data-dir', o.data])).stdout, (await run_json(t, [command, '--data-dir', o.data])).stdout);
  answers.push((await run(t, ['search', 'echo', '--data-dir', o.data])).stdout);
  const while_running = stored_text(o.data);
  await o.stop();
  const places = { answers: JSON.stringify(answers), log: o.log + o.output, 'database while running': while_running, database: stored_text(o.data) };
  for (const [where, text] of Object.entries(places)) for (const word of planted) assert.ok(!text.includes(word), `${word} is in the ${where}`);
  const seen = JSON.stringify(fake.workload('a').proxy.requests);
  assert.ok(!seen.includes('pl4nted-token'), 'the token went to a workload');
});
