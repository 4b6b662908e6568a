// Starts tests/fakes/fake_mcp_server.mjs, or writes the configuration entry with which the optimizer starts it.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { request } from './http.mjs';
import { kRoot, temp_dir } from './optimizer.mjs';
import { until } from './wait.mjs';

export const kFake = path.join(kRoot, 'tests/fakes/fake_mcp_server.mjs');

// An entry of mcpServers: a fake over stdio with these traits.
export function stdio_fake(traits = '', { name = 'fake', journal, result, env, ctl } = {}) {
  const args = [kFake, '--transport', 'stdio', '--name', name, '--with', traits];
  if (journal) args.push('--journal', journal);
  if (result) args.push('--result', result);
  if (ctl) args.push('--ctl');
  return { command: process.execPath, args, ...(env ? { env } : {}) };
}

// A fake over HTTP: any number of worlds, each with its own traits, under one port.
export class HttpFake {
  static async start(t, { traits = '', port = 0, result } = {}) {
    const f = new HttpFake();
    const args = [kFake, '--transport', 'http', '--port', String(port), '--with', traits];
    if (result) args.push('--result', result);
    f.child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => f.child.kill('SIGKILL'));
    let out = '';
    f.child.stdout.on('data', d => { out += d; });
    f.port = (await until('the fake to start', () => out.includes('\n') && JSON.parse(out.split('\n')[0]))).port;
    f.origin = `http://127.0.0.1:${f.port}`;
    return f;
  }
  url(traits) { return traits === undefined ? `${this.origin}/mcp` : `${this.origin}/f/${traits}/mcp`; }
  entry(traits, more = {}) { return { url: this.url(traits), ...more }; }
  sse_entry(traits, more = {}) { return { type: 'sse', url: this.url(traits).replace(/mcp$/, 'sse'), ...more }; }
  async stats() { return JSON.parse((await request(`${this.origin}/ctl/stats`)).text); }
  async act(action, world, more = {}) {
    const r = await request(`${this.origin}/ctl/do`, { method: 'POST', body: JSON.stringify({ action, world, ...more }) });
    if (r.status !== 200) throw new Error(r.text);
  }
  stop() { this.child.kill('SIGKILL'); }
}

export function read_journal(file) {
  try { return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)); } catch { return []; }
}
export const new_journal = () => path.join(temp_dir(), 'journal.jsonl');
