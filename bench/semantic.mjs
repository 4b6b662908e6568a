// What search by meaning costs beside the bare inference of the same texts, in one run: node bench/semantic.mjs [FILE]
// FILE: lines {"server", "tools": [definitions]}; without it tools are made up. Needs the model (./do setup) and the program
// build/bench/bare_inference (./do bench builds it). Ratios and CPU per operation are what to compare.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { call, cpu, folder, health, kBinary, kRoot, measure, ms, open_session, print_table, rate, rss_kib, sleep, start, stop, until } from './harness.mjs';

const kTools = 3000, kServers = 100, kQueries = 200;
const bare_program = path.join(kRoot, 'build/bench/bare_inference');
const real = process.argv[2];

// CPU and wall time of Run() alone for these texts, tokenised beforehand.
function bare(texts, threads) {
  const out = execFileSync(bare_program, [path.join(kRoot, '.deps/model'), String(threads)], { input: texts.join('\n') });
  return JSON.parse(out);  // {texts, seconds, cpu_seconds}
}

const upstream = start(process.execPath, [path.join(kRoot, 'bench/upstream.mjs'), kServers, kTools, ...(real ? [real] : [])]);
const port = await until(() => Number(upstream.text));
const config = path.join(folder, 'mcp.json');
fs.writeFileSync(config, JSON.stringify({ mcpServers: Object.fromEntries(Array.from({ length: kServers }, (_, i) => [`server${i}`, { type: 'http', url: `http://127.0.0.1:${port}/s/${i}/mcp` }])) }));
async function start_optimizer() {
  const child = start(kBinary, ['serve', '--config', config, '--data-dir', path.join(folder, 'data'), '--port', '0', '--log-format', 'json']);
  const url = await until(() => /"endpoint":"(http:[^"]+)"/.exec(child.text)?.[1]);
  return { child, url, pid: child.pid };
}
async function learned(o) {
  await until(async () => { await sleep(50); const h = await health(o.url); return h.tools === kTools && h.search.texts_waiting === 0 && h.search.mode === 'hybrid'; });
  return health(o.url);
}

const rows = [];
const cold = await start_optimizer();
await until(async () => { await sleep(5); return (await health(cold.url)).search.texts_encoded > 0; });
const begun = performance.now(), first = (await health(cold.url)).search.texts_encoded, cpu_before = cpu(cold.pid);
const all = (await learned(cold)).search.texts_encoded;
const seconds = (performance.now() - begun) / 1000, ingest_cpu = (cpu(cold.pid) - cpu_before) / (all - first);
await stop(cold.child);
const texts = execFileSync('python3', ['-c', `import sqlite3,json
for (n,d) in sqlite3.connect('${path.join(folder, 'data/catalog.db')}').execute('select name, definition from tools order by server_id, position limit 600'):
    text = json.loads(d).get('description', '').replace(chr(10), ' ').replace(chr(13), ' ')
    print('server: ' + n.replace('_', ' ') + '. ' + text + chr(10) + (text or 'x'))`], { maxBuffer: 1 << 26 }).toString().split('\n').filter(Boolean);
// Two texts a tool: all of it, and its description alone.
const bare_ingest = bare(texts, 2), bare_rate = bare_ingest.texts / 2 / bare_ingest.seconds;
rows.push(['ingest, 2 threads, tools', rate(bare_rate), rate((all - first) / seconds), ((all - first) / seconds / bare_rate).toFixed(2), `CPU per tool ${ms(bare_ingest.cpu_seconds / bare_ingest.texts * 2000)} bare, ${ms(ingest_cpu)} ours`]);

const o = await start_optimizer();
await learned(o);
await sleep(1500);
rows.push([`memory, model and ${kTools} tools`, '', `${(rss_kib(o.pid) / 1024).toFixed(1)} MiB`, '', 'after a restart']);
const verbs = ['create', 'delete', 'share', 'export', 'find', 'archive'], things = ['an issue of the repository', 'a folder in my workspace', 'the invoice of that customer', 'metrics of the cluster', 'a calendar event with the team'];
const ask = n => `${verbs[n % verbs.length]} ${things[n % things.length]} which somebody mentioned as number ${n}`;
const find = (session, sockets, from) => n => call(o.url, 'find_tool', { tool_description: ask(from + n) }, { session, sockets });
let from = 0;
for (const at_once of [1, 8]) {
  const session = await open_session(o.url, at_once);
  from += 1000;
  const plain = bare(Array.from({ length: kQueries }, (_, n) => ask(from + n)), at_once === 1 ? 1 : 2);
  const bare_cpu = plain.cpu_seconds / plain.texts * 1000;
  const ours = await measure(kQueries, at_once, find(session, at_once, from + 100), o.pid);
  rows.push([`find_tool, ${at_once} in flight, CPU`, ms(bare_cpu), ms(ours.cpu), (ours.cpu / bare_cpu).toFixed(2), `over 1.25 x bare: ${ms(ours.cpu - 1.25 * bare_cpu)}`]);
  rows.push([`find_tool, ${at_once} in flight`, rate(plain.texts / plain.seconds), rate(ours.per_second), (ours.per_second / (plain.texts / plain.seconds)).toFixed(2), `p50 ${ms(ours.p50)}, p99 ${ms(ours.p99)}`]);
}
const session = await open_session(o.url, 1);
const same = await measure(500, 1, () => call(o.url, 'find_tool', { tool_description: ask(7) }, { session }), o.pid);
rows.push(['find_tool, the same request again', '', `p50 ${ms(same.p50)}`, '', `CPU ${ms(same.cpu)}`]);
rows.push(['memory after all that', '', `${(rss_kib(o.pid) / 1024).toFixed(1)} MiB`, '', '']);
await stop(o.child);
print_table(['what', 'bare inference', 'ours', 'ratio', ''], rows);
process.exit(0);
