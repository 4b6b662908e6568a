#!/usr/bin/env node
// Pretends to be a Docker engine without containers, on a Unix socket: docker_stub.mjs SOCKET. `thv` does not start without
// an engine, though for remote workloads it asks it for nothing but a ping and a list. Ends with its standard input.
import fs from 'node:fs';
import http from 'node:http';

const [socket] = process.argv.slice(2);
const kHeaders = { 'Api-Version': '1.51', Ostype: 'linux', 'Docker-Experimental': 'false', 'Content-Type': 'application/json' };

fs.rmSync(socket, { force: true });
http.createServer((req, res) => {
  const path = req.url.split('?')[0];
  const [status, body] = path.endsWith('/_ping') ? [200, 'OK'] : path.endsWith('/containers/json') ? [200, '[]'] : [404, '{"message":"no such object"}'];
  req.resume().on('end', () => res.writeHead(status, { ...kHeaders, 'Content-Length': body.length }).end(req.method === 'HEAD' ? undefined : body));
}).listen(socket, () => process.stdout.write('ready\n'));
process.stdin.on('end', () => process.exit(0)).resume();
