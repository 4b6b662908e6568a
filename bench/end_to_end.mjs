// What the whole program costs, beside the same without it, in one run: node bench/end_to_end.mjs [TOOLS]
// Ratios and CPU per operation are what to compare; times belong to the machine and its load.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

const kTools = Number(process.argv[2] ?? 3000), kServers = 100;
const kRoot = path.resolve(import.meta.dirname, '..');
const kBinary = process.env.MCPO_BINARY ?? path.join(kRoot, 'build/release/mcp-optimizer');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mcpo-bench-'));
const children = [];
process.on('exit', () => { for (const c of children) c.kill('SIGKILL'); fs.rmSync(folder, { recursive: true, force: true }); });

const sleep = ms => new Promise(r => setTimeout(r, ms));
const now = () => Number(process.hrtime.bigint()) / 1e6;

// ---------------------------------------------------------------- one POST, and many

const agents = new Map();
function agent(sockets) {
  if (!agents.has(sockets)) agents.set(sockets, new http.Agent({ keepAlive: true, maxSockets: sockets }));
  return agents.get(sockets);
}
function post(url, message, { session, sockets = 1 } = {}) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(message);
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'content-length': Buffer.byteLength(body) };
    if (session) headers['mcp-session-id'] = session;
    const req = http.request(url, { method: 'POST', headers, agent: agent(sockets) }, res => {
      const chunks = [];
      res.on('data', c => chunks.push(c)).on('end', () => resolve({ status: res.statusCode, session: res.headers['mcp-session-id'], body: Buffer.concat(chunks) }));
    });
    req.on('error', reject).end(body);
  });
}
async function open_session(url, sockets) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const { session } = await post(url, { jsonrpc: '2.0', id: 1, method: 'initialize', params }, { sockets });
  await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, { session, sockets });
  return session;
}
let last_id = 1;
const call = (url, name, args, more) => post(url, { jsonrpc: '2.0', id: ++last_id, method: 'tools/call', params: { name, arguments: args } }, more);

// CPU of a process so far, in ms.
function cpu(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
const rss_kib = pid => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);

// `count` operations, `at_once` in flight.
async function measure(count, at_once, operation, pid) {
  await Promise.all(Array.from({ length: at_once }, (_, i) => operation(i)));
  const times = [], before = pid ? cpu(pid) : 0, start = now();
  let next = 0;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (next < count) { const n = next++, begun = now(); await operation(n); times.push(now() - begun); }
  }));
  const took = now() - start;
  times.sort((a, b) => a - b);
  const at = q => times[Math.min(times.length - 1, Math.floor(times.length * q))];
  return { p50: at(0.5), p99: at(0.99), per_second: count / took * 1000, cpu: pid ? (cpu(pid) - before) / count : 0 };
}

// ---------------------------------------------------------------- the two sides

function start(program, args, env) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MCPO_TOOLHIVE: 'false', ...env } });
  children.push(child);
  child.text = '';
  for (const s of [child.stdout, child.stderr]) s.on('data', d => { child.text += d; });
  return child;
}
async function until(what) { for (;;) { const x = await what(); if (x) return x; await sleep(2); } }

const upstream = start(process.execPath, [path.join(kRoot, 'bench/upstream.mjs'), kServers, kTools]);
const port = await until(() => Number(upstream.text));
const config = path.join(folder, 'mcp.json');
fs.writeFileSync(config, JSON.stringify({ mcpServers: Object.fromEntries(Array.from({ length: kServers }, (_, i) => [`server${i}`, { type: 'http', url: `http://127.0.0.1:${port}/s/${i}/mcp` }])) }));

// Until a find_tool answer has hits; `ms` from the start of the process.
async function start_optimizer() {
  const begun = now();
  const child = start(kBinary, ['serve', '--config', config, '--data-dir', path.join(folder, 'data'), '--port', '0', '--log-format', 'json', '--max-sessions', '100000']);
  const url = await until(() => /"endpoint":"(http:[^"]+)"/.exec(child.text)?.[1]);
  const session = await open_session(url, 1);
  await until(async () => (await call(url, 'find_tool', { tool_description: 'create an issue' }, { session })).body.includes('mcp_server_name'));
  return { child, url, session, pid: child.pid, ms: now() - begun };
}
async function stop(o) { o.child.kill('SIGTERM'); await until(() => o.child.exitCode !== null); }

