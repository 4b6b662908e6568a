#!/usr/bin/env node
// An MCP server that does exactly what a test tells it to, on nothing but Node's own modules, so
// that every byte on the wire is ours.
//
//   node fake_mcp_server.mjs --transport stdio  [--name N] [--with TRAITS] [--journal FILE] [--ctl]
//   node fake_mcp_server.mjs --transport http   [--port 0] ...    serves any number of worlds:
//       http://127.0.0.1:PORT/mcp                  with TRAITS of the command line
//       http://127.0.0.1:PORT/f/TRAITS/mcp         with its own traits, tools and sessions
//       .../sse                                    the same world over HTTP+SSE of 2024-11-05
//   --result TEXT    what the tool `bytes` answers when its argument `raw` is missing, byte for byte
//
// TRAITS: comma separated `key` or `key=value` (percent-encoded), see `kTraits` below.
// Prints one line {"pid","port","ctl"} (http: stdout, stdio: stderr). The journal gets one JSON line
// for each thing that happens; helpers count them (tests/lib/fake.mjs).
// Control: GET /ctl/stats, POST /ctl/do {"action":..., "world"?:...} on the same port (http) or on a
// port of its own (stdio with --ctl).
import fs from 'node:fs';
import http from 'node:http';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

// What a world can be told to do. Several may be combined.
const kTraits = {
  // which protocol
  era: 'legacy (default), modern (2026-07-28 only) or dual',
  'max-version': 'newest legacy version that it speaks; default 2025-11-25',
  'init-version': 'answers this version to initialize, whatever was asked',
  'preinit': 'how a legacy HTTP server takes a request before initialize: 400 (default), 404, 405, 200',
  answer: 'json (default) or sse: form of HTTP answers',
  'no-get': 'GET answers 405: no stream for notices', 'no-session': 'gives no session id',
  // its tools
  tools: 'number of additional tools bulk_00000...', page: 'tools on a page; 0 = all', ttl: 'ttlMs of modern lists',
  'repeat-cursor': 'every page has the same nextCursor', 'empty-cursor': 'the second page has cursor ""',
  'duplicate-names': 'lists `echo` twice, the second one differs', 'no-schema': 'one tool lacks inputSchema',
  'bad-utf8': 'a description that is not UTF-8', 'bad-tools': '`tools` is a string', 'bad-tool-item': 'an item that is no object',
  'list-error': 'tools/list answers -32603', 'hang-list': 'tools/list is never answered', 'slow-list': 'ms before tools/list is answered',
  only: 'names of the tools that it has, separated by +', prefix: 'put before each tool name',
  // how it starts and behaves
  exit: 'exits at once with this code', 'exit-on-discover': 'exits on a request that comes before initialize',
  'mute-discover': 'never answers server/discover', mute: 'never answers anything', 'hang-init': 'never answers initialize',
  'slow-init': 'ms before initialize is answered',
  rubbish: 'writes rubbish instead of MCP', noise: 'writes rubbish between its messages',
  'flood-stdout': 'writes bytes without end and without a newline', 'flood-lines': 'writes lines of rubbish without end',
  'flood-stderr': 'writes to stderr without end, works otherwise', stubborn: 'ignores end of file, SIGTERM, SIGINT, SIGHUP',
  grandchildren: 'number of children that ignore signals too; the last one in a session of its own',
  // HTTP
  status: 'answers every request with this status', html: 'answers HTML', redirect: 'answers 302 to this place',
  'endless-sse': 'answers with a stream that never ends and never says anything useful',
  huge: 'answers tools/list with so many MB', cut: 'closes the connection in the middle of every answer', reset: 'closes without an answer',
  accept: 'takes the connection and never answers',
  'require-header': 'name:value without which it answers 401', 'sse-endpoint': 'absolute or foreign: what the HTTP+SSE stream names',
  'bad-content-type': 'answers text/plain', 'empty-body': 'answers 200 without a body',
};

const { values: opt } = parseArgs({ options: {
  transport: { type: 'string', default: 'stdio' }, port: { type: 'string', default: '0' }, name: { type: 'string', default: 'fake' },
  with: { type: 'string', default: '' }, journal: { type: 'string' }, ctl: { type: 'boolean' }, result: { type: 'string' },
} });

const kModern = '2026-07-28';
const kLegacy = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
const kMeta = 'io.modelcontextprotocol/';
const sleep = ms => new Promise(r => setTimeout(r, ms));
const J = JSON.stringify;

