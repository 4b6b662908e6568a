// Runs each row of bad_input.tsv; what the kinds mean stands there.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Optimizer, run, temp_dir, write_config } from './lib/optimizer.mjs';
import { HttpFake, stdio_fake } from './lib/fake.mjs';
import { LegacySession, StdioProcess, call_tool, kAccept, kLegacy, kModern, list_tools, meta, message_text, text_of } from './lib/mcp.mjs';
import { exchange, request } from './lib/http.mjs';
import { damage_data, snapshot } from './lib/damage.mjs';
import { sleep, until } from './lib/wait.mjs';

const rows = fs.readFileSync(path.join(import.meta.dirname, 'bad_input.tsv'), 'utf8').split('\n')
  .filter(l => l && !l.startsWith('#')).map(l => l.split('\t'))
  .map(([id, kind, what, expected, fragment]) => ({ id, kind, what, expected, fragment }));
const only = process.env.MCPO_ROWS?.split(',');

const says = (text, fragment, label) => {
  if (fragment !== '-') assert.match(text, new RegExp(fragment, 'is'), label);
};
const deep = n => '['.repeat(n) + ']'.repeat(n);
function unescape(text) {
  const m = /^\(deep (\d+)\)$/.exec(text);
  if (m) return Buffer.from(`{"mcpServers": ${deep(+m[1])}}`);
  return Buffer.from(text.replace(/\\(x[0-9a-f]{2}|.)/g, (_, c) => (c[0] === 'x' && c.length === 3
    ? String.fromCharCode(parseInt(c.slice(1), 16)) : { n: '\n', r: '\r', t: '\t' }[c] ?? c)), 'latin1');
}
function rows_of(kind, body) {
  const mine = rows.filter(r => r.kind === kind && (!only || only.includes(r.id)));
  if (mine.length) test(kind, t => body(t, mine));
}
const good_works = async (o, server = 'good') => assert.equal(text_of(await call_tool(o.url, server, 'echo', { message: 'well' })), 'well');

rows_of('start', async (t, mine) => {
  for (const r of mine) {
    await t.test(r.id, async s => {
      const x = await run(s, r.what.replaceAll('{dir}', temp_dir()).split(' '));
      assert.equal(x.status, +r.expected, x.stderr);
      says(x.stderr, r.fragment);
    });
  }
});

rows_of('config', async (t, mine) => {
  const good = JSON.stringify(stdio_fake('only=echo'));
  for (const r of mine) {
    await t.test(r.id, async s => {
      const text = Buffer.from(unescape(r.what).toString('latin1').replaceAll('GOOD_WITH', good.replace(/\}$/, ',')).replaceAll('GOOD', good), 'latin1');
      const o = await Optimizer.start(s, { servers: text, ready: false });
      await until(`the message; log: ${o.log}`, async () => {
        const { degraded } = await o.health();
        const told = (degraded ?? []).map(d => `${d.what} ${d.why}`).join('\n');
        return new RegExp(r.fragment, 'is').test(r.expected === 'degraded' ? told : `${told}\n${o.log}`);
      });
      if (r.expected === 'good') await until('the good server', async () => { await good_works(o); return true; });
    });
  }
});

rows_of('server', async (t, mine) => {
  const http = await HttpFake.start(t);
  for (const r of mine) {
    await t.test(r.id, async s => {
      const bad = r.what.startsWith('{') ? JSON.parse(r.what)
        : r.what.startsWith('HTTP ') ? http.entry(r.what.slice(5)) : stdio_fake(r.what);
      const o = await Optimizer.start(s, { servers: { bad, good: stdio_fake('only=echo') }, ready: false, args: ['--mcp-timeout', '2'] });
      await until('the good server', async () => { await good_works(o); return true; });
      if (r.expected.startsWith('degraded')) {
        const why = await until('it to be named in /health', async () => (await o.health()).degraded?.find(d => /\bbad\b/.test(d.what))?.why);
        says(why, r.fragment);
        assert.ok(why.length < 1_000, 'a message for people');
      }
      if (r.expected.endsWith('tools')) {
        await until('its tools', async () => (await list_tools(o.url, { server_name: 'bad' })).length > 0);
        await good_works(o, 'bad');
      } else if (!r.expected.endsWith('sometimes')) {
        const x = await call_tool(o.url, 'bad', 'echo', { message: 'x' });
        assert.equal(x.isError, true);
        assert.match(text_of(x), /bad/);
      }
      await good_works(o);
      assert.ok(o.log.length < 3e6, `${o.log.length} bytes of log`);
      const { status, ms } = await o.stop();
      assert.equal(status, 0);
      assert.ok(ms < 5_000, `${ms} ms to stop`);
    });
  }
});

