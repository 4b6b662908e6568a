// One data directory: what it keeps over a restart, and how several processes share it.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Optimizer, run, run_json, temp_dir, write_config } from '../lib/optimizer.mjs';
import { HttpFake, stdio_fake } from '../lib/fake.mjs';
import { StdioProcess, call_tool, find_tool, list_tools, names_of, text_of } from '../lib/mcp.mjs';
import { until } from '../lib/wait.mjs';

test('after a restart find_tool answers from the catalog, before any server was contacted', async t => {
  const dir = temp_dir();
  const first = await Optimizer.start(t, { dir, servers: { fake: stdio_fake('tools=50') } });
  await first.settled();
  const before = await find_tool(first.url, 'send the message back', 'echo');
  const all = names_of(await list_tools(first.url));
  await first.stop();

  // The same server, as it were: same name, but it does not answer any more.
  const second = await Optimizer.start(t, { dir, ready: false, servers: { fake: stdio_fake('mute,tools=50') } });
  await second.settled();
  const after = await find_tool(second.url, 'send the message back', 'echo');
  assert.deepEqual(names_of(after.tools), names_of(before.tools));
  assert.deepEqual(names_of(await list_tools(second.url)), all);
});

test('a server that does not answer keeps its tools and is shown degraded', async t => {
  const dir = temp_dir();
  const http = await HttpFake.start(t);
  const servers = { remote: http.entry('tools=5'), local: stdio_fake() };
  const o = await Optimizer.start(t, { dir, servers, args: ['--mcp-timeout', '2'] });
  const count = (await list_tools(o.url, { server_name: 'remote' })).length;
  assert.equal(count, 20);
  await o.stop();
  http.stop();
  const again = await Optimizer.start(t, { dir, args: ['--mcp-timeout', '2'] });
  assert.equal((await list_tools(again.url, { server_name: 'remote' })).length, count);
  const r = await call_tool(again.url, 'remote', 'echo', { message: 'x' });
  assert.equal(r.isError, true);
  assert.match(text_of(r), /remote/);
  assert.equal(text_of(await call_tool(again.url, 'local', 'echo', { message: 'x' })), 'x');
  // `tools-max-age` later (here: at the restart) it is asked again, fails, and is named.
  await until('it to be named', async () => {
    const { degraded } = await again.health();
    return degraded?.some(d => d.what.includes('remote') && d.since && d.why);
  });
});

test('a server that is not in the configuration any more is removed at the next start', async t => {
  const dir = temp_dir();
  const o = await Optimizer.start(t, { dir, servers: { a: stdio_fake('only=echo'), b: stdio_fake('only=echo') } });
  await o.stop();
  write_config(o.config, { b: stdio_fake('only=echo') });
  const again = await Optimizer.start(t, { dir });
  await until('only b', async () => names_of(await list_tools(again.url)).join() === 'b/echo');
});

test('two processes serve one data directory; the second takes over when the first is killed', async t => {
  const dir = temp_dir();
  const a = await Optimizer.start(t, { dir, servers: { one: stdio_fake() } });
  const b = await Optimizer.start(t, { dir });

  await t.test('both find and call', async () => {
    for (const o of [a, b]) {
      assert.ok((await find_tool(o.url, 'send a message back', 'echo')).tools.length > 0);
      assert.equal(text_of(await call_tool(o.url, 'one', 'echo', { message: 'hi' })), 'hi');
    }
  });
  await t.test('`ingest` refuses and names the process that leads', async () => {
    const r = await run(t, ['ingest', '--config', a.config, '--data-dir', a.data]);
    assert.equal(r.status, 1, r.stderr);
    assert.ok((r.stderr + r.stdout).includes(String(a.pid)), r.stderr);
    const j = await run_json(t, ['ingest', '--config', a.config, '--data-dir', a.data]);
    assert.equal(j.status, 1);
    assert.ok(j.value.error.message.includes(String(a.pid)) && j.value.error.code);
  });
  await t.test('what the leader learns, the follower finds', async () => {
    write_config(a.config, { one: stdio_fake(), two: stdio_fake('only=whoami') });
    for (const o of [a, b]) await until('the second server', async () => names_of(await list_tools(o.url)).includes('two/whoami'));
    assert.match(text_of(await call_tool(b.url, 'two', 'whoami')), /pid/);
  });
  await t.test('a third over stdio', async () => {
    const s = StdioProcess.start(t, { config: a.config, data: a.data });
    await s.initialize();
    const m = await s.rpc('tools/call', { name: 'find_tool', arguments: { tool_description: 'send a message back', tool_keywords: 'echo' } });
    assert.ok(m.result.structuredContent.tools.length > 0);
    s.child.stdin.end();
    assert.equal((await s.exited).status, 0);
  });
  await t.test('takeover within 30 s', async () => {
    process.kill(a.pid, 'SIGKILL');
    await a.exited;
    write_config(a.config, { one: stdio_fake(), three: stdio_fake('only=whoami') });
    await until('the follower to lead', async () => {
      const names = names_of(await list_tools(b.url));
      return names.includes('three/whoami') && !names.includes('two/whoami');
    });
  });
});

test('processes that start together on a new data directory', async t => {
  const dir = temp_dir();
  const config = write_config(path.join(dir, 'mcp.json'), { one: stdio_fake('only=echo') });
  const all = await Promise.all([1, 2, 3].map(() => Optimizer.start(t, { dir, config })));
  for (const o of all) {
    await until('the tool', async () => names_of(await list_tools(o.url)).join() === 'one/echo');
    assert.equal((await o.stop()).status, 0);
  }
});

test('kill -9 in the middle of writing loses nothing', async t => {
  const dir = temp_dir();
  const servers = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`s${i}`, stdio_fake('tools=300')]));
  const o = await Optimizer.start(t, { dir, servers, ready: false });
  await until('the first tools', async () => (await list_tools(o.url)).length > 0);
  process.kill(o.pid, 'SIGKILL');
  await o.exited;
  const kept = (await run_json(t, ['tools', '--data-dir', o.data])).value;
  assert.ok(kept.length > 0 && kept.length % 315 === 0, `whole servers only: ${kept.length}`);
  const again = await Optimizer.start(t, { dir });
  assert.equal((await list_tools(again.url)).length, 6 * 315);
});