const counts = {};
function note(event) {
  const key = event.method ? `${event.ev}:${event.method}` : event.ev;
  counts[key] = (counts[key] ?? 0) + 1;
  if (opt.journal) fs.appendFileSync(opt.journal, J({ pid: process.pid, t: Date.now(), ...event }) + '\n');
}

const schema = (properties = {}, required) => ({ type: 'object', properties, ...(required ? { required } : {}) });
function standard_tools() {
  return [
    { name: 'echo', title: 'Echo', description: 'Sends the message back to the caller', inputSchema: schema({ message: { type: 'string', description: 'what to send back' } }, ['message']), annotations: { readOnlyHint: true } },
    { name: 'bytes', description: 'Answers with a result that is given byte for byte', inputSchema: schema({ raw: { type: 'string' } }) },
    { name: 'raw_request', description: 'Answers with the text of the request as it arrived', inputSchema: schema() },
    { name: 'slow', description: 'Takes its time and reports progress', inputSchema: schema({ ms: { type: 'number' }, steps: { type: 'integer' } }) },
    { name: 'hang', description: 'Never answers', inputSchema: schema() },
    { name: 'fail', description: 'Fails as a tool', inputSchema: schema() },
    { name: 'rpc_error', description: 'Fails as a request', inputSchema: schema({ code: { type: 'integer' }, message: { type: 'string' } }) },
    { name: 'die', description: 'Ends the server in the middle of the call', inputSchema: schema({ ms: { type: 'number' } }) },
    { name: 'half', description: 'Sends half an answer and goes', inputSchema: schema() },
    { name: 'big', description: 'Answers with many bytes', inputSchema: schema({ bytes: { type: 'integer' } }) },
    { name: 'whoami', description: 'Tells which server this is', inputSchema: schema() },
    { name: 'environment', description: 'Tells the value of an environment variable', inputSchema: schema({ variable: { type: 'string' } }) },
    { name: 'headers', description: 'Tells the HTTP headers of this request', inputSchema: schema() },
    { name: 'structured', description: 'Structured output', inputSchema: schema(), outputSchema: schema({ n: { type: 'number' } }, ['n']) },
    { name: 'mutate', description: 'Adds a tool and says that the list changed', inputSchema: schema({ name: { type: 'string' } }) },
  ];
}

// One server as a client sees it.
class World {
  constructor(name, traits) {
    this.name = name; this.traits = parse_traits(traits); this.sessions = new Map(); this.streams = new Set(); this.listens = new Map();
    this.running = new Map(); this.tools = standard_tools();
    if (this.has('only')) { const keep = this.get('only').split('+'); this.tools = this.tools.filter(t => keep.includes(t.name)); }
    for (let i = 0; i < +(this.get('tools') ?? 0); i++) this.tools.push({ name: `bulk_${String(i).padStart(5, '0')}`, description: `Bulk tool number ${i}`, inputSchema: schema({ x: { type: 'string' } }) });
    if (this.has('prefix')) for (const t of this.tools) t.name = this.get('prefix') + t.name;
    if (this.has('no-schema')) this.tools.push({ name: 'schemaless', description: 'A tool without inputSchema' });
    if (this.has('duplicate-names')) this.tools.push({ ...this.tools[0], description: 'The second of that name' });
  }
  has(k) { return this.traits.has(k); }
  get(k) { return this.traits.get(k); }
  get modern() { return ['modern', 'dual'].includes(this.get('era')); }
  get legacy() { return this.get('era') !== 'modern'; }
  note(e) { note(this.name ? { world: this.name, ...e } : e); }

