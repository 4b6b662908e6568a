// None of our servers' processes survives us, and one that misbehaves disturbs nobody else.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Optimizer, kRoot, temp_dir, write_config } from '../lib/optimizer.mjs';
import { stdio_fake } from '../lib/fake.mjs';
import { StdioProcess, call_tool, find_tool, list_tools, text_of } from '../lib/mcp.mjs';
import { alive, marked } from '../lib/processes.mjs';
import { sleep, until } from '../lib/wait.mjs';

let last = 0;
const new_marker = () => `mcpo-mark-${process.pid}-${++last}`;
const env_of = marker => ({ MCPO_TEST_MARKER: marker, PATH: process.env.PATH, HOME: temp_dir(), npm_config_update_notifier: 'false' });
const quoted = list => list.map(a => `'${a}'`).join(' ');

// Servers behind every kind of launcher; the marker is in the environment of all their processes.
function hard_to_kill(marker) {
  const env = env_of(marker);
  const fake = stdio_fake('', { name: 'behind-sh' });
  return {
    npx: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'], cwd: path.join(kRoot, 'tests'), env },
    shell: { command: 'sh', args: ['-c', `${quoted([fake.command, ...fake.args])}; true`], env },
    stubborn: { ...stdio_fake('stubborn,grandchildren=2', { name: 'stubborn' }), env },
  };
}
const none_left = (marker, timeout) => until(`all processes to be gone; left: ${marked(marker).map(p => p.command).join(' | ')}`, () => marked(marker).length === 0, { timeout });

test('kill -9: five seconds later none of the servers\' processes exists', async t => {
  const marker = new_marker();
  t.after(() => { for (const p of marked(marker)) process.kill(p.pid, 'SIGKILL'); });
  const o = await Optimizer.start(t, { servers: hard_to_kill(marker) });
  const servers = new Set((await list_tools(o.url)).map(x => x.mcp_server_name));
  assert.deepEqual([...servers].sort(), ['npx', 'shell', 'stubborn'], o.log);
  assert.ok(marked(marker).length >= 6, `${marked(marker).map(p => p.command)}`);
  process.kill(o.pid, 'SIGKILL');
  await o.exited;
  await none_left(marker, 5_000);
});

test('kill -9 of a stdio optimizer', async t => {
  const marker = new_marker();
  t.after(() => { for (const p of marked(marker)) process.kill(p.pid, 'SIGKILL'); });
  const dir = temp_dir();
  const s = StdioProcess.start(t, { config: write_config(path.join(dir, 'mcp.json'), hard_to_kill(marker)), data: path.join(dir, 'data') });
  await s.initialize();
  await until('the servers to run', () => marked(marker).length >= 6);
  process.kill(s.pid, 'SIGKILL');
  await s.exited;
  await none_left(marker, 5_000);
});

test('SIGTERM: within 5 s we end with 0 and nothing is left, stubborn servers included', async t => {
  const marker = new_marker();
  t.after(() => { for (const p of marked(marker)) process.kill(p.pid, 'SIGKILL'); });
  const o = await Optimizer.start(t, { servers: hard_to_kill(marker) });
  await until('the servers to run', () => marked(marker).length >= 6);
  const { status, ms } = await o.stop();
  assert.equal(status, 0);
  assert.ok(ms < 5_000, `${ms} ms`);
  await none_left(marker, 5_000);
});

test('SIGTERM while calls are open: they are answered or cancelled, nobody waits', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const calls = [call_tool(o.url, 'fake', 'hang'), call_tool(o.url, 'fake', 'slow', { ms: 800 })].map(p => p.then(text_of, e => `error ${e.code ?? e.message}`));
  await sleep(300);
  const { status, ms } = await o.stop();
  assert.equal(status, 0);
  assert.ok(ms < 5_000, `${ms} ms`);
  for (const answer of await Promise.all(calls)) assert.ok(answer.length > 0);
});

