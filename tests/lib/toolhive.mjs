// A fake ToolHive in the test's own process, and the optimizer in front of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { FakeToolHive } from '../fakes/fake_toolhive.mjs';
import { request } from './http.mjs';
import { list_tools } from './mcp.mjs';
import { Optimizer, kRoot, run_json, temp_dir } from './optimizer.mjs';
import { until } from './wait.mjs';

const kSmallRegistry = fs.readFileSync(path.join(kRoot, 'tests/data/registry-small.json'), 'utf8');
export const small_registry = () => JSON.parse(kSmallRegistry);

// options: those of FakeToolHive, and `where` ({port} or {socket}; false: not yet started).
export async function start_toolhive(t, { where = {}, ...options } = {}) {
  const fake = new FakeToolHive({ registry: small_registry(), ...options });
  t.after(() => fake.close());
  return where === false ? fake : fake.start(where);
}

// A port on which nobody listens.
export function closed_port() {
  return new Promise((resolve, reject) => {
    const s = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
  });
}

// What a program needs to find this fake, and nothing else: the scan looks at two ports outside of the range that the system
// gives away by itself, the discovery file is the fake's.
export const kClosedRange = { TOOLHIVE_START_PORT_SCAN: '61998', TOOLHIVE_END_PORT_SCAN: '61999' };
export function toolhive_env(fake, more = {}) {
  return { MCPO_TOOLHIVE: 'true', XDG_STATE_HOME: fake?.state_home ?? temp_dir(), ...kClosedRange, TOOLHIVE_TIMEOUT: '2', TOOLHIVE_INITIAL_BACKOFF: '0.1', TOOLHIVE_MAX_BACKOFF: '1', ...more };
}
export const place_of = fake => (fake.socket ? ['--toolhive-socket', fake.socket] : ['--toolhive-port', String(fake.port)]);

// `serve` with this ToolHive alone, asked every second. `find`: given (its place is an option) or looked for.
export async function serve(t, fake, { find = 'given', args = [], env = {}, ...options } = {}) {
  if (find !== 'given') await refuse_strangers();
  const place = find === 'given' ? place_of(fake) : [];
  return Optimizer.start(t, { config: null, ...options, args: [...place, '--workload-polling-interval', '1', ...args], env: toolhive_env(fake, env) });
}
// Where a real ToolHive answers on its default port, tests that look for one would find that one.
async function refuse_strangers() {
  let answer;
  try { answer = await request('http://127.0.0.1:8080/health', { timeout: 1_000 }); } catch { return; }
  assert.ok(!answer.headers['x-toolhive-nonce'], 'a ToolHive runs on 127.0.0.1:8080: end it, these tests look for theirs');
}

// One cycle from the shell: {status, value: ingest's report, ...}.
export function ingest(t, fake, data, { args = [], env = {} } = {}) {
  return run_json(t, ['ingest', '--data-dir', data, ...place_of(fake), ...args], { env: toolhive_env(fake, env) });
}
// The catalog as `servers --json` shows it, by name.
export async function servers_of(t, data) {
  const { value } = await run_json(t, ['servers', '--data-dir', data]);
  return Object.fromEntries(value.map(s => [s.name, s]));
}
export const offered = async o => [...new Set((await list_tools(o.url)).map(x => x.mcp_server_name))].sort();
export const until_offered = (o, names, options) => until(`${names} to be offered`, async () => (await offered(o)).join() === names.join(), options);

// Until the optimizer has been through a whole cycle that began after now: the list is asked for twice.
export async function cycles(fake, count = 2) {
  const before = fake.count('list');
  await until(`${count} cycles`, () => fake.count('list') >= before + count);
}

// What /health says of ToolHive; empty: all is well.
export const troubles = async o => ((await o.health()).degraded ?? []).filter(d => /toolhive/i.test(d.what));

// Every byte that the optimizer has stored.
export function stored_text(data) {
  return fs.readdirSync(data, { recursive: true, withFileTypes: true }).filter(e => e.isFile()).map(e => fs.readFileSync(path.join(e.parentPath, e.name), 'latin1')).join('\n');
}