  list_changed() {
    this.note({ ev: 'list_changed' });
    for (const s of this.streams) s(J({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }));
    for (const [id, send] of this.listens) send(J({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [kMeta + 'subscriptionId']: id } } }));
  }
  act(a) {
    switch (a.action) {
      case 'traits': this.traits = parse_traits(a.traits ?? ''); break;
      case 'add': this.tools.push({ name: a.name, description: a.description ?? `Added tool ${a.name}`, inputSchema: schema() }); break;
      case 'remove': this.tools = this.tools.filter(t => t.name !== a.name); break;
      case 'describe': this.tools.find(t => t.name === a.name).description = a.description; break;
      case 'list_changed': this.list_changed(); break;
      case 'expire': this.sessions.clear(); break;
      case 'exit': setImmediate(() => process.exit(a.code ?? 0)); break;
      case 'drop': for (const s of [...this.sockets]) s.destroy(); break;
      default: throw new Error(`unknown action ${a.action}`);
    }
  }
  sockets = new Set();

  // tools/list, as text of the result.
  page(cursor, modern) {
    const n = +(this.get('page') ?? 0);
    const tail = modern ? `,"ttlMs":${this.get('ttl') ?? 60000},"cacheScope":"public","resultType":"complete"` : '';
    if (this.has('repeat-cursor')) return `{"tools":${J(this.tools.slice(0, 2).map(t => cursor ? { ...t, name: t.name + '_again' } : t))},"nextCursor":"again"${tail}}`;
    if (this.has('empty-cursor')) return cursor === undefined ? `{"tools":${J(this.tools.slice(0, 2))},"nextCursor":""${tail}}` : `{"tools":${J(this.tools.slice(2))}${tail}}`;
    if (this.has('bad-tools')) return `{"tools":"none"${tail}}`;
    if (this.has('bad-tool-item')) return `{"tools":[17,${J(this.tools[0])}]${tail}}`;
    if (this.has('huge')) return `{"tools":[{"name":"huge","description":"${'x'.repeat(+this.get('huge') << 20)}","inputSchema":{"type":"object"}}]${tail}}`;
    if (!n) return `{"tools":${J(this.tools)}${tail}}`;
    const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url'));
    if (!Number.isInteger(from)) return undefined;
    const more = from + n < this.tools.length ? `,"nextCursor":"${Buffer.from(String(from + n)).toString('base64url')}"` : '';
    return `{"tools":${J(this.tools.slice(from, from + n))}${more}${tail}}`;
  }
}
function parse_traits(text) {
  const m = new Map();
  for (const item of text.split(',').filter(Boolean)) {
    const i = item.indexOf('='); const key = i < 0 ? item : item.slice(0, i);
    if (!(key in kTraits)) throw new Error(`unknown trait ${key}`);
    m.set(key, i < 0 ? '' : decodeURIComponent(item.slice(i + 1)));
  }
  return m;
}

