// Workloads: what is known of each, the three views that the API gives of it, and how it changes by itself.
import { randomInt } from 'node:crypto';
import { ApiError } from './answers.mjs';
import { Proxy, probe } from './proxy.mjs';

export const kStatuses = ['running', 'stopped', 'error', 'starting', 'stopping', 'unhealthy', 'removing', 'unknown', 'unauthenticated', 'auth_retrying', 'policy_stopped'];
const kZeroTime = '0001-01-01T00:00:00Z';
const kNoOidc = { issuer: '', audience: '', jwks_url: '', introspection_url: '', client_id: '', client_secret: '' };
const kNetwork = { name: 'network', network: { outbound: { insecure_allow_all: true }, inbound: {} } };

// Docker tells whole seconds, a status file nanoseconds.
const created_now = remote => new Date().toISOString().replace(...(remote ? ['Z', '123456Z'] : [/\.\d+/, '']));
const present = o => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
// The order of object members is Go's order of fields: a reader must not care, the recordings show it.
export class Workload {
  // Fields of createRequest, and for tests: status, status_context, created_at, port, target_port, target, proxy (false:
  // nothing listens on `port`), list_url, labels, registry_server_name, made_by_cli.
  constructor(fields) {
    Object.assign(this, { transport: fields.url === undefined ? 'stdio' : 'streamable-http', group: 'default', status: 'running', secrets: [], cmd_arguments: [], volumes: [], ...fields });
    this.created_at ??= created_now(this.remote);
    this.target_port ??= randomInt(30_000, 60_000);
    this.proxy = fields.proxy === false ? undefined : new Proxy(this);
  }
  get remote() { return this.url !== undefined; }
  // "toolhive" and labels of the user: the list filters ToolHive's own for containers, and shows them for remotes.
  get own_labels() {
    return { toolhive: 'true', 'toolhive-basename': this.name, 'toolhive-name': this.name, 'toolhive-port': String(this.port), 'toolhive-transport': this.transport };
  }
  get effective_mode() { return this.transport === 'stdio' ? this.proxy_mode || 'streamable-http' : this.transport; }

  get proxy_url() {
    if (this.list_url !== undefined) return this.list_url;
    if (!this.port) return '';
    const path = this.remote ? (URL.parse(this.url)?.pathname ?? '').replace(/^\/$/, '') : '';
    if (this.effective_mode === 'sse') return `http://127.0.0.1:${this.port}${path || '/sse'}#${encodeURIComponent(this.name)}`;
    return `http://127.0.0.1:${this.port}${this.remote ? path : '/mcp'}`;
  }

  // core.Workload: an element of the list.
  get listed() {
    const labels = this.remote ? { ...this.labels, ...this.own_labels } : this.labels;
    return present({
      name: this.name, package: this.remote ? 'remote' : this.image, url: this.proxy_url, port: this.port ?? 0,
      transport_type: this.transport, proxy_mode: this.effective_mode || undefined, status: this.status,
      status_context: this.remote ? undefined : this.status_context ?? (this.status === 'running' ? 'Up 3 hours' : undefined),
      created_at: this.created_at, labels, group: this.group || undefined, remote: this.remote || undefined, started_at: kZeroTime,
    });
  }
  get environment() { return { FASTMCP_PORT: String(this.target_port), MCP_PORT: String(this.target_port), MCP_TRANSPORT: this.transport, ...this.env_vars }; }
  get profile() { return this.permission_profile ?? kNetwork; }
  get image_field() { return this.remote ? (this.made_by_cli ? this.url : '') : this.image; }

  // createRequest: what GET /{name} answers; no status, no `remote`, no `package`.
  get details() {
    const auth = this.made_by_cli || this.registry_server_name ? { callback_port: 8666 } : {};
    return present({
      image: this.image_field, host: '127.0.0.1', cmd_arguments: this.cmd_arguments, target_port: this.target_port, proxy_port: this.port ?? 0,
      env_vars: this.environment, secrets: this.secrets, volumes: this.volumes, transport: this.transport, authz_config: '', oidc: kNoOidc,
      permission_profile: this.profile, proxy_mode: this.effective_mode, network_isolation: true, trust_proxy_headers: false,
      tools: this.tools ?? null, tools_override: this.tools_override ?? null, group: this.group, url: this.url,
      oauth_config: this.remote ? { ...auth, ...this.oauth_config } : {}, headers: this.headers, header_forward: this.header_forward, name: this.name,
    });
  }
  // RunConfig: what GET /{name}/export answers.
  get exported() {
    const filter = this.tools ? { filter_tools: this.tools, tools_override: this.tools_override ?? {} } : undefined;
    const auth = { timeout: this.made_by_cli ? 30_000_000_000 : undefined, callback_port: this.made_by_cli || this.registry_server_name ? 8666 : undefined };
    return present({
      schema_version: 'v0.1.0', image: this.image_field, remote_url: this.url, registry_server_name: this.registry_server_name,
      remote_auth_config: this.remote ? present({ ...auth, use_pkce: false, cached_token_expiry: kZeroTime, cached_secret_expiry: kZeroTime }) : undefined,
      cmd_args: this.cmd_arguments.length ? this.cmd_arguments : undefined,
      name: this.name, container_name: this.name, base_name: this.name, transport: this.transport, host: '127.0.0.1', port: this.port ?? 0, target_port: this.target_port,
      target_host: this.remote ? URL.parse(this.url)?.host ?? '' : '127.0.0.1', permission_profile: this.profile, env_vars: this.environment,
      container_labels: { ...this.labels, ...this.own_labels }, secrets: this.secrets.length ? this.secrets.map(s => `${s.name},target=${s.target}`) : undefined,
      isolate_network: true, proxy_mode: this.effective_mode, group: this.group,
      ignore_config: this.made_by_cli ? { LoadGlobal: true, PrintOverlays: false } : undefined, tools_filter: this.tools,
      middleware_configs: [
        ...(filter ? [{ type: 'tool-filter', parameters: filter }, { type: 'tool-call-filter', parameters: filter }] : []),
        { type: 'auth', parameters: {} }, { type: 'mcp-parser', parameters: {} }, { type: 'recovery', parameters: null },
      ],
    });
  }
}

