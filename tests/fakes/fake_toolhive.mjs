#!/usr/bin/env node
// ToolHive's `thv serve` v0.44.0 as far as its clients can see, on nothing but Node's own modules. tests/contract holds it
// against recordings of the real one. Tests import FakeToolHive (tests/lib/toolhive.mjs starts it for them); as a program:
//
//   node fake_toolhive.mjs [--port 0 | --socket PATH] [--state-home DIR] [--registry FILE] [--scenario FILE]
//
//   --state-home DIR   writes DIR/toolhive/server/server.json, the discovery file
//   --scenario FILE    JSON: {workloads: [..], groups: [..], secrets: {key: value}, faults: [..], images: {..}, targets: {..},
//                      left_out: [..], token, engine: "down", version, times: {..}}; what each means: FakeToolHive below
// Prints one line {"pid", "url", "nonce", "control"} and ends with its standard input.
// Control, on a TCP port of its own (the API may sit on a Unix socket, or be gone):
//   POST /__fake/do {"action": NAME, ...}   kActions below;   GET /__fake/stats   counters, see `stats`
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { send, text } from './toolhive/answers.mjs';
import { find_route } from './toolhive/api.mjs';
import { remove_discovery, write_discovery } from './toolhive/discovery.mjs';
import { Faults } from './toolhive/faults.mjs';
import { Registry } from './toolhive/registry.mjs';
import { Workloads } from './toolhive/workloads.mjs';

export { kFaults, kReads, kRoutes } from './toolhive/faults.mjs';
export { kStatuses } from './toolhive/workloads.mjs';

const kMaxBody = 1 << 20;
// A create whose answer gets lost has happened all the same; one that is refused has not.
const kHappensFirst = new Set(['truncated', 'slow', 'closed', 'hanging']);
const kFrame = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-origin' };

export class FakeToolHive {
  // state_home: where the discovery file goes (none: no file); token: Authorization wanted on every route;
  // engine: "down" = no container runtime; secrets: {key: value}, or left out = not set up; registry: data as the API gives them;
  // images: {reference: {pull_ms?, missing?, timeout?}}; targets: {url or image: where its proxy really goes}
  constructor({ state_home, token, engine = 'up', version = 'v0.44.0', secrets, registry = {}, groups = [], images = {}, targets = {}, left_out = [], times, nonce } = {}) {
    Object.assign(this, { state_home, token, engine, version, images, targets });
    this.fixed_nonce = nonce;
    this.secrets = secrets && new Map(Object.entries(secrets));
    this.registry = new Registry(registry);
    this.groups = new Map(['default', ...groups].map(g => [g, {}]));
    this.left_out = new Set(left_out);           // names that a list lacks though they exist
    this.list_as = undefined;                    // null or []: what every list says instead
    this.workloads = new Workloads(times);
    this.faults = new Faults();
    this.created = [];                           // bodies of creates that were answered 201
    this.forget();
  }

  // ---- life

  // Listens, and writes the discovery file. `where` is {port} or {socket}; again after `stop` = a restart.
  async start(where = {}) {
    this.where = where.socket ? { socket: where.socket } : { port: where.port ?? 0 };
    this.nonce = this.fixed_nonce ?? randomBytes(16).toString('hex');
    const server = http.createServer({ maxHeaderSize: 1 << 20 }, (req, res) => { void this.#serve(req, res); });
    server.keepAliveTimeout = 120_000;
    if (where.socket) { fs.rmSync(where.socket, { force: true }); fs.mkdirSync(path.dirname(where.socket), { recursive: true, mode: 0o750 }); }
    await new Promise((ok, no) => server.once('error', no).listen(where.socket ?? { port: this.where.port, host: '127.0.0.1' }, ok));
    this.server = server;
    if (!where.socket) this.port = server.address().port;
    this.socket = where.socket;
    this.url = where.socket ? `unix://${where.socket}` : `http://127.0.0.1:${this.port}`;
    if (this.state_home) this.discover({});
    return this;
  }
  // Writes the discovery file; `more` replaces members (a dead pid, another nonce).
  discover(more) { return write_discovery(this.state_home, { url: this.url, pid: process.pid, nonce: this.nonce, ...more }); }
  // Ends like SIGTERM (file and socket go) or, with `killed`, like SIGKILL (both stay behind). Workload proxies live on.
  async stop({ killed = false } = {}) {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise(r => server.close(r));
    server.closeAllConnections();
    await closed;
    if (killed && this.socket) fs.writeFileSync(this.socket, '');          // Node removes it; a killed process would not
    if (!killed && this.state_home) remove_discovery(this.state_home);
  }
  // thv serve again, on another port or socket, with a new nonce.
  async move(where, how) {
    await this.stop(how);
    await this.start(where);
  }
  async close() {
    this.faults.clear();
    await this.stop();
    await this.workloads.close();
  }

  // ---- what tests change and ask

  // Workload fields: those of the create request, and status, created_at, port, registry_server_name, target (toolhive/workloads.mjs).
  add(fields) {
    if (fields.group && !this.groups.has(fields.group)) this.groups.set(fields.group, {});
    return this.workloads.put({ ...this.target_of(fields), ...fields });
  }
  remove(name) { return this.workloads.drop(name); }
  workload(name) { return this.workloads.find(name); }
  fault(on, fault, more = {}) { this.faults.add({ on, fault, ...more }); }
  target_of({ url, image }) { const target = this.targets[url ?? image]; return target ? { target } : {}; }

  // {route: number of requests}, {route: most at one time}, and every request since the last `forget`.
  get stats() { return { counts: this.counts, peaks: this.peaks, total: this.journal.length }; }
  count(route, name) { return this.journal.filter(r => r.route === route && (name === undefined || r.name === name)).length; }
  forget() { Object.assign(this, { counts: {}, peaks: {}, open: {}, journal: [] }); }

  // ---- serving

  async #serve(req, res) {
    const url = new URL(req.url, 'http://fake');
    const request = { method: req.method, path: req.url.split('?')[0], query: url.searchParams };
    const { route, name, run } = find_route(this, request);
    this.#note(res, { route, name, method: req.method, url: req.url, headers: req.headers, t: Date.now() });
    res.removeHeader('connection');              // keep-alive goes without saying, in Go too
    for (const [k, v] of Object.entries(kFrame)) res.setHeader(k, v);
    const chunks = [];
    let size = 0;
    try { for await (const c of req) if ((size += c.length) <= kMaxBody) chunks.push(c); } catch { return; }
    if (this.token !== undefined && req.headers.authorization !== `Bearer ${this.token}`)
      return send(res, { ...text('Unauthorized\n', 401), headers: { 'Content-Type': 'text/plain; charset=utf-8', 'WWW-Authenticate': 'Bearer' } });
    if (size > kMaxBody) {
      res.removeHeader('Cross-Origin-Resource-Policy');
      return send(res, text('Request Entity Too Large\n', 413));
    }
    request.body = Buffer.concat(chunks);
    const rule = this.faults.take(route, name);
    const refused = route === 'create' && rule && !kHappensFirst.has(rule.fault);
    const answer = refused ? text('') : await run();
    if (rule) this.faults.inflict(rule, res, route, answer); else send(res, answer);
  }
  #note(res, entry) {
    const { route } = entry;
    this.journal.push(entry);
    this.counts[route] = (this.counts[route] ?? 0) + 1;
    this.open[route] = (this.open[route] ?? 0) + 1;
    this.peaks[route] = Math.max(this.peaks[route] ?? 0, this.open[route]);
    const { open } = this;
    res.on('close', () => { open[route]--; });
  }