// A request, and how its answer goes back: `io` has reply(text), notify(text), hurt(kind), headers.
async function handle(world, m, raw, io) {
  const id = J(m.id); const modern = m.params?._meta?.[kMeta + 'protocolVersion'] !== undefined;
  const era = modern ? 'modern' : 'legacy';
  world.note({ ev: 'recv', method: m.method, id: m.id, era, sid: io.sid, tool: m.method === 'tools/call' ? m.params?.name : undefined });
  const ok = text => io.reply(`{"jsonrpc":"2.0","id":${id},"result":${text}}`);
  const err = (code, message, status = 200, data) => io.reply(J({ jsonrpc: '2.0', id: m.id, error: { code, message, ...(data ? { data } : {}) } }), status);
  const complete = modern ? ',"resultType":"complete"' : '';
  if (world.has('mute')) return;
  if (m.method === undefined) return;                               // a response of the client
  if (m.id === undefined) {                                         // a notification
    if (m.method === 'notifications/cancelled') {
      const run = world.running.get(`${io.sid ?? ''}|${J(m.params?.requestId)}`);
      world.note({ ev: 'cancelled', id: m.params?.requestId, hit: run !== undefined });
      run?.abort(); world.listens.delete(m.params?.requestId);
    }
    if (m.method === 'notifications/initialized') io.initialized?.();
    return;
  }
  if (modern && !world.modern) return world.has('exit-on-discover') ? process.exit(1)
    : world.has('mute-discover') ? undefined : err(-32601, 'Method not found: initialize first');
  if (!modern && !world.legacy) return err(-32022, 'Unsupported protocol version', 400, { supported: [kModern], requested: m.params?.protocolVersion ?? 'none' });
  switch (m.method) {
    case 'server/discover':
      if (world.has('mute-discover')) return;
      return ok(`{"supportedVersions":["${kModern}"],"capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":${J(world.name || opt.name)},"version":"1"},"ttlMs":60000,"cacheScope":"public"${complete}}`);
    case 'initialize': {
      if (world.has('hang-init')) return;
      if (world.has('slow-init')) await sleep(+world.get('slow-init'));
      const newest = world.get('max-version') ?? '2025-11-25'; const asked = m.params?.protocolVersion;
      const version = world.get('init-version') ?? (kLegacy.includes(asked) && asked <= newest ? asked : newest);
      io.open_session?.(version);
      return ok(`{"protocolVersion":"${version}","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":${J(world.name || opt.name)},"version":"1"}}`);
    }
    case 'ping': return modern ? err(-32601, 'Method not found', 404) : ok('{}');
    case 'subscriptions/listen': {
      if (!modern) return err(-32601, 'Method not found');
      const meta = { [kMeta + 'subscriptionId']: m.id };
      io.notify(J({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta: meta, notifications: { toolsListChanged: true } } }));
      world.listens.set(m.id, io.notify); io.on_close?.(() => world.listens.delete(m.id));
      return;
    }
    case 'tools/list': {
      if (world.has('hang-list')) return;
      if (world.has('slow-list')) await sleep(+world.get('slow-list'));
      if (world.has('list-error')) return err(-32603, 'the tool store is on fire');
      const page = world.page(m.params?.cursor, modern);
      if (page === undefined) return err(-32602, 'bad cursor');
      if (world.has('bad-utf8')) return io.reply(Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"odd","description":"x`), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(`","inputSchema":{"type":"object"}}]}}`)]));
      return ok(page);
    }
    case 'tools/call': return call(world, m, raw, io, { ok, err, modern, complete });
    default: return err(-32601, `Method not found: ${m.method}`, modern ? 404 : 200);
  }
}

async function call(world, m, raw, io, { ok, err, modern, complete }) {
  const prefix = world.get('prefix') ?? ''; const full = m.params?.name ?? '';
  const name = full.startsWith(prefix) ? full.slice(prefix.length) : full; const a = m.params?.arguments ?? {};
  const text = (s, more = '') => ok(`{"content":[{"type":"text","text":${J(String(s))}}]${more}${complete}}`);
  if (!world.tools.some(t => t.name === full)) return err(-32602, `Unknown tool: ${full}`);
  const key = `${io.sid ?? ''}|${J(m.id)}`; const run = new AbortController(); world.running.set(key, run);
  io.on_close?.(() => { if (world.running.has(key)) { world.note({ ev: 'closed', id: m.id, tool: name }); run.abort(); } });
  const stopped = () => run.signal.aborted;
  const wait = ms => new Promise(r => { const timer = setTimeout(r, ms); run.signal.addEventListener('abort', () => { clearTimeout(timer); r(); }, { once: true }); });
  try {
    switch (name) {
      case 'echo': return text(a.message ?? '');
      case 'bytes': return ok(a.raw ?? opt.result ?? '{"content":[]}');
      case 'raw_request': return text(raw);
      case 'slow': {
        const steps = a.steps ?? 1, ms = a.ms ?? 500, token = m.params?._meta?.progressToken;
        for (let i = 1; i <= steps; i++) {
          await wait(ms / steps); if (stopped()) return;
          if (token !== undefined) io.notify(J({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: i, total: steps, message: `step ${i} of ${steps}` } }));
        }
        return text(`slow done ${steps}`);
      }
      case 'hang': await wait(1 << 30); return;
      case 'fail': return text('deliberate failure of the tool', ',"isError":true');
      case 'rpc_error': return err(a.code ?? -32000, a.message ?? 'deliberate failure of the request');
      case 'die': await wait(a.ms ?? 0); return io.hurt('die');
      case 'half': return io.hurt('half', `{"jsonrpc":"2.0","id":${J(m.id)},"result":{"content":[{"type":"te`);
      case 'big': return text('y'.repeat(a.bytes ?? 1000));
      case 'whoami': return text(J({ name: world.name || opt.name, pid: process.pid, era: modern ? 'modern' : 'legacy', sid: io.sid ?? null, cwd: process.cwd() }));
      case 'environment': return text(process.env[a.variable] ?? '(not set)');
      case 'headers': return text(J(io.headers ?? {}));
      case 'structured': return ok(`{"content":[{"type":"text","text":"{\\"n\\":1}"}],"structuredContent":{"n":1}${complete}}`);
      case 'mutate': world.act({ action: 'add', name: a.name ?? `added_${world.tools.length}` }); world.list_changed(); return text('changed');
      default: return text(`${name} ran`);
    }
  } finally { world.running.delete(key); }
}

// ---------------------------------------------------------------- stdio

function serve_stdio(world) {
  const out = bytes => process.stdout.write(Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]));
  if (world.has('exit')) { process.stderr.write('fake: cannot find my licence, good bye\n'); process.exit(+world.get('exit') || 0); }
  if (world.has('stubborn')) { for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => world.note({ ev: 'signal', signal: s })); setInterval(() => {}, 1 << 30); }
  const n = +(world.get('grandchildren') ?? 0);
  for (let i = 0; i < n; i++) spawn('/bin/sh', ['-c', 'trap "" TERM INT HUP; while :; do sleep 1; done'], { stdio: 'ignore', detached: i === n - 1 });
  if (world.has('flood-stdout')) endless(process.stdout, 'no newline ');
  if (world.has('flood-lines')) endless(process.stdout, 'this is not JSON\n');
  if (world.has('flood-stderr')) endless(process.stderr, 'a complaint about nothing\n');
  if (world.has('rubbish')) { setInterval(() => process.stdout.write('Welcome to my server!\n'), 50); world.traits.set('mute', ''); }
  let first_request = true;
  const send = bytes => { if (world.has('noise')) process.stdout.write('[info] something happened\n\n'); out(bytes); };
  const io = {
    reply: send, notify: send, initialized: () => world.streams.add(send),
    hurt: (kind, half) => { if (half) process.stdout.write(half); setTimeout(() => process.exit(3), 20); },
  };
  let rest = '';
  process.stdin.on('data', d => {
    rest += d.toString(); let i;
    while ((i = rest.indexOf('\n')) >= 0) {
      const line = rest.slice(0, i); rest = rest.slice(i + 1); if (!line.trim()) continue;
      let m; try { m = JSON.parse(line); } catch { out('{"jsonrpc":"2.0","error":{"code":-32700,"message":"not JSON"}}'); continue; }
      if (first_request && m.method !== 'initialize' && world.has('exit-on-discover')) { world.note({ ev: 'recv', method: m.method }); process.exit(1); }
      first_request = false;
      void handle(world, m, line, io);
    }
  });
  process.stdin.on('end', () => { world.note({ ev: 'eof' }); if (!world.has('stubborn')) process.exit(0); });
  process.stdout.on('error', () => { if (!world.has('stubborn')) process.exit(0); });
}
function endless(stream, text) {
  const block = text.repeat(4096); const go = () => { while (stream.write(block)); stream.once('drain', go); };
  stream.on('error', () => {}); go();
}

