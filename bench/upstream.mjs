// Many MCP servers in one process, as cheap as Node can be: http://127.0.0.1:PORT/s/N/mcp. Legacy streamable HTTP with
// JSON answers; tools/call echoes. Prints its port. upstream.mjs SERVERS TOOLS [FILE]: with lines {"server", "tools"} in FILE
// the definitions are those, dealt out evenly.
import fs from 'node:fs';
import { createServer } from 'node:http';

const [servers, tools] = process.argv.slice(2).map(Number);
const real = process.argv[4] ? fs.readFileSync(process.argv[4], 'utf8').split('\n').filter(Boolean).flatMap(l => JSON.parse(l).tools) : undefined;
const verbs = ['create', 'list', 'delete', 'update', 'search', 'export', 'merge', 'archive', 'share', 'count'];
const things = ['issue', 'branch', 'invoice', 'customer', 'file', 'folder', 'message', 'channel', 'event', 'ticket', 'page', 'table', 'metric', 'alert', 'image', 'dataset'];
const places = ['repository', 'workspace', 'project', 'account', 'calendar', 'mailbox', 'warehouse', 'cluster'];

// Definitions of about the size that real servers have (1.3 kB).
function definition(n) {
  if (real) return { ...real[n], name: `${real[n].name}_${n}` };
  const verb = verbs[n % verbs.length], thing = things[Math.floor(n / 10) % things.length], place = places[Math.floor(n / 160) % places.length];
  const properties = Object.fromEntries(['id', 'name', 'limit', 'filter', 'owner'].map((p, i) => [`${thing}_${p}`, {
    type: i === 2 ? 'integer' : 'string',
    description: `The ${p} of the ${thing} to ${verb}, as the ${place} knows it; see the documentation of the ${place} for the values that are allowed here`,
  }]));
  return {
    name: `${verb}_${thing}_${n}`, title: `${verb} ${thing}`,
    description: `${verb[0].toUpperCase()}${verb.slice(1)} one ${thing} of a ${place}. Use it when somebody wants to ${verb} a ${thing} that belongs to a ${place}, number ${n}.`,
    inputSchema: { type: 'object', properties, required: [`${thing}_id`] },
  };
}

const first = server => Math.floor(tools * server / servers);        // its tools are numbered from here to the next one's first
const answer = {
  initialize: m => ({ protocolVersion: m.params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } }),
  'tools/list': (m, server) => ({ tools: Array.from({ length: first(server + 1) - first(server) }, (_, i) => definition(first(server) + i)) }),
  'tools/call': m => ({ content: [{ type: 'text', text: JSON.stringify(m.params.arguments) }] }),
  ping: () => ({}),
};

createServer((req, res) => {
  const chunks = [];
  req.on('data', c => chunks.push(c)).on('end', () => {
    if (req.method !== 'POST') return res.writeHead(req.method === 'GET' ? 405 : 200).end();
    const m = JSON.parse(Buffer.concat(chunks));
    if (m.id === undefined) return res.writeHead(202).end();
    const server = Number(req.url.split('/')[2]);
    const body = JSON.stringify(answer[m.method]
      ? { jsonrpc: '2.0', id: m.id, result: answer[m.method](m, server) }
      : { jsonrpc: '2.0', id: m.id, error: { code: -32601, message: 'no' } });
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
