// The whole path on the three real servers of npm: find a tool, call it, list them all.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Optimizer, kRoot, real_servers, run_json, temp_dir } from '../lib/optimizer.mjs';
import { call_tool, find_tool, list_tools, names_of, text_of, tool } from '../lib/mcp.mjs';

test('three real servers', async t => {
  const dir = temp_dir();
  const folder = path.join(dir, 'files');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'hello.txt'), 'hello from a file\n');
  const o = await Optimizer.start(t, { dir, servers: real_servers(folder, path.join(dir, 'memory.jsonl')) });
  await o.settled();

  await t.test('find_tool ranks the obvious tool first', async () => {
    for (const [description, keywords, expected] of [
      ['read the text of a file from disk', 'read file', ['filesystem/read_text_file', 'filesystem/read_file']],
      ['store new entities in the knowledge graph', 'create entities', ['memory/create_entities']],
      ['add two numbers', 'sum add', ['everything/get-sum']],
    ]) {
      const { tools } = await find_tool(o.url, description, keywords);
      assert.ok(tools.length > 0 && tools.length <= 8, `${tools.length} tools`);
      assert.ok(expected.includes(names_of(tools)[0]), `${description}: ${names_of(tools)}`);
    }
  });

  await t.test('find_tool says what it saves, as text and as structure', async () => {
    const result = await tool(o.url, 'find_tool', { tool_description: 'read a file', tool_keywords: 'file' });
    assert.deepEqual(JSON.parse(text_of(result)), result.structuredContent);
    const m = result.structuredContent.token_metrics;
    assert.ok(m.baseline_tokens > m.returned_tokens && m.returned_tokens > 0, JSON.stringify(m));
    assert.equal(m.tokens_saved, m.baseline_tokens - m.returned_tokens);
    assert.ok(m.savings_percentage > 0 && m.savings_percentage < 100);
    assert.equal(m.savings_percentage, Number(m.savings_percentage.toFixed(2)));
    for (const x of result.structuredContent.tools) assert.equal(x.inputSchema.type, 'object');
  });

  await t.test('find_tool takes keywords as a list, or none', async () => {
    const list = (await tool(o.url, 'find_tool', { tool_description: 'read a file', tool_keywords: ['read', 'file'] })).structuredContent;
    const text = (await tool(o.url, 'find_tool', { tool_description: 'read a file', tool_keywords: 'read file' })).structuredContent;
    assert.deepEqual(names_of(list.tools), names_of(text.tools));
    assert.ok((await tool(o.url, 'find_tool', { tool_description: 'read a file' })).structuredContent.tools.length > 0);
  });

  await t.test('call_tool reaches each server', async () => {
    const read = await call_tool(o.url, 'filesystem', 'read_text_file', { path: path.join(folder, 'hello.txt') });
    assert.match(text_of(read), /hello from a file/);
    const made = await call_tool(o.url, 'memory', 'create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }] });
    assert.ok(!made.isError, text_of(made));
    assert.match(text_of(await call_tool(o.url, 'memory', 'read_graph')), /Ada/);
    assert.match(text_of(await call_tool(o.url, 'everything', 'get-sum', { a: 17, b: 25 })), /42/);
  });

  await t.test('call_tool without server_name, when the name is unique', async () => {
    const r = await tool(o.url, 'call_tool', { tool_name: 'get-sum', parameters: { a: 1, b: 2 } });
    assert.match(text_of(r), /3/);
  });

  await t.test('images, links and structure come through', async () => {
    const image = await call_tool(o.url, 'everything', 'get-tiny-image');
    assert.ok(image.content.some(c => c.type === 'image' && c.mimeType === 'image/png' && c.data.length > 100));
    const links = await call_tool(o.url, 'everything', 'get-resource-links', { count: 3 });
    assert.ok(links.content.some(c => c.type === 'resource_link'));
    const structured = await call_tool(o.url, 'everything', 'get-structured-content', { location: 'New York' });
    assert.equal(typeof structured.structuredContent.temperature, 'number');
  });

  await t.test('a tool that refuses is an isError result, with its own words', async () => {
    const r = await call_tool(o.url, 'filesystem', 'read_text_file', { path: '/etc/passwd' });
    assert.equal(r.isError, true);
    assert.match(text_of(r), /denied|outside/i);
  });

  await t.test('list_tools has all tools of all servers, by server and name', async () => {
    const tools = await list_tools(o.url);
    const servers = new Set(tools.map(x => x.mcp_server_name));
    assert.deepEqual([...servers].sort(), ['everything', 'filesystem', 'memory']);
    const keys = names_of(tools);
    assert.deepEqual(keys, [...keys].sort());
    const only = await list_tools(o.url, { server_name: 'memory' });
    assert.ok(only.length >= 9 && only.every(x => x.mcp_server_name === 'memory'));
    const servers_json = (await run_json(t, ['servers', '--data-dir', o.data])).value;
    assert.equal(servers_json.reduce((n, s) => n + s.tools, 0), tools.length);
  });

  await t.test('an unknown tool answers with the nearest names', async () => {
    const r = await call_tool(o.url, 'filesystem', 'read_txt_file', {});
    assert.equal(r.isError, true);
    assert.match(text_of(r), /read_text_file/);
  });

  await t.test('a tool of a backend called directly is refused with a hint', async () => {
    await assert.rejects(tool(o.url, 'get-sum', { a: 1, b: 2 }), e => e.code === -32602 && /call_tool/.test(e.message));
  });

  await t.test('what the server says goes to our log under its name', () => {
    assert.match(o.log + o.output, /filesystem/);
  });

  await t.test('it stops within 5 s with exit 0', async () => {
    const { status, ms } = await o.stop();
    assert.equal(status, 0);
    assert.ok(ms < 5_000, `${ms} ms`);
  });
});

test('the example configuration works as ./do run starts it', async t => {
  const dir = temp_dir();
  const o = await Optimizer.start(t, {
    dir, config: path.join(kRoot, 'examples/mcp.json'),
    env: { MCPO_EXAMPLE_NPX: path.join(kRoot, 'tools/npx_local'), MCPO_EXAMPLE_FOLDER: dir, MCPO_EXAMPLE_MEMORY: path.join(dir, 'memory.jsonl') },
  });
  const servers = new Set((await list_tools(o.url)).map(x => x.mcp_server_name));
  assert.deepEqual([...servers].sort(), ['everything', 'filesystem', 'memory']);
  // What a person needs next is on the screen: the endpoint, a snippet for the client, the counts, the saving.
  const screen = o.output + o.log;
  assert.match(screen, /"mcpServers"|"url"/);
  assert.match(screen, /servers\s+3\b|3 servers/i);
  assert.match(screen, /\d+ tools/);
  assert.match(screen, /tokens.*saved/i);
});