// Every change that a workload goes through: the request is answered at once, the effect comes later.
export class Workloads {
  // times in milliseconds: effect (stop, delete), start (starting to running), retry (asking an upstream that is down),
  // give_up (then it is called running all the same: the real one waits 5 minutes)
  constructor({ effect = 20, start = 60, retry = 100, give_up = 300_000 } = {}) {
    Object.assign(this, { times: { effect, start, retry, give_up }, all: new Map(), timers: new Set() });
  }
  get(name) { return this.all.get(name); }
  // Puts a workload in place as it is said to be; its proxy listens unless the status says otherwise.
  async put(fields) {
    const w = new Workload(fields);
    this.all.set(w.name, w);
    if (w.proxy && (w.url !== undefined || w.target !== undefined)) {
      w.port = await w.proxy.open(fields.port ?? 0);
      if (['stopped', 'error', 'policy_stopped'].includes(w.status)) await w.proxy.close();
    } else if (w.proxy) w.proxy = undefined;
    return w;
  }
  async drop(name) {
    const w = this.all.get(name);
    this.all.delete(name);
    await w?.proxy?.close();
  }
  async close() {
    for (const t of this.timers) clearTimeout(t);
    this.timers.clear();
    await Promise.all([...this.all.values()].map(w => w.proxy?.close()));
  }
  // Containers first, in no order; remotes by the name of their file.
  in_list_order(shuffle) {
    const all = [...this.all.values()];
    const key = w => `${w.name}.json`;
    return [...shuffle(all.filter(w => !w.remote)), ...all.filter(w => w.remote).sort((a, b) => (key(a) < key(b) ? -1 : 1))];
  }
  later(ms, action) {
    const t = setTimeout(() => { this.timers.delete(t); void action(); }, ms);
    this.timers.add(t);
  }
  // starting, until the upstream answers: then running, or error where it wants a login.
  start(w) {
    w.status = 'starting';
    const begun = Date.now(), still = () => this.all.get(w.name) === w && w.status === 'starting';
    const look = async () => {
      if (!still()) return;
      if (w.proxy && !w.proxy.listening) await w.proxy.open();
      const state = w.proxy ? await probe(w.proxy) : 'up';
      if (!still()) return;
      if (state === 'refused') { w.status = 'error'; return w.proxy.close(); }
      if (state === 'up' || Date.now() - begun > this.times.give_up) { w.status = 'running'; w.proxy_pid = 'alive'; return; }
      this.later(this.times.retry, look);
    };
    this.later(this.times.start, look);
  }
  stop(w) {
    this.later(this.times.effect, async () => { await w.proxy?.close(); w.proxy_pid = undefined; w.status = 'stopped'; });
  }
  // A running one is left alone, also when its proxy was killed: the recorded process id counts as alive.
  restart(w) {
    if (w.status === 'running' && (w.proxy === undefined || w.proxy.listening || w.proxy_pid === 'alive')) return;
    this.start(w);
  }
  remove(w) { this.later(this.times.effect, () => this.drop(w.name)); }
  // Made anew under its old name and port: `created_at` is a new one, which neither stop nor restart does.
  edit(w, fields) {
    const { name: _, target, ...more } = fields;
    w.status = 'stopping';
    Object.assign(w, more, { created_at: created_now(w.remote) });
    if (target !== undefined) w.target = target;
    this.later(this.times.effect, async () => { await w.proxy?.close(); this.start(w); });
  }
  // The proxy process ends: TERM lets go of its process id, KILL does not. The status stays `running`.
  async kill_proxy(name, signal = 'KILL') {
    const w = this.all.get(name);
    w.proxy_pid = signal === 'KILL' ? 'alive' : undefined;
    await w.proxy.close();
  }
  find(name) {
    const w = this.all.get(name);
    if (!w) throw new ApiError(404, not_found(name));
    return w;
  }
}
// The real text says the same thing four times over.
export function not_found(name) {
  const who = `(container: ${name})`, what = `workload not found: no containers found ${who}`;
  return `failed to get workload info from runtime: ${what}: failed to inspect workload: ${what} ${who}`;
}