// ---------------------------------------------------------------- HTTP

const worlds = new Map();
function world_of(path) {
  const m = /^(?:\/f\/([^/]*))?\/(mcp|sse|messages)$/.exec(path); if (!m) return {};
  const key = m[1] ?? '';
  if (!worlds.has(key)) worlds.set(key, new World(key, m[1] === undefined ? opt.with : m[1]));
  return { world: worlds.get(key), base: m[1] === undefined ? '' : `/f/${m[1]}`, end: m[2] };
}
const json = { 'content-type': 'application/json' };
const stream_head = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
const event = text => `event: message\ndata: ${text}\n\n`;

// True when the world's traits answered already.
function misbehave(world, req, res) {
  if (world.has('accept')) return true;
  if (world.has('reset')) { req.socket.destroy(); return true; }
  if (world.has('status')) {
    const status = +world.get('status'); const head = world.has('html') ? { 'content-type': 'text/html' } : json;
    if (status === 401) head['www-authenticate'] = 'Bearer realm="fake"';
    res.writeHead(status, head); res.end(world.has('html') ? '<html><body><h1>It is broken</h1></body></html>' : '{"message":"it is broken"}'); return true;
  }
  if (world.has('html')) { res.writeHead(200, { 'content-type': 'text/html' }); res.end('<!doctype html><html><body>Welcome to nginx!</body></html>'); return true; }
  if (world.has('redirect')) { res.writeHead(302, { location: world.get('redirect') }); res.end(); return true; }
  if (world.has('empty-body')) { res.writeHead(200, json); res.end(); return true; }
  if (world.has('endless-sse')) {
    res.writeHead(200, stream_head); const timer = setInterval(() => res.write(': still here\n\n'), 20); res.on('close', () => clearInterval(timer)); return true;
  }
  if (world.has('require-header')) {
    const [k, v] = world.get('require-header').split(':');
    if (req.headers[k.toLowerCase()] !== v) { res.writeHead(401, { ...json, 'www-authenticate': 'Bearer' }); res.end('{}'); return true; }
  }
  return false;
}