// A correct request of its era, changed as the row says: {method, path, headers, body}.
async function build_request(o, spec) {
  let headers = { host: `127.0.0.1:${o.port}` }, message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
  if (spec.call) message = { ...message, method: 'tools/call', params: { name: spec.call, arguments: spec.arguments ?? { tool_description: 'x' } } };
  if (spec.era !== 'none') headers = { ...headers, 'content-type': 'application/json', accept: kAccept };
  else if (spec.raw) headers = { ...headers, 'content-type': 'application/json', accept: kAccept };
  if (spec.era === 'legacy') {
    const session = await LegacySession.open(o.url, { version: spec.version ?? kLegacy });
    headers = { ...headers, ...session.headers() };
  }
  if (spec.era === 'modern') {
    const version = spec.version ?? kModern;
    headers = { ...headers, 'mcp-protocol-version': version, 'mcp-method': message.method, ...(spec.call ? { 'mcp-name': spec.call } : {}) };
    message.params._meta = { ...meta(), 'io.modelcontextprotocol/protocolVersion': version };
  }
  const params = { ...message.params };
  Object.assign(message, spec.message);
  if (spec.era === 'modern' && spec.message?.method) message.params = params;
  if (spec.deep) message.params.x = 'DEEP';
  if (spec.large) message.params.x = 'y'.repeat(spec.large);
  for (const where of spec.drop ?? []) {
    const [first, second, ...rest] = where.split('.');
    if (second === undefined) delete message[first];
    else if (rest.length === 0) delete message[first][second];
    else delete message[first][second][rest.join('.')];
  }
  for (const [k, v] of Object.entries(spec.headers ?? {})) { if (v === null) delete headers[k]; else headers[k] = v; }
  const method = spec.method ?? 'POST';
  const body = method !== 'POST' ? undefined : spec.raw !== undefined ? Buffer.from(spec.raw, 'latin1')
    : JSON.stringify(message).replace('"DEEP"', deep(spec.deep ?? 0));
  return { url: `http://127.0.0.1:${o.port}${spec.path ?? '/mcp'}`, method, headers, body };
}

rows_of('http', async (t, mine) => {
  const o = await Optimizer.start(t, { servers: { good: stdio_fake() } });
  for (const r of mine) {
    await t.test(r.id, async () => {
      const { url, ...what } = await build_request(o, JSON.parse(r.what));
      const answer = await request(url, what);
      const [status, code] = r.expected.split(' ');
      const told = `${answer.status} ${answer.text}`;
      assert.match(String(answer.status), new RegExp(`^${status}$`), told);
      if (code !== '.*') {
        const m = [JSON.parse(message_text(answer))].flat()[0]; // a batch of one is told by its only answer
        const got = m.error ? String(m.error.code) : m.result?.isError ? 'isError' : 'no error';
        assert.ok(code.split('|').includes(got), `${got}: ${told}`);
        if (m.error) assert.notEqual(m.id, null, 'an error without an id has no id member');
      }
      says(answer.text, r.fragment, told);
    });
  }
  await t.test('and afterwards all is well', () => good_works(o));
});

rows_of('wire', async (t, mine) => {
  const o = await Optimizer.start(t, { servers: { good: stdio_fake() } });
  for (const r of mine) {
    await t.test(r.id, async () => {
      const answer = await exchange(o.port, unescape(r.what));
      assert.match(answer, new RegExp(`^HTTP/1\\.[01] (${r.expected}) `));
      says(answer, r.fragment);
    });
  }
  await t.test('and afterwards all is well', () => good_works(o));
});

rows_of('stdio', async (t, mine) => {
  const dir = temp_dir();
  const s = StdioProcess.start(t, { config: write_config(path.join(dir, 'mcp.json'), { good: stdio_fake() }), data: path.join(dir, 'data') });
  await s.initialize();
  for (const r of mine) {
    await t.test(r.id, async () => {
      const before = s.lines.length;
      const deep_line = /^\(deep (\d+)\)$/.exec(r.what);
      const line = deep_line ? `{"jsonrpc":"2.0","id":1,"method":"ping","params":${deep(+deep_line[1])}}` : unescape(r.what);
      s.child.stdin.write(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
      if (r.expected !== 'silence') {
        await until('an answer', () => s.lines.length > before);
        const m = JSON.parse(s.lines[before]);
        assert.ok(r.expected.split('|').includes(String(m.error?.code)), s.lines[before]);
        says(s.lines[before], r.fragment);
      }
      const ping = await s.rpc('ping');
      assert.deepEqual(ping.result, {});
      if (r.expected === 'silence') { await sleep(50); assert.equal(s.lines.length, before + 1, s.lines.slice(before).join('\n')); }
    });
  }
});

rows_of('data', async (t, mine) => {
  const dir = temp_dir();
  const config = write_config(path.join(dir, 'mcp.json'), { good: stdio_fake('tools=400') });
  for (const r of mine) {
    await t.test(r.id, async s => {
      const damaged = await damage_data(s, r.what, config);
      if (damaged.skip) return s.skip(damaged.skip);
      const before = snapshot(damaged.watch);
      const x = await run(s, ['serve', '--port', '0', '--config', config, '--data-dir', damaged.data], { ...damaged.options, timeout: 20_000 });
      if (r.expected === 'serves') {
        assert.equal(x.status, 0, x.stderr);
        assert.match(x.stderr, /http:\/\/127\.0\.0\.1:\d+\/mcp/);
      } else assert.equal(x.status, +r.expected, x.stderr);
      says(x.stderr, r.fragment, x.stderr);
      assert.deepEqual(snapshot(damaged.watch), before, 'nothing is changed');
    });
  }
});
