// MCP by hand, both eras: for tests that must see (or get wrong) every header and byte.
// Tests of ordinary use take the official SDKs (sdk.mjs).
import { spawn } from 'node:child_process';
import { request, open_stream } from './http.mjs';
import { until } from './wait.mjs';
import { kBinary, kNoToolHive } from './optimizer.mjs';

export const kModern = '2026-07-28';
export const kLegacy = '2025-11-25';
export const kMeta = 'io.modelcontextprotocol/';
export const kAccept = 'application/json, text/event-stream';

export const meta = (more = {}) => ({
  [`${kMeta}protocolVersion`]: kModern,
  [`${kMeta}clientInfo`]: { name: 'tests', version: '1' },
  [`${kMeta}clientCapabilities`]: {},
  ...more,
});

// The JSON-RPC message in an answer, whether it came as JSON or as the last event of a stream.
export function message_text(answer) {
  if (!(answer.headers['content-type'] ?? '').startsWith('text/event-stream')) return answer.text;
  const data = answer.text.split(/\r?\n\r?\n/).map(b => b.split(/\r?\n/).filter(l => l.startsWith('data:')).map(l => l.slice(5).trim()).join('\n'));
  return data.filter(d => d.includes('"result"') || d.includes('"error"')).at(-1) ?? '';
}
export function message_of(answer) {
  const text = message_text(answer);
  try { return JSON.parse(text); } catch { throw new Error(`no JSON-RPC in the answer: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.text.slice(0, 500)}`); }
}

let last_id = 0;

// One request of 2026-07-28. Returns the HTTP answer with `.message`.
export async function modern(url, method, params = {}, { headers = {}, id = ++last_id, timeout } = {}) {
  const name = { 'tools/call': params.name, 'prompts/get': params.name, 'resources/read': params.uri }[method];
  const answer = await request(url, {
    method: 'POST', timeout,
    headers: {
      'content-type': 'application/json', accept: kAccept, 'mcp-protocol-version': kModern, 'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }), ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...meta(), ...params._meta } } }),
  });
  return { ...answer, message: answer.text ? message_of(answer) : undefined };
}

// A tools/call of one of our tools; returns its result, or throws the JSON-RPC error.
export async function tool(url, name, args = {}, options) {
  const { message } = await modern(url, 'tools/call', { name, arguments: args }, options);
  if (message.error) throw Object.assign(new Error(message.error.message), { code: message.error.code, data: message.error.data });
  return message.result;
}
export const find_tool = async (url, description, keywords = '', options) =>
  (await tool(url, 'find_tool', { tool_description: description, tool_keywords: keywords }, options)).structuredContent;
export const call_tool = (url, server_name, tool_name, parameters = {}, options) =>
  tool(url, 'call_tool', { server_name, tool_name, parameters }, options);
export async function list_tools(url, args = {}) {
  const tools = [];
  for (let cursor; ;) {
    const page = (await tool(url, 'list_tools', cursor === undefined ? args : { ...args, cursor })).structuredContent;
    tools.push(...page.tools);
    if (page.next_cursor === undefined) return tools;
    cursor = page.next_cursor;
  }
}
export const text_of = result => (result?.content ?? []).filter(c => c.type === 'text').map(c => c.text).join('\n');
export const names_of = tools => tools.map(t => `${t.mcp_server_name}/${t.name}`);

// A session of 2025-11-25 or older over HTTP.
export class LegacySession {
  static async open(url, { version = kLegacy, capabilities = {}, agent, initialized = true } = {}) {
    const s = new LegacySession();
    Object.assign(s, { url, agent, version });
    const answer = await s.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: version, capabilities, clientInfo: { name: 'tests', version: '1' } } });
    s.initialize = message_of(answer);
    if (s.initialize.error) throw new Error(`initialize: ${answer.text}`);
    s.id = answer.headers['mcp-session-id'];
    s.version = s.initialize.result.protocolVersion;
    if (initialized) await s.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return s;
  }
  headers(more) {
    return {
      'content-type': 'application/json', accept: kAccept,
      ...(this.id === undefined ? {} : { 'mcp-session-id': this.id, ...(this.version >= '2025-06-18' ? { 'mcp-protocol-version': this.version } : {}) }), ...more,
    };
  }
  post(body, { headers, timeout } = {}) {
    return request(this.url, { method: 'POST', headers: this.headers(headers), body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), agent: this.agent, timeout });
  }
  async rpc(method, params = {}, options) { return message_of(await this.post({ jsonrpc: '2.0', id: ++last_id, method, params }, options)); }
  async tool(name, args = {}, options) {
    const m = await this.rpc('tools/call', { name, arguments: args }, options);
    if (m.error) throw Object.assign(new Error(m.error.message), { code: m.error.code });
    return m.result;
  }
  stream(more) {
    const { 'content-type': _, ...headers } = this.headers({ accept: 'text/event-stream', ...more });
    return open_stream(this.url, { headers });
  }
  post_stream(body) { return open_stream(this.url, { method: 'POST', headers: this.headers(), body: JSON.stringify(body) }); }
  close() { return request(this.url, { method: 'DELETE', headers: this.headers() }); }
}

// `serve --stdio` as a client starts it; lines in and out.
export class StdioProcess {
  static start(t, { config, data, args = [], env = {} }) {
    const s = new StdioProcess();
    s.child = spawn(kBinary, ['serve', '--stdio', '--config', config, '--data-dir', data, ...args],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: data, ...kNoToolHive, ...env } });
    s.pid = s.child.pid;
    s.lines = [];
    s.log = '';
    let rest = '';
    s.child.stdout.on('data', d => { rest += d; const parts = rest.split('\n'); rest = parts.pop(); s.lines.push(...parts); });
    s.child.stderr.on('data', d => { s.log += d; });
    s.child.stdin.on('error', () => {});
    s.exited = new Promise(r => s.child.on('exit', (status, signal) => r({ status, signal })));
    t.after(() => s.child.kill('SIGKILL'));
    return s;
  }
  send(message) { this.child.stdin.write((typeof message === 'string' ? message : JSON.stringify(message)) + '\n'); }
  messages() { return this.lines.map(l => JSON.parse(l)); }
  answer(id, timeout) { return until(`an answer to ${id}`, () => this.messages().find(m => m.id === id && m.method === undefined), { timeout }); }
  async rpc(method, params = {}, timeout) {
    const id = ++last_id;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.answer(id, timeout);
  }
  async initialize(version = kLegacy) {
    const m = await this.rpc('initialize', { protocolVersion: version, capabilities: {}, clientInfo: { name: 'tests', version: '1' } });
    this.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return m;
  }
}
