// Commands, their --json (a contract: members are never lost or renamed), exit codes, --help, wrong options.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Optimizer, real_servers, run, run_json, temp_dir, write_config } from '../lib/optimizer.mjs';
import { HttpFake, stdio_fake } from '../lib/fake.mjs';
import { find_tool } from '../lib/mcp.mjs';

const is = { string: v => typeof v === 'string' && v.length > 0, number: Number.isFinite, count: v => Number.isInteger(v) && v >= 0, object: v => v && typeof v === 'object' };
function check_shape(object, required, optional = {}) {
  for (const [k, kind] of Object.entries(required)) assert.ok(is[kind](object[k]), `${k} of ${JSON.stringify(object)}`);
  for (const [k, kind] of Object.entries(optional)) if (object[k] !== undefined && object[k] !== null) assert.ok(is[kind](object[k]), `${k} of ${JSON.stringify(object)}`);
}

test('ingest, servers, tools, search', async t => {
  const dir = temp_dir();
  const http = await HttpFake.start(t);
  const options = servers => ['--config', write_config(path.join(dir, 'mcp.json'), servers), '--data-dir', path.join(dir, 'data')];
  const real = real_servers(dir, path.join(dir, 'memory.jsonl'));
  const servers = { filesystem: real.filesystem, fake: stdio_fake(), remote: http.entry('only=echo') };

  await t.test('ingest adds', async s => {
    const { status, value } = await run_json(s, ['ingest', ...options(servers)]);
    assert.equal(status, 0);
    check_shape(value, { catalog_version: 'count', seconds: 'number' });
    assert.deepEqual(value.changes.map(c => c.action), ['added', 'added', 'added']);
    for (const c of value.changes) check_shape(c, { action: 'string', server: 'string', reason: 'string' });
    assert.deepEqual(value.sources.map(x => [x.name, x.state]), [['config', 'complete']]);
  });
  await t.test('ingest again keeps, and says why', async s => {
    const first = await run_json(s, ['ingest', ...options(servers)]);
    assert.equal(first.status, 0);
    assert.ok(first.value.changes.every(c => c.action === 'kept' && c.reason), JSON.stringify(first.value.changes));
    const second = await run_json(s, ['ingest', ...options(servers)]);
    assert.equal(second.value.catalog_version, first.value.catalog_version, 'an unchanged cycle writes nothing');
    assert.match((await run(s, ['ingest', ...options(servers)])).stdout, /fake/);
  });
  await t.test('servers', async s => {
    const { status, value } = await run_json(s, ['servers', ...options(servers)]);
    assert.equal(status, 0);
    assert.deepEqual(value.map(x => x.name).sort(), ['fake', 'filesystem', 'remote']);
    for (const x of value) {
      check_shape(x, { name: 'string', source: 'string', status: 'string', transport: 'string', tools: 'count' },
        { namespace: 'string', url: 'string', identity: 'string', last_success: 'string', created_at: 'string' });
      assert.equal(x.source, 'config');
    }
    assert.equal(value.find(x => x.name === 'fake').tools, 15);
    assert.equal(value.find(x => x.name === 'fake').transport, 'stdio');
    const table = await run(s, ['servers', ...options(servers)]);
    for (const name of ['fake', 'filesystem', 'remote', '15', 'LAST SUCCESS']) assert.ok(table.stdout.includes(name), table.stdout);
    assert.match(table.stdout, /^fake .* \d{4}-\d\d-\d\dT/m);
  });
  await t.test('tools', async s => {
    const { value } = await run_json(s, ['tools', ...options(servers)]);
    for (const x of value) check_shape(x, { server: 'string', name: 'string', input_schema: 'object' }, { title: 'string', tokens: 'count' });
    const echo = value.find(x => x.server === 'fake' && x.name === 'echo');
    assert.equal(echo.title, 'Echo');
    assert.equal(echo.description, 'Sends the message back to the caller');
    const one = await run_json(s, ['tools', '--server', 'remote', ...options(servers)]);
    assert.deepEqual(one.value.map(x => x.name), ['echo']);
    const table = await run(s, ['tools', ...options(servers)]);
    assert.match(table.stdout, /read_text_file/);
  });
  await t.test('search', async s => {
    const { status, value } = await run_json(s, ['search', 'read a text file', ...options(servers)]);
    assert.equal(status, 0);
    value.forEach((x, i) => { check_shape(x, { rank: 'count', server: 'string', name: 'string', score: 'number' }); assert.equal(x.rank, i + 1); });
    assert.ok(value.every((x, i) => i === 0 || value[i - 1].score >= x.score));
    assert.match(value[0].name, /read/);
    const explained = await run(s, ['search', 'read a text file', '--explain', ...options(servers)]);
    assert.equal(explained.status, 0);
    assert.match(explained.stdout, /read/);
    assert.notEqual(explained.stdout, (await run(s, ['search', 'read a text file', ...options(servers)])).stdout);
  });
  await t.test('search without hits exits 0 and names what is nearest', async s => {
    const { status, value, stderr } = await run_json(s, ['search', 'zzqqxxyy', '--hybrid-search-semantic-ratio', '0', ...options(servers)]);
    assert.equal(status, 0);
    assert.deepEqual(value, []);
    assert.match(stderr, /nothing found: .*\n  perhaps \S+ \S+/);
  });
  await t.test('ingest with a server gone and one that does not answer', async s => {
    http.stop();
    const { status, value } = await run_json(s, ['ingest', '--mcp-timeout', '2', ...options({ fake: stdio_fake('', { name: 'changed' }), remote: servers.remote, silent: stdio_fake('exit=1') })]);
    // The source (the file) is complete; what its servers do is in `changes`.
    assert.equal(status, 0, JSON.stringify(value));
    const by = Object.fromEntries(value.changes.map(c => [c.server, c.action]));
    assert.equal(by.filesystem, 'removed', JSON.stringify(value.changes));
    assert.equal(by.silent, 'degraded', JSON.stringify(value.changes));
    const reason = value.changes.find(c => c.server === 'silent').reason;
    assert.match(reason, /exit|ended|1/);
    const table = await run(s, ['servers', ...options({ fake: stdio_fake() })]);
    assert.match(table.stdout, /^silent .* degraded since \d{4}-\d\d-\d\dT[^ ]*: /m);
  });
  await t.test('a source that cannot be read: 1 when it is the only one', async s => {
    const { status, value } = await run_json(s, ['ingest', '--config', write_config(path.join(dir, 'broken.json'), '{'), '--data-dir', path.join(dir, 'data')]);
    assert.equal(status, 1);
    assert.ok(value.error?.message.includes('broken.json') || value.sources?.[0].state === 'unavailable', JSON.stringify(value));
  });
});

