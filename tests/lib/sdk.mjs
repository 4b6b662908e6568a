// The official TypeScript SDK clients of both generations, connected to us over HTTP or stdio.
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio';
import { kBinary, kNoToolHive } from './optimizer.mjs';

const kInfo = { name: 'sdk-test', version: '1.0.0' };
const stdio_options = o => ({
  command: kBinary, args: ['serve', '--stdio', '--config', o.config, '--data-dir', o.data, ...(o.args ?? [])],
  env: { PATH: process.env.PATH, HOME: o.data, ...kNoToolHive }, stderr: 'ignore',
});

// `where` is {url} or {config, data}. v1 knows only the initialize handshake.
export async function connect_v1(t, where) {
  const client = new Client1(kInfo, { capabilities: {} });
  const transport = where.url ? new Http1(new URL(where.url)) : new Stdio1(stdio_options(where));
  await client.connect(transport);
  t.after(() => client.close());
  return { client, transport, call: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options) };
}

// mode: pin (2026-07-28 only), auto (server/discover, else initialize), legacy (initialize).
export async function connect_v2(t, where, mode = 'pin') {
  const versionNegotiation = { pin: { mode: { pin: '2026-07-28' } }, auto: { mode: 'auto', probe: { timeoutMs: 30_000 } }, legacy: { mode: 'legacy' } }[mode];
  const client = new Client2(kInfo, { capabilities: {}, versionNegotiation });
  const transport = where.url ? new Http2(new URL(where.url)) : new Stdio2(stdio_options(where));
  await client.connect(transport);
  t.after(() => client.close());
  return { client, transport, call: (name, args, options) => client.callTool({ name, arguments: args }, options) };
}
