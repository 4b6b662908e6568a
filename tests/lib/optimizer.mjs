// Runs the release binary: `serve` as a background process, other commands to their end.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from './http.mjs';
import { sleep, until, within } from './wait.mjs';

export const kRoot = path.resolve(import.meta.dirname, '../..');
export const kBinary = process.env.MCPO_BINARY ?? path.join(kRoot, 'build/release/mcp-optimizer');
export const kModules = path.join(kRoot, 'tests/node_modules');

// A folder that goes away with the test file's process: by then nothing writes into it any more.
// A runner that gives up on this file does not leave our children behind either.
const folders = [], children = new Set();
process.on('exit', () => {
  for (const c of children) c.kill('SIGKILL');
  for (const f of folders) fs.rmSync(f, { recursive: true, force: true, maxRetries: 5 });
});
process.on('SIGTERM', () => process.exit(1));
function owned(child) {
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

export function temp_dir() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mcpo-test-'));
  folders.push(dir);
  return dir;
}

// Writes `servers` (or, if it is a string, that text) as a configuration file.
export function write_config(file, servers) {
  const text = typeof servers === 'string' || Buffer.isBuffer(servers) ? servers : JSON.stringify({ mcpServers: servers }, null, 1);
  fs.writeFileSync(file, text);
  return file;
}

// A ToolHive of the tester's own is not looked for; tests/lib/toolhive.mjs switches it on for those that bring one.
export const kNoToolHive = { MCPO_TOOLHIVE: 'false' };

// Where the build keeps the embedding model, or undefined.
export function model_folder() {
  const folder = path.join(path.dirname(kBinary), 'share/mcp-optimizer');
  return fs.existsSync(path.join(folder, 'models/all-MiniLM-L6-v2')) && fs.existsSync(path.join(folder, 'lib')) ? folder : undefined;
}
// Where it could not be fetched, stories about other things are told without it: nothing is degraded by its absence.
const kWithoutModel = model_folder() ? {} : { HYBRID_SEARCH_SEMANTIC_RATIO: '0' };

// Nothing of the tester's own environment decides what the program does.
function environment(home, more) {
  return { PATH: process.env.PATH, HOME: home, TMPDIR: os.tmpdir(), LANG: 'C.UTF-8', ...kNoToolHive, ...kWithoutModel, ...more };
}

// Runs a command to its end: {status, signal, stdout, stderr}. `program` replaces the binary.
export async function run(t, args, { env = {}, timeout = 60_000, stdin = '', home, program = [kBinary] } = {}) {
  const child = owned(spawn(program[0], [...program.slice(1), ...args], { env: environment(home ?? temp_dir(), env), stdio: ['pipe', 'pipe', 'pipe'] }));
  t.after(() => child.kill('SIGKILL'));
  const out = [], err = [];
  child.stdout.on('data', d => out.push(d));
  child.stderr.on('data', d => err.push(d));
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const text = list => Buffer.concat(list).toString();
  try {
    const [status, signal] = await within(timeout, `${args.join(' ')} to end`, once(child, 'close'));
    return { status, signal, stdout: text(out), stderr: text(err) };
  } catch (e) {
    child.kill('SIGKILL');
    e.message += `\nstdout: ${text(out)}\nstderr: ${text(err)}`;
    throw e;
  }
}

export async function run_json(t, args, options) {
  const r = await run(t, [...args, '--json'], options);
  try { return { ...r, value: JSON.parse(r.stdout) }; } catch { throw new Error(`no JSON from ${args.join(' ')}: ${r.stdout}${r.stderr}`); }
}

export class Optimizer {
  // options: servers | config (a path; null: none), dir, args, env, ready (false: do not wait for /ready), launcher
  static async start(t, options = {}) {
    const o = new Optimizer();
    o.dir = options.dir ?? temp_dir();
    o.data = options.data ?? path.join(o.dir, 'data');
    o.config = options.config ?? path.join(o.dir, 'mcp.json');
    if (options.servers !== undefined) write_config(o.config, options.servers);
    const config = options.config === null ? [] : ['--config', o.config];
    const args = ['serve', ...config, '--data-dir', o.data, '--port', '0', ...(options.args ?? [])];
    const env = { MCP_TIMEOUT: '10', ...options.env };
    const begun = performance.now();
    o.child = owned(spawn(kBinary, args, { env: environment(o.dir, env), stdio: ['ignore', 'pipe', 'pipe'] }));
    o.pid = o.child.pid;
    o.log = '';
    o.output = '';
    o.child.stdout.on('data', d => { o.output += d; });
    o.child.stderr.on('data', d => { o.log += d; });
    o.exited = new Promise(r => {
      o.child.on('exit', (status, signal) => r({ status, signal }));
      o.child.on('error', error => { o.log += error.message; r({ error }); });
    });
    o.exited.then(() => { o.ended = true; });
    t.after(() => o.stop());
    try {
      o.port = await until('the endpoint to be printed', () => {
        if (o.ended) throw Object.assign(new Error(`it ended with ${o.child.exitCode}`), { hopeless: true });
        return /http:\/\/127\.0\.0\.1:([1-9]\d*)\/mcp/.exec(o.output + o.log)?.[1];
      }, { every: 10 });
      o.url = `http://127.0.0.1:${o.port}/mcp`;
      o.milliseconds_to_endpoint = performance.now() - begun;
      if (options.ready !== false) await o.ready(options.ready_timeout);
    } catch (e) {
      e.message += `\n${o.output}\n${o.log}`.slice(-4000);
      throw e;
    }
    return o;
  }

  // /ready says that sources were asked; the greeting, that their servers have answered.
  async ready(timeout = 60_000) {
    await until('/ready to answer 200', async () => (await request(`http://127.0.0.1:${this.port}/ready`)).status === 200, { timeout });
    await until('the servers to have answered', () => /Optimizer is ready|\bready\b.*endpoint/.test(this.output + this.log), { timeout });
  }
  async health() { return JSON.parse((await request(`http://127.0.0.1:${this.port}/health`)).text); }

  // From here on answers, times and memory stay as they are: search by meaning, where this build has it, knows all tools.
  async settled() {
    if (!model_folder()) return;
    const all_known = async () => {
      const { search } = await this.health();
      return search.mode === 'hybrid' && search.texts_waiting === 0;
    };
    // Twice: between a new view and the look at what it wants nothing waits.
    await until('all tools to be learned', async () => await all_known() && (await sleep(100), await all_known()));
  }

  // SIGTERM; resolves to {status, signal, ms}.
  async stop(signal = 'SIGTERM') {
    const begun = performance.now();
    if (!this.ended) this.child.kill(signal);
    try {
      const end = await within(15_000, 'the optimizer to end', this.exited);
      return { ...end, ms: performance.now() - begun };
    } catch (e) { this.child.kill('SIGKILL'); throw e; }
  }
}

// The three real servers from npm, started without npx.
export function real_servers(folder, memory_file) {
  const script = name => path.join(kModules, `@modelcontextprotocol/server-${name}/dist/index.js`);
  return {
    filesystem: { command: process.execPath, args: [script('filesystem'), folder] },
    memory: { command: process.execPath, args: [script('memory')], env: { MEMORY_FILE_PATH: memory_file } },
    everything: { command: process.execPath, args: [script('everything')] },
  };
}
