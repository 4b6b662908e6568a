// The proxy in front of one workload: what the `url` of the list leads to. Transparent, with the real one's own rules
// (tests/live compares): it refuses an Origin and sessions that did not come through it, sends every request to the path
// of the remote URL, and knows 502 but no excuses.
import http from 'node:http';

const kNoBatches = 'JSON-RPC batch requests are not supported (batching was removed in MCP revision 2025-06-18)';
const rpc_error = (status, code, message, id) => ({ status, body: JSON.stringify({ error: { code, message }, ...(id === undefined ? {} : { id }), jsonrpc: '2.0' }) });

export class Proxy {
  // workload: {url?, target?, effective_mode, tools?}. `target` is where requests really go when `url` is only a name.
  constructor(workload) { Object.assign(this, { workload, requests: [], sessions: new Set() }); }

  // Listens on `port` (0: any free one); resolves to the port.
  async open(port = this.port ?? 0) {
    const server = http.createServer((req, res) => { void this.#serve(req, res); });
    server.keepAliveTimeout = 60_000;
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.server = server;
    this.port = server.address().port;
    return this.port;
  }
  get listening() { return this.server !== undefined; }
  // From now on connections are refused, the ones that exist are cut.
  async close() {
    const { server } = this;
    this.server = undefined;
    this.sessions.clear();
    if (!server) return;
    const closed = new Promise(r => server.close(r));
    server.closeAllConnections();
    await closed;
  }

  async #serve(req, res) {
    const { 'content-type': type, ...headers } = req.headers;
    this.requests.push({ method: req.method, url: req.url, headers: { ...headers, ...(type ? { 'content-type': type } : {}) } });
    res.removeHeader('connection');
    const chunks = [];
    try { for await (const c of req) chunks.push(c); } catch { return; }
    const body = Buffer.concat(chunks);
    const own = this.#own_answer(req, body);
    if (own) return res.writeHead(own.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(own.body) }).end(own.body);
    this.#forward(req, res, body);
  }

  // What the proxy answers by itself.
  #own_answer(req, body) {
    const { origin, 'mcp-session-id': session } = req.headers;
    if (origin !== undefined) return rpc_error(403, -32600, 'Origin not allowed');
    if (req.url.startsWith('/.well-known/')) return { status: 404, body: '{"error":"not_found"}' };
    if (req.method === 'GET' && req.url === '/health') return { status: 200, body: JSON.stringify({ status: 'healthy', timestamp: new Date().toISOString(), transport: this.workload.transport }) + '\n' };
    let message;
    try { message = JSON.parse(body); } catch { message = undefined; }          // the upstream's business
    if (Array.isArray(message)) return rpc_error(400, -32600, kNoBatches);
    if (session !== undefined && !this.sessions.has(session)) return rpc_error(404, -32001, 'Session not found', message?.id);
    const { tools } = this.workload;
    if (tools && message?.method === 'tools/call' && !tools.includes(message.params?.name)) return rpc_error(200, -32602, 'tool not found', message.id);
    return undefined;
  }

  // The upstream's path wins over the client's, unless it has none; its query comes before the client's own.
  upstream_of(request_url) {
    const { url, target, effective_mode } = this.workload;
    const to = new URL(target ?? url), asked = new URL(request_url, 'http://client');
    const pathless = new URL(url ?? target).pathname === '/';
    const keeps_path = effective_mode === 'sse' ? (pathless || !url) && asked.pathname !== '/sse' : pathless && !target;
    const path = keeps_path || (to.pathname === '/' && pathless) ? asked.pathname : to.pathname;
    const query = [to.search, asked.search].map(s => s.slice(1)).filter(Boolean).join('&');
    return { host: to.hostname, port: to.port || 80, path: path + (query ? `?${query}` : '') };
  }

  #forward(req, res, body) {
    const forwarded = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' };
    const headers = { ...req.headers, ...forwarded, ...(req.method === 'POST' ? { 'content-length': body.length } : {}) };
    delete headers['transfer-encoding'];
    const to = this.upstream_of(req.url);
    const up = http.request({ ...to, method: req.method, headers: { ...headers, host: `${to.host}:${to.port}` } }, answer => {
      const { connection: _, 'keep-alive': __, ...kept } = answer.headers;
      if (kept['mcp-session-id']) this.sessions.add(kept['mcp-session-id']);
      if (!this.workload.tools) {
        res.writeHead(answer.statusCode, kept);
        res.flushHeaders();
        answer.pipe(res);
        answer.on('error', () => res.destroy());
        return;
      }
      const parts = [];
      answer.on('data', d => parts.push(d)).on('error', () => res.destroy()).on('end', () => {
        const { 'content-length': ___, ...head } = kept;
        res.writeHead(answer.statusCode, head).end(this.#filter(Buffer.concat(parts).toString(), req.method === 'POST' ? body : '{}', kept['content-type'] ?? ''));
      });
    });
    up.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502, { 'Content-Length': 0 }).end()));
    res.on('close', () => { if (!res.writableFinished) up.destroy(); });
    up.end(body);
  }

  // A workload with a `tools` filter: tools/list is cut, and events run together without their blank line.
  #filter(text, request, type) {
    const listing = /"method"\s*:\s*"tools\/list"/.test(request);
    const cut = line => {
      try {
        const m = JSON.parse(line);
        if (!m.result?.tools) return line;
        return JSON.stringify({ ...m, result: { ...m.result, tools: m.result.tools.filter(t => this.workload.tools.includes(t.name)) } });
      } catch { return line; }
    };
    if (!type.startsWith('text/event-stream')) return listing ? cut(text) : text;
    const events = text.split('\n\n').filter(Boolean).map(e => e.split('\n').map(l => (listing && l.startsWith('data: ') ? `data: ${cut(l.slice(6))}` : l)).join('\n'));
    return events.join('\n') + '\n\n\n';
  }
}

// What ToolHive itself asks an upstream at each start: up, refused (401: it ends in `error`), or down (it stays `starting`).
export function probe(proxy, timeout = 2_000) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'toolhive-init-check', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'toolhive', version: '0.44.0' } } });
  const sse = proxy.workload.effective_mode === 'sse';
  const headers = { accept: sse ? 'text/event-stream' : 'application/json, text/event-stream', ...(sse ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) };
  return new Promise(resolve => {
    const r = http.request({ ...proxy.upstream_of(sse ? '/sse' : '/mcp'), method: sse ? 'GET' : 'POST', headers, timeout }, res => {
      resolve(res.statusCode === 401 ? 'refused' : res.statusCode < 400 ? 'up' : 'down');
      res.destroy();
    });
    r.on('timeout', () => r.destroy()).on('error', () => resolve('down'));
    r.end(sse ? undefined : body);
  });
}
