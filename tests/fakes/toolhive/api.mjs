// The routes of `thv serve` under /, and what each answers. Handlers take (state, request) and return an answer, or
// throw an ApiError; they know nothing of faults and sockets.
//   request = {method, path, query (URLSearchParams), body (Buffer), captures: segments of the path, as chi gives them}
import { ApiError, empty, failure, json, json_error, text } from './answers.mjs';
import { check_group, check_name, decode_json } from './checks.mjs';
import { create, edit } from './create.mjs';
import { server_json, shuffled } from './registry.mjs';

// ---------------------------------------------------------------- the frame

function health(s) {
  if (s.engine === 'down') return { status: 503, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: Buffer.from('container runtime is unavailable\n') };
  return { status: 204, headers: { 'X-Toolhive-Nonce': s.nonce }, body: Buffer.alloc(0) };
}

// ---------------------------------------------------------------- workloads

const kOffered = ['running', 'auth_retrying'];
function list(s, { query }) {
  const group = query.get('group');
  if (group !== null && group !== '') {
    check_group(group);
    if (!s.groups.has(group)) throw new ApiError(404, `group not found: ${group}`);
  }
  if (s.engine === 'down') throw new ApiError(500, 'no engine');
  const found = s.workloads.in_list_order(shuffled)
    .filter(w => query.get('all') === 'true' || kOffered.includes(w.status))
    .filter(w => !group || w.group === group)
    .filter(w => !s.left_out.has(w.name));
  if (s.list_as !== undefined) return json({ workloads: s.list_as });
  return json({ workloads: found.length ? found.map(w => w.listed) : null });     // a nil slice of Go
}
// The workload that a path names. Only remotes are known without the engine.
function named(s, name) {
  try { check_name(name); } catch (e) { throw new ApiError(400, `invalid workload name '${name}': invalid workload name for path construction: ${e.message}`); }
  const w = s.workloads.find(name);
  if (s.engine === 'down' && !w.remote) throw new ApiError(500, 'no engine');
  return w;
}
function exported(s, { captures: [name] }) {
  const w = s.workloads.get(name);
  if (!w) throw new ApiError(404, `run config not found: ${name}`);
  return json(w.exported);
}
function logs(s, { captures: [name, what] }) {
  const w = s.workloads.get(name);
  if (what === 'logs' && (!w || w.remote)) throw new ApiError(404, `workload not found: ${name}`);
  if (!w) throw new ApiError(404, `proxy logs not found for workload: proxy logs not found for workload ${name}`);
  return text('{"time":"2026-11-23T14:23:09Z","level":"INFO","msg":"running as detached process","pid":27599}\n', 200, 'text/plain');
}
const kActions = { stop: (s, w) => s.workloads.stop(w), restart: (s, w) => s.workloads.restart(w), delete: (s, w) => s.workloads.remove(w) };
function act(s, action, name) {
  kActions[action](s, named(s, name));
  return empty(202);
}
function bulk(s, { captures: [action], body }) {
  const { names, group } = decode_json(body);
  if (names?.length && group) throw new ApiError(400, 'cannot specify both names and group');
  if (!names?.length && !group) throw new ApiError(400, 'must specify either names or group');
  if (group) check_group(group);
  if (group && !s.groups.has(group)) throw new ApiError(400, `group '${group}' does not exist`);
  const chosen = group ? [...s.workloads.all.values()].filter(w => w.group === group) : (names ?? []).map(n => s.workloads.get(n)).filter(Boolean);
  for (const w of chosen) kActions[action](s, w);
  return empty(202);
}

// ---------------------------------------------------------------- groups and secrets