async function serve_http(req, res) {
  const url = new URL(req.url, 'http://x'); const chunks = [];
  try { for await (const c of req) chunks.push(c); } catch { return; }
  const body = Buffer.concat(chunks).toString();
  if (url.pathname.startsWith('/ctl/')) return control(url, body, res);
  const { world, base, end } = world_of(url.pathname);
  if (!world) { res.writeHead(404, json); return res.end('{"error":"no such path"}'); }
  world.sockets.add(req.socket); req.socket.once('close', () => world.sockets.delete(req.socket));
  if (misbehave(world, req, res)) return world.note({ ev: 'http', status: world.get('status') });
  if (end !== 'mcp') return serve_sse(world, base, end, url, req, res, body);
  const sid = req.headers['mcp-session-id'];
  if (req.method === 'GET') {
    world.note({ ev: 'GET', sid });
    if (world.has('no-get') || !world.sessions.has(sid)) { res.writeHead(405, { allow: 'POST' }); return res.end(); }
    res.writeHead(200, stream_head); res.flushHeaders(); const send = t => res.write(event(t)); world.streams.add(send); res.on('close', () => world.streams.delete(send)); return;
  }
  if (req.method === 'DELETE') { world.note({ ev: 'DELETE', sid }); const had = world.sessions.delete(sid); res.writeHead(had ? 200 : 404); return res.end(); }
  if (req.method !== 'POST') { res.writeHead(405); return res.end(); }
  let m; try { m = JSON.parse(body); } catch { res.writeHead(400, json); return res.end('{"jsonrpc":"2.0","error":{"code":-32700,"message":"not JSON"}}'); }
  const fail = (status, code, message) => { world.note({ ev: 'refused', status, code, message, method: undefined }); res.writeHead(status, json); res.end(J({ jsonrpc: '2.0', id: m.id, error: { code, message } })); };
  const types = req.headers.accept ?? '';
  if (!types.includes('application/json') || !types.includes('text/event-stream')) return fail(406, -32600, 'Accept must list application/json and text/event-stream');
  if (!/^application\/json\b/.test(req.headers['content-type'] ?? '')) return fail(415, -32600, 'Content-Type must be application/json');
  const version = m.params?._meta?.[kMeta + 'protocolVersion'];
  if (version !== undefined && world.modern) {
    if (req.headers['mcp-protocol-version'] !== version) return fail(400, -32020, `MCP-Protocol-Version header ${req.headers['mcp-protocol-version']} differs from the body's ${version}`);
    if (req.headers['mcp-method'] !== m.method) return fail(400, -32020, `Mcp-Method ${req.headers['mcp-method']} differs from ${m.method}`);
    if (m.method === 'tools/call' && req.headers['mcp-name'] !== m.params?.name) return fail(400, -32020, `Mcp-Name ${req.headers['mcp-name']} differs from ${m.params?.name}`);
    for (const k of ['clientCapabilities']) if (m.params._meta[kMeta + k] === undefined) return fail(400, -32602, `_meta lacks ${k}`);
  } else if (world.legacy && m.method !== 'initialize') {
    if (!world.has('no-session') && !world.sessions.has(sid)) {
      if (sid !== undefined) { world.note({ ev: 'expired', method: undefined }); return fail(404, -32001, 'Session not found'); }
      const status = +(world.get('preinit') ?? 400);
      if (status !== 200) { world.note({ ev: 'recv', method: m.method, era: version ? 'modern' : 'legacy' }); return fail(status, -32000, 'Bad Request: Server not initialized'); }
    } else {
      const agreed = world.sessions.get(sid); const sent = req.headers['mcp-protocol-version'];
      if (agreed >= '2025-06-18' && sent !== agreed) return fail(400, -32000, `MCP-Protocol-Version ${sent} is not the agreed ${agreed}`);
    }
  }
  if (m.id === undefined || m.method === undefined) { res.writeHead(202); res.end(); return void handle(world, m, body, { sid, reply() {}, notify() {} }); }
  const head = {}; let streaming = world.get('answer') === 'sse'; let begun = false; const closers = [];
  const begin = () => { if (!begun) { begun = true; res.writeHead(200, { ...stream_head, ...head }); } };
  res.on('close', () => { if (!res.writableFinished) for (const c of closers) c(); });
  await handle(world, m, body, {
    sid, headers: req.headers, on_close: c => closers.push(c),
    open_session: v => { if (world.has('no-session')) return; const s = randomUUID(); world.sessions.set(s, v); head['mcp-session-id'] = s; },
    notify: t => { streaming = true; begin(); res.write(event(t)); },
    reply: (bytes, status = 200) => {
      bytes = Buffer.from(bytes);
      if (world.has('cut')) { res.writeHead(200, { ...json, 'content-length': bytes.length }); res.write(bytes.subarray(0, bytes.length >> 1)); return setTimeout(() => req.socket.destroy(), 20); }
      if (streaming && status === 200) { begin(); res.write(Buffer.concat([Buffer.from('event: message\ndata: '), bytes, Buffer.from('\n\n')])); return res.end(); }
      res.writeHead(status, { ...(world.has('bad-content-type') ? { 'content-type': 'text/plain' } : json), ...head, 'content-length': bytes.length }); res.end(bytes);
    },
    hurt: (kind, half) => { if (half) { res.writeHead(200, { ...json, 'content-length': 5000 }); res.write(half); } setTimeout(() => req.socket.destroy(), 20); },
  });
}

