// The registry: kept in the shape in which ToolHive's API gives it, shown in both of its shapes.
//   {version, last_updated, servers: {name: ImageMetadata}, remote_servers: {name: RemoteServerMetadata}}
import { ApiError } from './answers.mjs';

const kSchema = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json';
const kPublisher = 'io.modelcontextprotocol.registry/publisher-provided';

// ToolHive reads its data anew for each request, and Go's maps have no order.
export function shuffled(list) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
const shuffled_object = o => Object.fromEntries(shuffled(Object.entries(o)));

// Files of the legacy format name their entries by the key alone; the API never does.
const named = entries => Object.fromEntries(Object.entries(entries ?? {}).map(([name, e]) => [name, { name, ...e }]));

export class Registry {
  // `error`: undefined, or auth_required, unavailable, legacy_format.
  constructor(data, { error } = {}) {
    Object.assign(this, { servers: {}, remote_servers: {}, version: '1.0.0', last_updated: '2026-08-24T05:17:28Z', ...data, error });
    this.servers = named(this.servers);
    this.remote_servers = named(this.remote_servers);
  }

  get info() {
    return {
      name: 'default', version: this.version, last_updated: this.last_updated,
      server_count: Object.keys(this.servers).length,              // containers only, as there
      type: 'default', source: '', auth_status: 'none', auth_type: '',
    };
  }
  get whole() {
    return { ...this.info, registry: {
      version: this.version, last_updated: this.last_updated, servers: shuffled_object(this.servers),
      ...(Object.keys(this.remote_servers).length ? { remote_servers: shuffled_object(this.remote_servers) } : {}),
    } };
  }
  get lists() {
    const remote = shuffled(Object.values(this.remote_servers));
    return { servers: shuffled(Object.values(this.servers)), ...(remote.length ? { remote_servers: remote } : {}) };
  }
  // Full name, or the part after the slash where that is unique: {entry, remote}.
  find(name) {
    const all = [...Object.values(this.servers).map(entry => ({ entry, remote: false })), ...Object.values(this.remote_servers).map(entry => ({ entry, remote: true }))];
    const exact = all.find(x => x.entry.name === name);
    if (exact) return exact;
    const short = all.filter(x => x.entry.name.split('/').at(-1) === name);
    return short.length === 1 ? short[0] : undefined;
  }
  one(name) {
    const found = this.error ? undefined : this.find(name);        // every failure reads "not found" here
    if (!found) throw new ApiError(404, 'Server not found');
    return found.remote ? { remote_server: found.entry, is_remote: true } : { server: found.entry, is_remote: false };
  }
  // For tests: adds or replaces an entry; `last_updated` moves as it does when data are published.
  put(entry) {
    const into = entry.url === undefined ? this.servers : this.remote_servers;
    into[entry.name] = { tier: 'Community', status: 'Active', transport: 'streamable-http', tools: [], ...entry };
    this.touch();
  }
  remove(name) { delete this.servers[name]; delete this.remote_servers[name]; this.touch(); }
  touch() { this.last_updated = new Date(Math.max(Date.now(), Date.parse(this.last_updated) + 1_000)).toISOString().replace(/\.\d+/, ''); }

  // /registry/{anything}/v0.1/servers: shuffled for every request, so pages overlap and miss.
  page({ q, page, limit }) {
    const all = [...Object.values(this.servers), ...Object.values(this.remote_servers)];
    const wanted = q ? all.filter(e => `${e.name} ${e.title ?? ''} ${e.description}`.toLowerCase().includes(q.toLowerCase())) : all;
    const size = positive(limit, 50) > 200 ? 200 : positive(limit, 50), number = positive(page, 1);
    const servers = shuffled(wanted).slice((number - 1) * size, number * size).map(server_json);
    return { servers, metadata: { total: wanted.length, page: number, limit: size } };
  }
}
function positive(string, otherwise) { const n = Number(string ?? otherwise); return Number.isInteger(n) && n > 0 ? n : otherwise; }

const without_empty = o => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== '' && v !== false));
// The extensions have been through a Go map: members in alphabetical order, all the way down.
function sorted(v) {
  if (Array.isArray(v)) return v.map(sorted);
  return v && typeof v === 'object' ? Object.fromEntries(Object.keys(v).sort().map(k => [k, sorted(v[k])])) : v;
}
const input = v => without_empty({ description: v.description, isRequired: v.required, isSecret: v.secret, default: v.default, choices: v.choices, name: v.name });

// One entry in the upstream shape (MCP registry's server.json).
export function server_json(e) {
  const key = e.url ?? e.image;
  const { name, title, description, repository_url, image, url, transport, env_vars, headers, args, target_port, ...extension } = e;
  const extra = args ? { args, ...extension } : extension;
  return without_empty({
    $schema: kSchema, name, description, title,
    repository: repository_url ? { url: repository_url, source: 'github' } : undefined, version: '1.0.0',
    packages: url ? undefined : [without_empty({
      registryType: 'oci', identifier: image, transport: transport === 'stdio' ? { type: transport } : { type: transport, url: `http://localhost:${target_port ?? 8080}` },
      environmentVariables: env_vars?.map(input),
    })],
    remotes: url ? [without_empty({ type: transport, url, headers: headers?.map(input) })] : undefined,
    _meta: { [kPublisher]: { 'io.github.stacklok': { [key]: sorted(extra) } } },
  });
}