const group_json = ([name, g]) => ({ name, registered_clients: g.registered_clients ?? [] });
function add_group(s, { body }) {
  const { name } = decode_json(body, { prefix: 'invalid request body', type: 'v1.createGroupRequest', strings: ['name'] });
  check_group(name);
  if (s.groups.has(name)) throw new ApiError(409, `group already exists: ${name}`);
  s.groups.set(name, {});
  return json({ name }, 201);
}
function known_group(s, name, otherwise) {
  check_group(name);
  if (!s.groups.has(name)) throw new ApiError(404, otherwise);
  return name;
}
function one_group(s, { captures: [name] }) {
  known_group(s, name, `failed to get reader for group: state '${name}' not found`);
  return json(group_json([name, s.groups.get(name)]));
}
function delete_group(s, { captures: [name], query }) {
  known_group(s, name, 'group not found');
  if (name === 'default') throw new ApiError(400, 'cannot delete the default group');
  for (const w of s.workloads.all.values()) {
    if (w.group !== name) continue;
    if (query.get('with-workloads') === 'true') s.workloads.remove(w); else w.group = 'default';
  }
  s.groups.delete(name);
  return empty(204);
}

const kNoSecrets = "secrets provider not configured. Please run 'thv secret setup' to configure a secrets provider first";
function secrets_of(s) {
  if (s.secrets === undefined) throw new ApiError(404, kNoSecrets);
  return s.secrets;
}
const provider = s => ({ name: 'default', provider_type: (secrets_of(s), 'encrypted'), capabilities: { can_read: true, can_write: true, can_delete: true, can_list: true, can_cleanup: true } });
function set_up_secrets(s, { body }) {
  const { provider_type } = decode_json(body);
  s.secrets ??= new Map();
  return json({ provider_type, message: 'Secrets provider setup successfully' }, 201);
}
function add_secret(s, { body }) {
  const { key, value } = decode_json(body), secrets = secrets_of(s);
  if (!key || !value) throw new ApiError(400, "both 'key' and 'value' are required");
  if (secrets.has(key)) throw new ApiError(409, 'secret already exists');
  secrets.set(key, value);
  return json({ key, message: 'Secret created successfully' }, 201);
}
function change_secret(s, { captures: [key], body }) {
  const secrets = secrets_of(s), { value } = decode_json(body);
  if (!value) throw new ApiError(400, 'value is required');
  if (!secrets.has(key)) throw new ApiError(404, 'secret not found');
  secrets.set(key, value);
  return json({ key, message: 'Secret updated successfully' });
}
function delete_secret(s, { captures: [key] }) {
  if (!secrets_of(s).delete(key)) throw new ApiError(500, 'not found');          // not a 404: so the real one
  return empty(204);
}

// ---------------------------------------------------------------- the registry

const kRegistryErrors = {
  auth_required: [503, 'registry_auth_required', 'the registry wants a login'],
  unavailable: [503, 'registry_unavailable', 'the upstream registry cannot be reached'],
  legacy_format: [502, 'registry_legacy_format', 'the registry file has the legacy format'],
};
function registry(s, make) {
  if (s.registry.error) return json_error(...kRegistryErrors[s.registry.error]);
  return json(make(s.registry));
}
const only_default = name => { if (name !== 'default') throw new ApiError(404, 'Registry not found'); };
function registry_server(s, { captures: [which, raw] }) {
  only_default(which);
  return json(s.registry.one(decoded(raw.replaceAll('+', ' '))));          // QueryUnescape
}
function registry_v01(s, { query }) { return registry(s, r => r.page({ q: query.get('q'), page: query.get('page') ?? undefined, limit: query.get('limit') ?? undefined })); }
function registry_v01_server(s, { captures: [, raw] }) {
  if (s.registry.error) return json_error(...kRegistryErrors[s.registry.error]);
  const found = s.registry.find(decoded(raw));
  return found ? json(server_json(found.entry)) : json_error(404, 'not_found', 'Server not found');
}

// ---------------------------------------------------------------- the table

