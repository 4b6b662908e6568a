// A real ToolHive (tools/thv_headless.sh) in a home of its own, with a pretended engine, and real MCP servers from npm.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { kModules, kRoot, temp_dir } from './optimizer.mjs';
import { closed_port } from './toolhive.mjs';
import { until, within } from './wait.mjs';

const kScript = path.join(kRoot, 'tools/thv_headless.sh');
export const kThv = process.env.THV;

export class RealToolHive {
  // `socket`: listens on a Unix socket instead of a TCP port. `secrets`: a store of secrets is set up.
  static async start(t, { socket = false, secrets = false } = {}) {
    const h = new RealToolHive();
    h.program = secrets ? ['env', '-u', 'TOOLHIVE_SECRETS_PROVIDER', 'TOOLHIVE_SECRETS_PASSWORD=of-a-test', kThv] : [kThv];
    h.home = temp_dir();
    h.state_home = path.join(h.home, 'state');
    h.engine = spawn(process.execPath, [path.join(kRoot, 'tools/docker_stub.mjs'), path.join(h.home, 'docker.sock')], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => h.close());
    await within(5_000, 'the engine', once(h.engine.stdout, 'data'));
    await h.serve({ socket });
    if (secrets) await h.api('POST', '/api/v1beta/secrets', { provider_type: 'encrypted', password: 'of-a-test' });
    return h;
  }
  // `thv serve`; again after `end_server` = a restart.
  async serve({ socket = false } = {}) {
    const port = socket ? undefined : await closed_port();
    const where = socket ? ['--socket', path.join(this.home, 'thv.sock')] : ['--host', '127.0.0.1', '--port', String(port)];
    this.server = spawn(kScript, ['env', this.home, ...this.program, 'serve', ...where], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.log = '';
    for (const s of [this.server.stdout, this.server.stderr]) s.on('data', d => { this.log += d; });
    Object.assign(this, socket ? { socket: where[1], port: undefined } : { port, socket: undefined });
    try { await until('thv serve to answer', async () => (await this.api('GET', '/health')).status === 204); }
    catch (e) { e.message += `\n${this.log}`.slice(-2_000); throw e; }
  }
  async end_server(signal = 'SIGTERM') {
    const ended = once(this.server, 'exit');
    this.server.kill(signal);
    await within(15_000, 'thv serve to end', ended);
  }
  // {status, value (JSON, or text)}
  api(method, target, body) {
    const place = this.socket ? { socketPath: this.socket } : { host: '127.0.0.1', port: this.port };
    return new Promise((resolve, reject) => {
      const r = http.request({ ...place, path: target, method, headers: body ? { 'content-type': 'application/json' } : {}, agent: false, timeout: 60_000 }, res => {
        let text = '';
        res.setEncoding('utf8').on('data', d => { text += d; }).on('error', reject).on('end', () => {
          let value = text;
          try { value = JSON.parse(text); } catch { /* an error's text, or nothing */ }
          resolve({ status: res.statusCode, value });
        });
      });
      r.on('timeout', () => r.destroy(new Error(`${method} ${target}: no answer`))).on('error', reject);
      r.end(body && JSON.stringify(body));
    });
  }
  async workloads() { return (await this.api('GET', '/api/v1beta/workloads?all=true')).value.workloads ?? []; }
  async create(body) {
    const r = await this.api('POST', '/api/v1beta/workloads', body);
    if (r.status !== 201) throw new Error(`create: ${r.status} ${JSON.stringify(r.value)}`);
    return r.value;
  }
  act(name, action) { return this.api(action === 'delete' ? 'DELETE' : 'POST', `/api/v1beta/workloads/${name}${action === 'delete' ? '' : `/${action}`}`); }
  async status(name) { return (await this.workloads()).find(w => w.name === name)?.status; }
  until_status(name, wanted) { return until(`${name} to be ${wanted}`, async () => await this.status(name) === wanted); }

  // The proxies are processes of their own, which outlive the server: by name, for `stop --all` forgets those that still start.
  async close() {
    const folder = path.join(this.home, 'data/toolhive/statuses');
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter(f => f.endsWith('.json')).map(f => path.basename(f, '.json')) : [];
    if (names.length) await once(spawn(kScript, ['env', this.home, kThv, 'stop', ...names], { stdio: 'ignore' }), 'exit');
    if (this.server && this.server.exitCode === null && this.server.signalCode === null) await this.end_server().catch(() => this.server.kill('SIGKILL'));
    this.engine.kill('SIGKILL');
  }
}

// server-everything from npm behind HTTP; resolves to its origin. `stop()` ends it.
export async function everything(t, { transport = 'streamableHttp', port } = {}) {
  port ??= await closed_port();
  const script = path.join(kModules, '@modelcontextprotocol/server-everything/dist/index.js');
  const child = spawn(process.execPath, [script, transport], { env: { PATH: process.env.PATH, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', d => { log += d; });
  await until('server-everything to listen', () => /listening|running on port/i.test(log));
  return { origin: `http://127.0.0.1:${port}`, port, stop: () => child.kill('SIGKILL') };
}
