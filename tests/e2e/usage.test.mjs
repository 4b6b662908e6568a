// LEARN_FROM_USAGE: what calls teach the search, and that nothing is learned unless it is asked for.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Optimizer, run_json } from '../lib/optimizer.mjs';
import { needs_model } from '../lib/embeddings.mjs';
import { stdio_fake } from '../lib/fake.mjs';
import { call_tool, find_tool, names_of, tool } from '../lib/mcp.mjs';
import { until } from '../lib/wait.mjs';

const kOn = { LEARN_FROM_USAGE: 'true', HYBRID_SEARCH_SEMANTIC_RATIO: '0.5' };
const two_alike = () => ({ left: stdio_fake('only=echo+fail'), right: stdio_fake('only=echo+fail') });
const first = async (o, request) => names_of((await find_tool(o.url, request)).tools)[0];
const files_of = data => fs.readdirSync(data).map(f => fs.readFileSync(path.join(data, f), 'latin1')).join('\n');

test('a tool that was called after a request ranks higher for such requests, also after a restart', needs_model, async t => {
  const o = await Optimizer.start(t, { servers: two_alike(), env: kOn });
  await o.settled();
  const asked = 'send my strawberry message back', other = 'something that fails as a tool';
  const before = await first(o, asked), other_before = await first(o, other);
  const second = before === 'left/echo' ? 'right' : 'left';
  await call_tool(o.url, second, 'echo', { message: 'hi' });
  assert.equal(await first(o, 'please send a strawberry message back to me'), `${second}/echo`);
  const { explain } = (await tool(o.url, 'find_tool', { tool_description: asked, explain: true })).structuredContent;
  assert.ok(explain[0].explain.usage_part > 0.49, JSON.stringify(explain[0]));
  assert.equal(explain.find(x => x.mcp_server_name !== second && x.name === 'echo').explain.usage_part, 0);
  assert.equal(await first(o, other), other_before);
  await o.stop();

  await t.test('what was asked is nowhere on the disk', () => assert.ok(!files_of(o.data).includes('strawberry')));
  await t.test('`search` counts it where it is asked to', async s => {
    const words = ['search', asked, '--data-dir', o.data];
    assert.equal((await run_json(s, words, { env: kOn })).value[0].server, second);
    assert.equal((await run_json(s, words)).value[0].server, before.split('/')[0]);
  });
  await t.test('after a restart', async s => {
    const again = await Optimizer.start(s, { servers: two_alike(), env: kOn, dir: o.dir });
    await again.settled();
    await until('what was learned to count', async () => await first(again, asked) === `${second}/echo`);
  });
});

test('a call that fails, one that was not offered, and no option: nothing is learned', needs_model, async t => {
  const used = async (o, request) => (await tool(o.url, 'find_tool', { tool_description: request, explain: true })).structuredContent
    .explain.filter(x => x.explain.usage_part > 0).map(x => x.name);
  const o = await Optimizer.start(t, { servers: two_alike(), env: kOn });
  await o.settled();
  await call_tool(o.url, 'right', 'echo', { message: 'nobody asked' });
  assert.deepEqual(await used(o, 'something that fails as a tool'), []);
  assert.equal((await call_tool(o.url, 'right', 'fail')).isError, true);
  assert.deepEqual(await used(o, 'something that fails as a tool'), []);
  await call_tool(o.url, 'right', 'echo', { message: 'hi' });
  assert.deepEqual(await used(o, 'something that fails as a tool'), ['echo'], 'a call that goes well does teach');

  const off = await Optimizer.start(t, { servers: two_alike(), env: { HYBRID_SEARCH_SEMANTIC_RATIO: '0.5' } });
  await off.settled();
  assert.deepEqual(await used(off, 'send my message back'), []);
  await call_tool(off.url, 'right', 'echo', { message: 'hi' });
  assert.deepEqual(await used(off, 'send my message back'), []);
});