const cold = await start_optimizer();
await until(async () => JSON.parse((await new Promise((ok, no) => http.get(new URL('/health', cold.url), r => { let t = ''; r.on('data', d => { t += d; }).on('end', () => ok(t)); }).on('error', no)))).tools === kTools);
await sleep(1000);
await stop(cold);
const o = await start_optimizer();
await sleep(1500);

// ---------------------------------------------------------------- the figures

const rows = [];
const row = (what, direct, ours, ratio, more = '') => rows.push([what, direct, ours, ratio, more]);
const ms = x => `${x.toFixed(3)} ms`, rate = x => `${Math.round(x)}/s`;

const direct_url = `http://127.0.0.1:${port}/s/0/mcp`;
const tool = `create_issue_0`, args = { issue_id: '7', issue_name: 'x' };
for (const at_once of [1, 8, 64]) {
  const count = at_once === 1 ? 1500 : 4000;
  const direct = await measure(count, at_once, () => call(direct_url, tool, args, { sockets: at_once }));
  const session = await open_session(o.url, at_once);
  const ours = await measure(count, at_once, () => call(o.url, 'call_tool', { server_name: 'server0', tool_name: tool, parameters: args }, { session, sockets: at_once }), o.pid);
  row(`call_tool, ${at_once} in flight, p50`, ms(direct.p50), ms(ours.p50), (ours.p50 / direct.p50).toFixed(2), at_once === 1 ? `added ${((ours.p50 - direct.p50) * 1000).toFixed(0)} us` : '');
  row(`call_tool, ${at_once} in flight, p99`, ms(direct.p99), ms(ours.p99), (ours.p99 / direct.p99).toFixed(2));
  row(`call_tool, ${at_once} in flight, calls`, rate(direct.per_second), rate(ours.per_second), (ours.per_second / direct.per_second).toFixed(2), `our CPU ${ms(ours.cpu)} a call`);
}
const words = ['create an issue in a repository', 'delete a folder of the workspace', 'who owns this invoice', 'export metrics of a cluster', 'share a calendar event with a customer', 'search messages'];
const find = sockets => n => call(o.url, 'find_tool', { tool_description: `${words[n % words.length]} ${n}` }, { session: o.session, sockets });
for (const at_once of [1, 8]) {
  const ours = await measure(at_once === 1 ? 1000 : 3000, at_once, find(at_once), o.pid);
  row(`find_tool, ${kTools} tools, ${at_once} in flight`, '', `p50 ${ms(ours.p50)}, p99 ${ms(ours.p99)}`, '', `${rate(ours.per_second)}, our CPU ${ms(ours.cpu)} each`);
}
const opening = await measure(300, 1, () => open_session(o.url, 1), o.pid);
row('open a session', '', `p50 ${ms(opening.p50)}, p99 ${ms(opening.p99)}`, '', `our CPU ${ms(opening.cpu)} each`);
const before = rss_kib(o.pid);
for (let i = 0; i < 20000; ++i) await open_session(o.url, 1);
row('memory of an idle session', '', `${((rss_kib(o.pid) - before) / 20000).toFixed(2)} KiB`, '', 'over 20000 of them');
const again = await measure(1000, 1, find(1), o.pid);
row('find_tool with 20000 idle sessions', '', `p50 ${ms(again.p50)}`, '', `our CPU ${ms(again.cpu)} each`);
row(`memory at ${kTools} tools, ${kServers} servers`, '', `${(before / 1024).toFixed(1)} MiB`, '');
row('start to first find_tool hit', `cold ${cold.ms.toFixed(0)} ms`, `warm ${o.ms.toFixed(0)} ms`, (o.ms / cold.ms).toFixed(2));
await stop(o);

const header = ['what', 'direct', 'through us', 'ratio', ''];
const widths = header.map((h, i) => Math.max(h.length, ...rows.map(r => r[i].length)));
for (const r of [header, ...rows]) console.log(r.map((c, i) => c.padEnd(widths[i])).join('  ').trimEnd());
process.exit(0);