const W = '/api/v1beta/workloads', R = '/api/v1beta/registry', G = '/api/v1beta/groups', S = '/api/v1beta/secrets/default';
// chi takes an empty segment for a name, unless it is the last.
const pattern = path => new RegExp('^' + path.replace(/\{[^}]*\}(?=\/)/g, '([^/]*)').replace(/\{[^}]*\}/g, '([^/]+)') + '/?$');
// [method, path, name of the route for faults and counters, handler]
const kTable = [
  ['GET', '/health', 'health', health],
  ['GET', '/api/v1beta/version', 'version', s => json({ version: s.version })],
  ['GET', W, 'list', list],
  ['POST', W, 'create', create],
  ['POST', `${W}/(stop|restart|delete)`, 'bulk', bulk],
  ['GET', `${W}/{name}`, 'details', (s, r) => json(named(s, r.captures[0]).details)],
  ['DELETE', `${W}/{name}`, 'delete', (s, r) => act(s, 'delete', r.captures[0])],
  ['GET', `${W}/{name}/status`, 'status', (s, r) => json({ status: named(s, r.captures[0]).status })],
  ['GET', `${W}/{name}/export`, 'export', exported],
  ['GET', `${W}/{name}/(logs|proxy-logs)`, 'logs', logs],
  ['POST', `${W}/{name}/edit`, 'edit', (s, r) => edit(s, named(s, r.captures[0]), r)],
  ['POST', `${W}/{name}/stop`, 'stop', (s, r) => act(s, 'stop', r.captures[0])],
  ['POST', `${W}/{name}/restart`, 'restart', (s, r) => act(s, 'restart', r.captures[0])],
  ['GET', G, 'groups', s => json({ groups: [...s.groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(group_json) })],
  ['POST', G, 'group_create', add_group],
  ['GET', `${G}/{name}`, 'group', one_group],
  ['DELETE', `${G}/{name}`, 'group_delete', delete_group],
  ['POST', '/api/v1beta/secrets', 'secrets_set_up', set_up_secrets],
  ['GET', S, 'secrets', s => json(provider(s))],
  ['GET', `${S}/keys`, 'secrets', s => json({ keys: [...secrets_of(s).keys()].map(key => ({ key })) })],
  ['POST', `${S}/keys`, 'secret_create', add_secret],
  ['PUT', `${S}/keys/{key}`, 'secret_change', change_secret],
  ['DELETE', `${S}/keys/{key}`, 'secret_delete', delete_secret],
  ['GET', R, 'registries', s => json({ registries: [s.registry.info] })],
  ['GET', `${R}/{registry}`, 'registry', (s, r) => { only_default(r.captures[0]); return registry(s, x => x.whole); }],
  ['GET', `${R}/{registry}/servers`, 'registry_servers', (s, r) => { only_default(r.captures[0]); return registry(s, x => x.lists); }],
  ['GET', `${R}/{registry}/servers/{name}`, 'registry_server', registry_server],
  ['POST', `${R}/{registry}/refresh`, 'registry_refresh', (s, r) => { only_default(r.captures[0]); return json({ status: 'refreshed' }); }],
  ['GET', '/registry/{registry}/v0.1/servers', 'registry_v01', registry_v01],
  ['GET', '/registry/{registry}/v0.1/servers/{name}/versions/latest', 'registry_v01', registry_v01_server],
].map(([method, path, route, handler]) => ({ method, path: pattern(path), route, handler, named: path.startsWith(`${W}/{`) }));

// {route, name, run()} for a request; never throws. `name` is the workload that the path names.
export function find_route(state, request) {
  const hits = kTable.map(row => ({ row, m: row.path.exec(request.path) })).filter(h => h.m);
  const hit = hits.find(h => h.row.method === request.method);
  if (!hit) {
    const allow = [...new Set(hits.map(h => h.row.method))];
    const api = request.path.startsWith('/api/') || request.path.startsWith('/registry/');
    const run = () => (allow.length ? { ...empty(405), headers: { ...(api ? { 'Content-Type': 'application/json' } : {}), Allow: allow } } : text('404 page not found\n', 404));
    return { route: 'other', run };
  }
  // chi matches the path as it came when that has an escape that Go would not write itself (%2F), else the decoded one.
  const captures = hit.m.slice(1).map(/%2f/i.test(request.path) ? raw => raw : decoded);
  const run = async () => { try { return await hit.row.handler(state, { ...request, captures }); } catch (e) { return failure(e); } };
  return { route: hit.row.route, name: hit.row.named ? captures[0] : undefined, run };
}
function decoded(raw) { try { return decodeURIComponent(raw); } catch { return raw; } }
