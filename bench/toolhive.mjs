// What following a ToolHive with 300 workloads costs: node bench/toolhive.mjs. Counts and CPU are what to compare; times belong
// to the machine. The ToolHive is the fake of tests/, the tools are real ones where ../shared has them.
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { FakeToolHive } from '../tests/fakes/fake_toolhive.mjs';
import { cpu, folder, health, kBinary, kRoot, now, sleep, start, until } from './harness.mjs';

const kWorkloads = 300, kRemote = 100, kTools = 4592, kHanging = 5, kDeadline = 2, kCycles = 20;
const kReal = path.join(kRoot, '../shared/data/real_tools/servers.jsonl');
const data = path.join(folder, 'data');
const written = pid => Number(/^write_bytes: (\d+)/m.exec(fs.readFileSync(`/proc/${pid}/io`, 'latin1'))[1]);

// ---------------------------------------------------------------- ToolHive, and what stands behind it

const upstream = start(process.execPath, [path.join(kRoot, 'bench/upstream.mjs'), String(kWorkloads), String(kTools), ...(fs.existsSync(kReal) ? [kReal] : [])]);
const port = await until(() => Number(upstream.text));
const fake = await new FakeToolHive({ registry: JSON.parse(fs.readFileSync(path.join(kRoot, 'tests/data/registry-small.json'), 'utf8')) }).start();
const name_of = i => `workload-${String(i).padStart(3, '0')}`;
for (let i = 0; i < kWorkloads; i++) {
  const what = i < kRemote ? { url: `https://remote-${i}.example/mcp?key=${i}` } : { image: `ghcr.io/example/server-${i}:1.0.0`, transport: 'streamable-http' };
  await fake.add({ name: name_of(i), ...what, proxy: false, port: 20_000 + i, list_url: `http://127.0.0.1:${port}/s/${i}/mcp` });
}
const place = ['--data-dir', data, '--toolhive-port', String(fake.port)];
// Search by words alone: what tools mean is learned once and in its own time, which is not what is measured here.
const env = { HOME: folder, HYBRID_SEARCH_SEMANTIC_RATIO: '0', MCPO_TOOLHIVE: 'true', TOOLHIVE_TIMEOUT: String(kDeadline), WORKLOAD_POLLING_INTERVAL: '1', TOOLS_MAX_AGE: '86400', MCPO_TOOLS_MAX_AGE: '86400' };

async function run_json(args) {
  const child = start(kBinary, [...args, '--json'], env);
  let out = '';
  child.stdout.on('data', d => { out += d; });
  await once(child, 'close');
  try { return JSON.parse(out); } catch { throw new Error(`no JSON from ${args.join(' ')}: ${child.text.slice(-1000)}`); }
}

// ---------------------------------------------------------------- measuring

const rows = [];
const row = (what, value, more = '') => rows.push([what, value, more]);

// Cold: from nothing to all tools.
const begun = now();
const o = start(kBinary, ['serve', ...place, '--port', '0', '--log-format', 'json'], env);
const at = await until(() => /"endpoint":"(http:[^"]+)"/.exec(o.text)?.[1], 30_000);
await until(async () => (await health(at)).tools === kTools);
const cold = { ms: now() - begun, cpu: cpu(o.pid) };
row(`cold ingest, ${kWorkloads} servers, ${kTools} ${fs.existsSync(kReal) ? 'real' : 'made-up'} tools`, `${cold.cpu} ms CPU`, `${(cold.ms / 1000).toFixed(1)} s`);

// `kCycles` cycles, before each of which `change` happens: requests, CPU and bytes of one.
async function measure_cycles(change) {
  await until(() => fake.count('list') > 0);
  fake.forget();
  const before = { cpu: cpu(o.pid), written: written(o.pid) };
  for (let i = 1; i <= kCycles; i++) { change?.(i); await until(() => fake.count('list') >= i, 30_000); }
  await sleep(500);                                           // the last one ends
  const counts = Object.fromEntries(Object.entries(fake.counts).map(([k, n]) => [k, n / fake.count('list')]));
  return { counts, cpu: (cpu(o.pid) - before.cpu) / fake.count('list'), written: written(o.pid) - before.written };
}
const shown = counts => Object.entries(counts).map(([k, n]) => `${+n.toFixed(2)} ${k}`).join(' + ');

await until(async () => !((await health(at)).search?.texts_waiting > 0));
await sleep(3_000);
const still = await measure_cycles();
row('unchanged cycle', `${still.cpu.toFixed(1)} ms CPU`, `${shown(still.counts)}; ${still.written} bytes written in ${kCycles} cycles; 1/${Math.round(cold.cpu / still.cpu)} of the cold one`);
const changed = await measure_cycles(i => { fake.workload(name_of(7)).group = i % 2 ? 'other' : 'default'; });
row('cycle with 1 changed workload', `${changed.cpu.toFixed(1)} ms CPU`, `${shown(changed.counts)}; ${Math.round(changed.written / kCycles)} bytes written each; ${(changed.cpu / still.cpu).toFixed(2)} of an unchanged one`);
o.kill('SIGTERM');
await until(() => o.exitCode !== null, 30_000);

// Details that hang: all that could be read is in the catalog after the one deadline.
for (const w of fake.workloads.all.values()) w.group = 'moved';
fake.groups.set('moved', {});
fake.fault('details', 'hanging', { names: Array.from({ length: kHanging }, (_, i) => name_of(i * 20)) });
const start_of_hanging = now();
const report = await run_json(['ingest', ...place]);
const wall = (now() - start_of_hanging) / 1000;
const moved = (await run_json(['servers', '--data-dir', data])).filter(s => s.group === 'moved').length;
row(`details of ${kHanging} of ${kRemote} hang`, `${report.seconds.toFixed(2)} s`, `deadline ${kDeadline} s, process ${wall.toFixed(2)} s; ${moved} of ${kWorkloads} updated; source ${report.sources.find(s => s.name === 'toolhive')?.state}`);

const widths = [0, 1].map(i => Math.max(...rows.map(r => r[i].length)));
for (const r of rows) console.log(`${r[0].padEnd(widths[0])}  ${r[1].padEnd(widths[1])}  ${r[2]}`.trimEnd());
await fake.close();
process.exit(0);
