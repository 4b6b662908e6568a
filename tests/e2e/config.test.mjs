// mcp.json: the forms that clients write, and edits while we run.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Optimizer, run_json, temp_dir, write_config } from '../lib/optimizer.mjs';
import { HttpFake, new_journal, read_journal, stdio_fake } from '../lib/fake.mjs';
import { LegacySession, call_tool, list_tools, text_of } from '../lib/mcp.mjs';
import { marked } from '../lib/processes.mjs';
import { sleep, until } from '../lib/wait.mjs';

const servers_of = async o => [...new Set((await list_tools(o.url)).map(x => x.mcp_server_name))].sort();

test('an edit takes effect without a restart', async t => {
  const marker = `mcpo-edit-${process.pid}`;
  const one = stdio_fake('', { name: 'one', env: { MARK: marker } });
  const two = stdio_fake('only=whoami', { name: 'two' });
  const o = await Optimizer.start(t, { servers: { one } });
  const session = await LegacySession.open(o.url);
  assert.deepEqual(await servers_of(o), ['one']);

  await t.test('a server added', async () => {
    write_config(o.config, { one, two });
    await until('the second server', async () => (await servers_of(o)).join() === 'one,two');
    assert.match(text_of(await call_tool(o.url, 'two', 'whoami')), /"name":"two"/);
  });
  await t.test('a broken edit is reported, and the last good configuration stays', async () => {
    write_config(o.config, '{ "mcpServers": { "one": ');
    await until('the report', async () => (await o.health()).degraded?.some(d => JSON.stringify(d).includes(o.config)));
    assert.ok(o.log.includes(o.config), 'the log names the file');
    assert.deepEqual(await servers_of(o), ['one', 'two']);
    assert.match(text_of(await call_tool(o.url, 'one', 'echo', { message: 'still here' })), /still here/);
  });
  await t.test('mending it ends the report', async () => {
    write_config(o.config, { one, two });
    await until('the report to go', async () => !(await o.health()).degraded?.length);
  });
  await t.test('a file that vanishes is reported, and nothing is removed', async () => {
    fs.rmSync(o.config);
    await until('the report', async () => (await o.health()).degraded?.some(d => JSON.stringify(d).includes(o.config)));
    assert.deepEqual(await servers_of(o), ['one', 'two']);
    write_config(o.config, { one, two });
    await until('the report to go', async () => !(await o.health()).degraded?.length);
  });
  await t.test('an editor that writes a new file and renames it', async () => {
    write_config(`${o.config}.new`, { one, two, three: stdio_fake('only=echo', { name: 'three' }) });
    fs.renameSync(`${o.config}.new`, o.config);
    await until('the third server', async () => (await servers_of(o)).join() === 'one,three,two');
  });
  await t.test('a server removed: its tools go, and its processes', async () => {
    assert.equal(marked(marker).length > 0, true);
    write_config(o.config, { two });
    await until('only the second server', async () => (await servers_of(o)).join() === 'two');
    await until('its processes to go', () => marked(marker).length === 0);
  });
  await t.test('a changed command takes effect at the next call', async () => {
    write_config(o.config, { two: stdio_fake('only=whoami', { name: 'two_again' }) });
    await until('the changed server', async () => text_of(await call_tool(o.url, 'two', 'whoami')).includes('two_again'));
  });
  await t.test('the client session lived through all of it', async () => {
    assert.deepEqual((await session.rpc('ping')).result, {});
  });
});

test('forms of the file', async t => {
  const http = await HttpFake.start(t);
  const echo = stdio_fake('only=echo');
  for (const [name, text, expected, env] of [
    ['comments and trailing commas', `// mine\n{ /* all */ "mcpServers": { "a": ${JSON.stringify(echo)}, }, }`, ['a']],
    ["VS Code's `servers`", JSON.stringify({ servers: { a: { type: 'stdio', ...echo } } }), ['a']],
    ['disabled servers', JSON.stringify({ mcpServers: { a: echo, b: { ...echo, disabled: true } } }), ['a']],
    ['type http', JSON.stringify({ mcpServers: { a: http.entry('only=echo', { type: 'http' }) } }), ['a']],
    ['type streamable-http', JSON.stringify({ mcpServers: { a: http.entry('only=echo', { type: 'streamable-http' }) } }), ['a']],
    ['type streamableHttp', JSON.stringify({ mcpServers: { a: http.entry('only=echo', { type: 'streamableHttp' }) } }), ['a']],
    ['type sse', JSON.stringify({ mcpServers: { a: http.sse_entry('only=echo') } }), ['a']],
    ['a URL alone', JSON.stringify({ mcpServers: { a: http.entry('only=echo') } }), ['a']],
    ['a URL alone that only speaks HTTP+SSE', JSON.stringify({ mcpServers: { a: { url: http.sse_entry('only=echo').url } } }), ['a']],
    ['variables', JSON.stringify({ mcpServers: { a: { command: '${NODE_FOR_TEST}', args: echo.args }, b: { command: '${NOT_SET:-' + process.execPath + '}', args: echo.args } } }), ['a', 'b'], { NODE_FOR_TEST: process.execPath }],
    ['a variable that is not set leaves out that server alone', JSON.stringify({ mcpServers: { a: echo, b: { command: '${NOT_SET_AT_ALL}' } } }), ['a']],
    ['a byte order mark', '\ufeff' + JSON.stringify({ mcpServers: { a: echo } }), ['a']],
  ]) {
    await t.test(name, async s => {
      const o = await Optimizer.start(s, { servers: text, env });
      assert.deepEqual(await servers_of(o), expected, o.log);
      if (name.startsWith('a variable')) assert.match(o.log + o.output, /NOT_SET_AT_ALL/);
    });
  }
});

