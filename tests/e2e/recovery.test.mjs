// What happens when a server goes away and comes back, as a client sees it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { HttpFake } from '../lib/fake.mjs';
import { call_tool, text_of } from '../lib/mcp.mjs';
import { Optimizer } from '../lib/optimizer.mjs';
import { until } from '../lib/wait.mjs';

test('a server that has forgotten our session is asked again in a new one', async t => {
  const http = await HttpFake.start(t);
  const o = await Optimizer.start(t, { servers: { remote: http.entry('era=legacy') } });
  assert.equal(text_of(await call_tool(o.url, 'remote', 'echo', { message: 'one' })), 'one');
  await http.act('expire', 'era=legacy');
  const second = await call_tool(o.url, 'remote', 'echo', { message: 'two' });
  assert.equal(text_of(second), 'two');
  assert.ok(!second.isError);
});

test('a failed call shows the server as degraded, and its tools stay; an answer ends that', async t => {
  const http = await HttpFake.start(t);
  const port = http.port;
  const o = await Optimizer.start(t, { servers: { remote: http.entry() } });
  http.child.kill('SIGKILL');
  const failed = await call_tool(o.url, 'remote', 'echo', { message: 'x' });
  assert.equal(failed.isError, true);
  assert.match(text_of(failed), /remote.*echo/s);
  const why = await until('it to be named in /health', async () => (await o.health()).degraded.find(d => d.what === 'server remote')?.why);
  assert.match(why, /connect|refused/);
  assert.ok((await o.health()).tools > 0, 'its tools stay');
  await HttpFake.start(t, { port });
  assert.equal(text_of(await call_tool(o.url, 'remote', 'echo', { message: 'back' })), 'back');
  await until('the trouble to end', async () => !(await o.health()).degraded.some(d => d.what === 'server remote'));
});
