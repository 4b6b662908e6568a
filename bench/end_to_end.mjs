// What the whole program costs, beside the same without it, in one run: node bench/end_to_end.mjs [TOOLS]
// Search goes by words here; bench/semantic.mjs has the model. Ratios and CPU per operation are what to compare; times belong to the machine and its load.
import fs from 'node:fs';
import path from 'node:path';
import { call, folder, health, kBinary, kRoot, measure, ms, now, open_session, print_table, rate, rss_kib, sleep, start, stop, until } from './harness.mjs';

const kTools = Number(process.argv[2] ?? 3000), kServers = 100;

const upstream = start(process.execPath, [path.join(kRoot, 'bench/upstream.mjs'), kServers, kTools]);
const port = await until(() => Number(upstream.text));
const config = path.join(folder, 'mcp.json');
fs.writeFileSync(config, JSON.stringify({ mcpServers: Object.fromEntries(Array.from({ length: kServers }, (_, i) => [`server${i}`, { type: 'http', url: `http://127.0.0.1:${port}/s/${i}/mcp` }])) }));

// Until a find_tool answer has hits; `ms` from the start of the process.
async function start_optimizer() {
  const begun = now();
  const child = start(kBinary, ['serve', '--config', config, '--data-dir', path.join(folder, 'data'), '--port', '0', '--log-format', 'json', '--max-sessions', '100000', '--hybrid-search-semantic-ratio', '0']);
  const url = await until(() => /"endpoint":"(http:[^"]+)"/.exec(child.text)?.[1]);
  const session = await open_session(url, 1);
  await until(async () => (await call(url, 'find_tool', { tool_description: 'create an issue' }, { session })).body.includes('mcp_server_name'));
  return { child, url, session, pid: child.pid, ms: now() - begun };
}

const cold = await start_optimizer();
await until(async () => (await health(cold.url)).tools === kTools);
await sleep(1000);
await stop(cold.child);
const o = await start_optimizer();
await sleep(1500);

// ---------------------------------------------------------------- the figures

const rows = [];
const row = (what, direct, ours, ratio, more = '') => rows.push([what, direct, ours, ratio, more]);

const direct_url = `http://127.0.0.1:${port}/s/0/mcp`;
const tool = `create_issue_0`, args = { issue_id: '7', issue_name: 'x' };
for (const at_once of [1, 8, 64]) {
  const count = at_once === 1 ? 1500 : 4000;
  const direct = await measure(count, at_once, () => call(direct_url, tool, args, { sockets: at_once }));
  const session = await open_session(o.url, at_once);
  const ours = await measure(count, at_once, () => call(o.url, 'call_tool', { server_name: 'server0', tool_name: tool, parameters: args }, { session, sockets: at_once }), o.pid);
  row(`call_tool, ${at_once} in flight, p50`, ms(direct.p50), ms(ours.p50), (ours.p50 / direct.p50).toFixed(2), at_once === 1 ? `added ${((ours.p50 - direct.p50) * 1000).toFixed(0)} us` : '');
  row(`call_tool, ${at_once} in flight, p99`, ms(direct.p99), ms(ours.p99), (ours.p99 / direct.p99).toFixed(2));
  row(`call_tool, ${at_once} in flight, calls`, rate(direct.per_second), rate(ours.per_second), (ours.per_second / direct.per_second).toFixed(2), `our CPU ${ms(ours.cpu)} a call`);
}
const words = ['create an issue in a repository', 'delete a folder of the workspace', 'who owns this invoice', 'export metrics of a cluster', 'share a calendar event with a customer', 'search messages'];
const find = sockets => n => call(o.url, 'find_tool', { tool_description: `${words[n % words.length]} ${n}` }, { session: o.session, sockets });
for (const at_once of [1, 8]) {
  const ours = await measure(at_once === 1 ? 1000 : 3000, at_once, find(at_once), o.pid);
  row(`find_tool, ${kTools} tools, ${at_once} in flight`, '', `p50 ${ms(ours.p50)}, p99 ${ms(ours.p99)}`, '', `${rate(ours.per_second)}, our CPU ${ms(ours.cpu)} each`);
}
const opening = await measure(300, 1, () => open_session(o.url, 1), o.pid);
row('open a session', '', `p50 ${ms(opening.p50)}, p99 ${ms(opening.p99)}`, '', `our CPU ${ms(opening.cpu)} each`);
const before = rss_kib(o.pid);
for (let i = 0; i < 20000; ++i) await open_session(o.url, 1);
row('memory of an idle session', '', `${((rss_kib(o.pid) - before) / 20000).toFixed(2)} KiB`, '', 'over 20000 of them');
const again = await measure(1000, 1, find(1), o.pid);
row('find_tool with 20000 idle sessions', '', `p50 ${ms(again.p50)}`, '', `our CPU ${ms(again.cpu)} each`);
row(`memory at ${kTools} tools, ${kServers} servers`, '', `${(before / 1024).toFixed(1)} MiB`, '');
row('start to first find_tool hit', `cold ${cold.ms.toFixed(0)} ms`, `warm ${o.ms.toFixed(0)} ms`, (o.ms / cold.ms).toFixed(2));
await stop(o.child);

print_table(['what', 'direct', 'through us', 'ratio', ''], rows);
process.exit(0);