test('two `ingest` at the same time: one waits, both say what they found', async t => {
  const dir = temp_dir();
  const options = ['--config', write_config(path.join(dir, 'mcp.json'), { slow: stdio_fake('slow-list=1000') }), '--data-dir', path.join(dir, 'data')];
  const both = await Promise.all([run_json(t, ['ingest', ...options]), run_json(t, ['ingest', ...options])]);
  for (const r of both) assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.deepEqual(both.map(r => r.value.changes.map(c => `${c.action} ${c.server}`).join()).sort(), ['added slow', 'kept slow']);
});

test('a catalog that is not there is an error', async t => {
  for (const args of [['servers'], ['tools'], ['search', 'x']]) {
    const data = path.join(temp_dir(), 'nothing');
    const r = await run(t, [...args, '--data-dir', data]);
    assert.equal(r.status, 1, args.join(' '));
    assert.ok(r.stderr.includes(data), r.stderr);
    const j = await run_json(t, [...args, '--data-dir', data]);
    assert.equal(j.status, 1);
    check_shape(j.value.error, { code: 'string', message: 'string' });
  }
});

test('eval', async t => {
  const dir = temp_dir();
  const file = (name, rows) => { const p = path.join(dir, name); fs.writeFileSync(p, rows.map(r => JSON.stringify(r) + '\n').join('')); return p; };
  const tools = file('t.jsonl', [
    { id: 'a/read_file', server: 'a', name: 'read_file', description: 'Read the text of a file', input_schema: { type: 'object' } },
    { id: 'b/send_mail', server: 'b', name: 'send_mail', description: 'Send an electronic letter', input_schema: { type: 'object' } },
  ]);
  const queries = file('q.jsonl', [{ id: 'q1', query: 'read a file' }, { id: 'q2', query: 'send a letter' }]);
  const out = path.join(dir, 'out.jsonl');
  const r = await run(t, ['eval', '--tools', tools, '--queries', queries, '--run', out]);
  assert.equal(r.status, 0, r.stderr);
  const rows = fs.readFileSync(out, 'utf8').trim().split('\n').map(l => JSON.parse(l));
  assert.deepEqual(rows.map(x => [x.id, x.ranked[0]]), [['q1', 'a/read_file'], ['q2', 'b/send_mail']]);
});

test('--version and --help', async t => {
  const v = await run(t, ['--version']);
  assert.equal(v.status, 0);
  assert.match(v.stdout, /\d+\.\d+\.\d+/);
  const h = await run(t, ['--help']);
  assert.equal(h.status, 0);
  for (const command of ['serve', 'ingest', 'search', 'servers', 'tools', 'eval']) {
    assert.match(h.stdout, new RegExp(`\\b${command}\\b`));
    const c = await run(t, [command, '--help']);
    assert.equal(c.status, 0, command);
    assert.match(c.stdout, /--/);
  }
});