// HTTP+SSE of 2024-11-05: answers come on the stream, the POST itself says 202.
function serve_sse(world, base, end, url, req, res, body) {
  if (end === 'sse' && req.method === 'GET') {
    const sid = randomUUID(); world.sessions.set(sid, '2024-11-05'); const send = t => res.write(event(t));
    const path = `${base}/messages?sid=${sid}`;
    const named = { absolute: `http://${req.headers.host}${path}`, foreign: `http://127.0.0.2:1${path}` }[world.get('sse-endpoint')] ?? path;
    res.writeHead(200, stream_head); res.write(`event: endpoint\ndata: ${named}\n\n`);
    const closers = []; world.note({ ev: 'GET', sid });
    res.sse = { sid, headers: req.headers, reply: b => send(Buffer.from(b).toString()), notify: send, initialized: () => world.streams.add(send),
      hurt: () => req.socket.destroy(), on_close: c => closers.push(c) };
    world.sse ??= new Map(); world.sse.set(sid, res.sse);
    res.on('close', () => { world.sse.delete(sid); world.streams.delete(send); world.sessions.delete(sid); for (const c of closers) c(); });
    return;
  }
  const io = end === 'messages' ? world.sse?.get(url.searchParams.get('sid')) : undefined;
  if (req.method !== 'POST') { res.writeHead(405); return res.end(); }
  if (!io) { res.writeHead(404, json); return res.end('{"error":"no such session"}'); }
  let m; try { m = JSON.parse(body); } catch { res.writeHead(400); return res.end(); }
  res.writeHead(202); res.end('Accepted'); void handle(world, m, body, io);
}

function control(url, body, res) {
  const answer = (status, value) => { res.writeHead(status, json); res.end(J(value)); };
  try {
    if (url.pathname === '/ctl/stats') return answer(200, counts);
    if (url.pathname === '/ctl/do') {
      const a = JSON.parse(body); const w = opt.transport === 'stdio' ? stdio_world : world_of(a.world ? `/f/${a.world}/mcp` : '/mcp').world;
      w.act(a); return answer(200, {});
    }
    answer(404, {});
  } catch (e) { answer(400, { error: String(e.message) }); }
}

let stdio_world;
if (opt.transport === 'stdio') {
  stdio_world = new World('', opt.with);
  const started = ctl => { note({ ev: 'start', ctl }); serve_stdio(stdio_world); };
  if (opt.ctl) { const s = http.createServer(async (q, r) => { let b = ''; for await (const c of q) b += c; control(new URL(q.url, 'http://x'), b, r); }); s.listen(0, '127.0.0.1', () => started(s.address().port)); s.unref(); }
  else started();
} else {
  const server = http.createServer({ maxHeaderSize: 1 << 20 }, (q, r) => { void serve_http(q, r); });
  server.keepAliveTimeout = 60_000;
  server.listen(+opt.port, '127.0.0.1', () => { const { port } = server.address(); note({ ev: 'start', port }); process.stdout.write(J({ pid: process.pid, port }) + '\n'); });
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();      // ends with the test that started it
}