test('headers, env and cwd reach the server', async t => {
  const http = await HttpFake.start(t, { traits: 'require-header=x-key:s3cr3t-value' });
  const folder = fs.realpathSync(temp_dir());
  const o = await Optimizer.start(t, {
    env: { SECRET_OF_TEST: 's3cr3t-value' },
    servers: {
      remote: http.entry(undefined, { headers: { 'X-Key': '${SECRET_OF_TEST}' } }),
      local: { ...stdio_fake('', { env: { GREETING: 'hello ${SECRET_OF_TEST}' } }), cwd: folder },
    },
  });
  assert.equal(JSON.parse(text_of(await call_tool(o.url, 'remote', 'headers')))['x-key'], 's3cr3t-value');
  assert.equal(text_of(await call_tool(o.url, 'local', 'environment', { variable: 'GREETING' })), 'hello s3cr3t-value');
  assert.equal(JSON.parse(text_of(await call_tool(o.url, 'local', 'whoami'))).cwd, folder);

  await t.test('no secret in the log, in the catalog, or in what the commands print', async () => {
    await call_tool(o.url, 'remote', 'echo', { message: 'private-parameter' });
    const servers = await run_json(t, ['servers', '--data-dir', o.data]);
    await o.stop();
    const stored = fs.readdirSync(o.data, { recursive: true, withFileTypes: true }).filter(e => e.isFile())
      .map(e => fs.readFileSync(path.join(e.parentPath, e.name), 'latin1')).join('\n');
    for (const [where, text] of [['log', o.log + o.output], ['catalog', stored], ['servers --json', servers.stdout]]) {
      assert.ok(!text.includes('s3cr3t-value'), `the secret is in the ${where}`);
      assert.ok(!text.includes('private-parameter'), `a call's parameter is in the ${where}`);
    }
  });
});

test('userinfo and query values of a URL are shown nowhere', async t => {
  const http = await HttpFake.start(t);
  const url = new URL(http.url('only=echo'));
  url.searchParams.set('api_key', 'qu3ry-value');
  const o = await Optimizer.start(t, { servers: { a: { url: url.href } } });
  assert.deepEqual(await servers_of(o), ['a']);
  const { stdout, value } = await run_json(t, ['servers', '--data-dir', o.data]);
  assert.ok(!stdout.includes('qu3ry-value') && !(o.log + o.output).includes('qu3ry-value'));
  assert.ok(value[0].url.startsWith(http.origin));
});

test('a configuration that lists ourselves is recognised', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const { kBinary } = await import('../lib/optimizer.mjs');
  write_config(o.config, {
    fake: stdio_fake(), me: { url: o.url }, me_too: { url: o.url.replace('127.0.0.1', 'localhost') },
    child: { command: kBinary, args: ['serve', '--stdio', '--config', o.config, '--data-dir', o.data] },
  });
  await until('it to be told', () => ['me', 'me_too', 'child'].every(n => new RegExp(`\\b${n}\\b`).test(o.log + o.output)));
  await sleep(1_000);
  assert.deepEqual(await servers_of(o), ['fake']);
  assert.ok(marked(o.config).length < 8, 'no children of our own kind without end');
});

test('tools that a server changes are listed again', async t => {
  const journal = new_journal();
  const http = await HttpFake.start(t);
  const o = await Optimizer.start(t, {
    servers: { child: stdio_fake('', { journal }), legacy: http.entry('era=legacy'), modern: http.entry('era=modern,ttl=3600000') },
  });
  for (const server of ['child', 'legacy', 'modern']) {
    await call_tool(o.url, server, 'mutate', { name: `from_${server}` });
    await until(`the new tool of ${server}`, async () => (await list_tools(o.url, { server_name: server })).some(x => x.name === `from_${server}`));
  }
  assert.ok(read_journal(journal).some(e => e.method === 'tools/list'));
});
