// What the benches of the whole program share: processes of their own, JSON-RPC over kept-alive connections, CPU and memory
// of a process, many operations measured at once.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

export const kRoot = path.resolve(import.meta.dirname, '..');
export const kBinary = process.env.MCPO_BINARY ?? path.join(kRoot, 'build/release/mcp-optimizer');
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mcpo-bench-'));
const children = [];
process.on('exit', () => { for (const c of children) c.kill('SIGKILL'); fs.rmSync(folder, { recursive: true, force: true }); });

export const sleep = ms => new Promise(r => setTimeout(r, ms));
export const now = () => Number(process.hrtime.bigint()) / 1e6;

const agents = new Map();
function agent(sockets) {
  if (!agents.has(sockets)) agents.set(sockets, new http.Agent({ keepAlive: true, maxSockets: sockets }));
  return agents.get(sockets);
}
export function post(url, message, { session, sockets = 1 } = {}) {
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
export async function open_session(url, sockets) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const { session } = await post(url, { jsonrpc: '2.0', id: 1, method: 'initialize', params }, { sockets });
  await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, { session, sockets });
  return session;
}
let last_id = 1;
export const call = (url, name, args, more) => post(url, { jsonrpc: '2.0', id: ++last_id, method: 'tools/call', params: { name, arguments: args } }, more);

// CPU of a process so far, in ms.
export function cpu(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
export const rss_kib = pid => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);

// `count` operations, `at_once` in flight.
export async function measure(count, at_once, operation, pid) {
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

export function start(program, args, env) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MCPO_TOOLHIVE: 'false', ...env } });
  children.push(child);
  child.text = '';
  for (const s of [child.stdout, child.stderr]) s.on('data', d => { child.text += d; });
  return child;
}
export async function until(what, timeout = 300_000) {
  for (const end = now() + timeout; now() < end; await sleep(2)) { const x = await what(); if (x) return x; }
  throw new Error(`not within ${timeout} ms: ${what}`);
}
export async function stop(child) { child.kill('SIGTERM'); await until(() => child.exitCode !== null); }
export const health = url => new Promise((ok, no) => http.get(new URL('/health', url), r => { let t = ''; r.on('data', d => { t += d; }).on('end', () => ok(JSON.parse(t))); }).on('error', no));

export const ms = x => `${x.toFixed(3)} ms`, rate = x => `${x < 1000 ? x.toFixed(1) : Math.round(x)}/s`;
export function print_table(header, rows) {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map(r => r[i].length)));
  for (const r of [header, ...rows]) console.log(r.map((c, i) => c.padEnd(widths[i])).join('  ').trimEnd());
}