test('stdio: end of input ends us, and our servers', async t => {
  const marker = new_marker();
  const dir = temp_dir();
  const s = StdioProcess.start(t, { config: write_config(path.join(dir, 'mcp.json'), { a: stdio_fake('', { env: env_of(marker) }) }), data: path.join(dir, 'data') });
  await s.initialize();
  await until('the server to run', () => marked(marker).length > 0);
  s.child.stdin.end();
  const { status } = await s.exited;
  assert.equal(status, 0);
  await none_left(marker);
});

test('a server that dies in a call: the call says so, the next one works', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake(), other: stdio_fake() } });
  const r = await call_tool(o.url, 'fake', 'die');
  assert.equal(r.isError, true);
  assert.match(text_of(r), /fake/);
  assert.match(text_of(r), /die/);
  assert.equal(text_of(await call_tool(o.url, 'fake', 'echo', { message: 'again' })), 'again');
  assert.equal(text_of(await call_tool(o.url, 'other', 'echo', { message: 'me too' })), 'me too');
});

test('a server killed between calls is started again for the next one', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const { pid } = JSON.parse(text_of(await call_tool(o.url, 'fake', 'whoami')));
  process.kill(pid, 'SIGKILL');
  await until('it to be gone', () => !alive(pid));
  const again = await until('the next call to work', async () => {
    const r = await call_tool(o.url, 'fake', 'whoami');
    return !r.isError && JSON.parse(text_of(r)).pid;
  });
  assert.notEqual(again, pid);
});

test('one hanging server delays nobody', async t => {
  const o = await Optimizer.start(t, {
    ready: false, args: ['--mcp-timeout', '120'],
    servers: { quick: stdio_fake(), mute: stdio_fake('mute'), hangs: stdio_fake('hang-list'), floods: stdio_fake('flood-lines') },
  });
  await until('the quick server to be found', async () => (await find_tool(o.url, 'send a message back', 'echo')).tools.some(x => x.mcp_server_name === 'quick'));
  assert.equal(text_of(await call_tool(o.url, 'quick', 'echo', { message: 'hi' })), 'hi');
  // A call that hangs holds nobody up either, not even on the same server.
  const into_hanging = call_tool(o.url, 'hangs', 'echo', { message: 'x' }).catch(() => 0);
  let is_over = false;
  const slow = call_tool(o.url, 'quick', 'hang').catch(() => 0).finally(() => { is_over = true; });
  for (let i = 0; i < 20; i++) await call_tool(o.url, 'quick', 'echo', { message: 'hi' });
  assert.ok(!is_over);
  await o.stop();
  await slow;
  await into_hanging;
});

test('many calls on one session at a time', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const begun = performance.now();
  const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => i % 2
    ? call_tool(o.url, 'fake', 'slow', { ms: 1_000 }) : call_tool(o.url, 'fake', 'echo', { message: `n${i}` })));
  answers.forEach((r, i) => assert.match(text_of(r), i % 2 ? /slow done/ : new RegExp(`^n${i}$`)));
  assert.ok(performance.now() - begun < 30_000, 'they run side by side (32 × 1 s in a row would be 32 s)');
});

test('a server\'s stderr goes to our log under its name, noise on stdout is survived', async t => {
  const o = await Optimizer.start(t, { servers: { noisy: stdio_fake('noise'), chatty: stdio_fake('flood-stderr'), good: stdio_fake() } });
  assert.equal(text_of(await call_tool(o.url, 'noisy', 'echo', { message: 'through the noise' })), 'through the noise');
  assert.equal(text_of(await call_tool(o.url, 'chatty', 'echo', { message: 'hi' })), 'hi');
  assert.equal(text_of(await call_tool(o.url, 'good', 'echo', { message: 'hi' })), 'hi');
  assert.match(o.log, /chatty.*a complaint about nothing|a complaint about nothing.*chatty/);
  assert.ok(o.log.length < 20e6, 'a flood of stderr is not all of our log');
});