// Options with a range: what --help says of each, and what a wrong value gets.
const kRanged = [
  ['--mcp-timeout', '20', '1', '300', ['0', '301', 'soon']],
  ['--max-tools-to-return', '8', '1', '50', ['0', '51', 'many', '']],
  ['--workload-polling-interval', '60', '0', '300', ['301', '-1']],
  ['--mcp-port', '9900', '1024', '65535', ['65536', '80']],
  ['--workload-ingestion-batch-size', '16', '1', '50', ['0', '51']],
  ['--tools-max-age', '600', '10', '86400', ['9', '86401']],
];
test('--help names unit, range and default of each option', async t => {
  const { stdout } = await run(t, ['serve', '--help']);
  const flat = stdout.replace(/\s+/g, ' ');
  for (const [option, initial, low, high] of kRanged) {
    const from = flat.indexOf(option + ' ') >= 0 ? flat.indexOf(option + ' ') : flat.indexOf(option === '--mcp-port' ? '--port' : option);
    assert.ok(from >= 0, `${option} is not in --help`);
    const text = flat.slice(from, from + 400);
    for (const part of [initial, low, high]) assert.ok(text.replaceAll(',', '').includes(part), `${option}: ${part} is not in "${text}"`);
  }
  for (const option of ['--config', '--host', '--data-dir', '--stdio', '--max-body-bytes', '--max-header-bytes', '--max-json-depth', '--max-sessions',
    '--session-idle-timeout', '--max-concurrent-requests', '--max-upstream-message-bytes', '--mcp-max-timeout', '--list-page-size', '--log-format', '--log-level',
    '--allowed-hosts', '--allowed-origins', '--allow-unauthenticated-network']) assert.ok(flat.includes(option), `${option} is not in --help`);
});

test('a wrong value says which option, what was given, what is allowed; exit 2', async t => {
  for (const [option, , low, high, wrong] of kRanged) {
    for (const value of wrong) {
      const r = await run(t, ['serve', `${option}=${value}`]);
      assert.equal(r.status, 2, `${option}=${value}: ${r.stderr}`);
      const told = r.stderr.replaceAll(',', '');
      assert.ok(told.includes(option.slice(2)) || told.includes('--port'), `${option}=${value}: ${r.stderr}`);
      if (value === '') continue;
      assert.ok(told.includes(value), `${option}=${value}: ${r.stderr}`);
      assert.ok(told.includes(low) && told.includes(high), `${option}=${value}: ${r.stderr}`);
    }
  }
});

test('environment variables: as options, weaker than flags, and checked too', async t => {
  const wrong = await run(t, ['serve'], { env: { MCP_TIMEOUT: '999' } });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /MCP_TIMEOUT/);
  assert.match(wrong.stderr, /999/);
  const count = async more => (await find_tool((await Optimizer.start(t, { servers: { fake: stdio_fake() }, ...more })).url, 'tool that answers', 'answers')).tools.length;
  assert.equal(await count({ env: { MAX_TOOLS_TO_RETURN: '3' } }), 3);
  assert.equal(await count({ env: { MAX_TOOLS_TO_RETURN: '3' }, args: ['--max-tools-to-return', '2'] }), 2);
});

test('usage errors exit 2 and say what there is', async t => {
  for (const [args, fragment] of [[['frobnicate'], /frobnicate/], [['serve', '--no-such-option'], /no-such-option/], [['search'], /query|words|search/i], [['servers', 'extra', 'words'], /extra/]]) {
    const r = await run(t, args);
    assert.equal(r.status, 2, `${args}: ${r.stdout}${r.stderr}`);
    assert.match(r.stderr, fragment);
  }
});

test('an address that is not loopback is refused without --allow-unauthenticated-network', async t => {
  const config = write_config(path.join(temp_dir(), 'mcp.json'), {});
  const r = await run(t, ['serve', '--host', '0.0.0.0', '--port', '0', '--config', config, '--data-dir', temp_dir()]);
  assert.notEqual(r.status, 0);
  assert.match(r.stderr, /allow-unauthenticated-network/);
});

test('a port that is taken', async t => {
  const o = await Optimizer.start(t, { servers: {} });
  const r = await run(t, ['serve', '--port', String(o.port), '--config', o.config, '--data-dir', temp_dir()]);
  assert.equal(r.status, 1, r.stderr);
  assert.ok(r.stderr.includes(String(o.port)), r.stderr);
});