  // From a scenario file.
  static async from({ workloads = [], faults = [], ...options }, where) {
    const fake = new FakeToolHive(options);
    for (const w of workloads) await fake.add(w);
    for (const f of faults) fake.faults.add(f);
    return fake.start(where);
  }
}

// ---------------------------------------------------------------- the program

// What a control request may do.
const kActions = {
  add: (f, a) => f.add(a.workload), remove: (f, a) => f.remove(a.name), change: (f, a) => Object.assign(f.workload(a.name), a.fields),
  fault: (f, a) => f.faults.add(a.rule), clear: (f, a) => f.faults.clear(a.on),
  left_out: (f, a) => { f.left_out = new Set(a.names); }, list_as: (f, a) => { f.list_as = a.value; },
  engine: (f, a) => { f.engine = a.value; }, registry_put: (f, a) => f.registry.put(a.entry), registry_remove: (f, a) => f.registry.remove(a.name),
  registry_error: (f, a) => { f.registry.error = a.value; }, kill_proxy: (f, a) => f.workloads.kill_proxy(a.name, a.signal),
  stop: (f, a) => f.stop(a), start: (f, a) => f.start(a.where), move: (f, a) => f.move(a.where, a), discover: (f, a) => f.discover(a.members), forget: f => f.forget(),
};
async function control(fake, req, res) {
  const answer = (status, value) => res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  try {
    let body = '';
    for await (const c of req) body += c;
    if (req.url === '/__fake/stats') return answer(200, fake.stats);
    if (req.url !== '/__fake/do' || req.method !== 'POST') return answer(404, {});
    const { action, ...a } = JSON.parse(body);
    if (!Object.hasOwn(kActions, action)) return answer(400, { error: `no action ${action}; there are ${Object.keys(kActions)}` });
    await kActions[action](fake, a);
    return answer(200, { url: fake.url, nonce: fake.nonce });
  } catch (e) { return answer(400, { error: String(e.message) }); }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === import.meta.filename) {
  const { values: o } = parseArgs({ options: { port: { type: 'string', default: '0' }, socket: { type: 'string' }, 'state-home': { type: 'string' }, registry: { type: 'string' }, scenario: { type: 'string' } } });
  const read = file => JSON.parse(fs.readFileSync(file, 'utf8'));
  const scenario = o.scenario ? read(o.scenario) : {};
  const registry = o.registry ? read(o.registry) : scenario.registry;
  const fake = await FakeToolHive.from({ ...scenario, registry, state_home: o['state-home'] ?? scenario.state_home }, o.socket ? { socket: o.socket } : { port: +o.port });
  const controller = http.createServer((q, r) => { void control(fake, q, r); });
  controller.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ pid: process.pid, url: fake.url, nonce: fake.nonce, control: `http://127.0.0.1:${controller.address().port}` }) + '\n'));
  const end = async () => { await fake.close(); process.exit(0); };
  process.on('SIGTERM', end);
  process.stdin.on('end', end).on('error', end).resume();
}
