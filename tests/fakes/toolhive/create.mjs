// POST /api/v1beta/workloads and .../{name}/edit: the checks in the order of the real ones (contract 1.6), and what follows.
import { ApiError, json } from './answers.mjs';
import { check_name, decode_json } from './checks.mjs';

const kTransports = ['sse', 'streamable-http', 'stdio'];
const sleep = ms => new Promise(r => setTimeout(r, ms));

const kStrings = { strings: ['name', 'url', 'image', 'registry', 'server', 'transport', 'group'] };

export async function create(s, { body }) {
  const request = decode_json(body, kStrings);
  check_shape(request);
  check_name(request.name);
  const old = s.workloads.get(request.name);
  if (old && old.status !== 'error') throw new ApiError(409, `workload with name ${request.name} already exists`);
  const fields = await resolve(s, request);
  if (old) await s.workloads.drop(request.name);
  const w = await s.workloads.put({ ...fields, name: request.name, status: 'starting', ...s.target_of(fields) });
  s.workloads.start(w);
  s.created.push(request);
  return json({ name: w.name, port: w.port ?? 0 }, 201);
}

// Same port, same name: whatever `name` says is not looked at. What is missing is found out late, as a failure.
export async function edit(s, w, { body }) {
  const request = decode_json(body, kStrings);
  if (!request.image && !request.url && !request.registry) throw new ApiError(500, 'nothing to run');
  const fields = await resolve(s, request);
  s.workloads.edit(w, { ...fields, ...s.target_of(fields) });
  return json({ name: w.name, port: w.port ?? 0 });
}

function check_shape({ registry, server, image, url }) {
  if (!registry !== !server) throw new ApiError(400, "both 'registry' and 'server' must be specified together");
  if (!image && !url && !registry) throw new ApiError(400, "either 'image', 'url', or 'registry'+'server' fields are required");
}

// Fields of the workload to be: from the registry where it is named there, the user's own on top. Blocks while an image is pulled.
async function resolve(s, request) {
  const fields = { ...from_registry(s, request), ...own_fields(request) };
  if (request.group && !s.groups.has(request.group)) throw new ApiError(500, `group '${request.group}' does not exist`);
  if (fields.url === undefined) await pull(s, fields.image);
  for (const secret of request.secrets ?? [])
    if (!s.secrets?.has(secret.name)) throw new ApiError(500, `secret ${secret.name} not found`);
  const { transport } = fields;
  if (transport && !kTransports.includes(transport))
    throw new ApiError(400, `invalid run configuration provided: Failed to build run config: failed to validate run config: invalid transport mode: ${transport}. Valid modes are: ${kTransports.join(', ')}`);
  return fields;
}

function from_registry(s, { registry, server }) {
  if (!registry) return {};
  const failed = 'failed to resolve server from registry';
  if (registry !== 'default') throw new ApiError(400, `${failed}: unknown registry "${registry}"; only "default" is currently supported`);
  if (s.registry.error) throw new ApiError(503, `${failed}: the registry cannot be read`);
  const found = s.registry.find(server);
  if (!found) throw new ApiError(404, `${failed}: server "${server}" not found in registry: server not found: ${server}`);
  const e = found.entry;
  const defaults = Object.fromEntries((e.env_vars ?? []).filter(v => v.default !== undefined && !v.secret).map(v => [v.name, v.default]));
  return {
    registry_server_name: e.name, transport: e.transport, env_vars: defaults,
    ...(found.remote ? { url: e.url, oauth_config: e.oauth_config } : { image: e.image, target_port: e.target_port, cmd_arguments: e.args ?? [], permission_profile: e.permissions }),
  };
}

const kKnown = ['image', 'url', 'transport', 'group', 'secrets', 'cmd_arguments', 'target_port', 'proxy_mode', 'volumes', 'tools', 'tools_override', 'permission_profile', 'oauth_config', 'headers', 'header_forward'];
function own_fields(request) {
  const own = Object.fromEntries(kKnown.filter(k => request[k] !== undefined && request[k] !== '' && request[k] !== null).map(k => [k, request[k]]));
  if (request.env_vars) own.env_vars = request.env_vars;
  return own;
}

// images: {reference: {pull_ms?, missing?, timeout?}}; one that is not named is there at once.
async function pull(s, image) {
  const how = s.images[image] ?? {};
  if (how.pull_ms) await sleep(how.pull_ms);
  const failed = 'failed to retrieve or pull image';
  if (how.timeout) throw new ApiError(500, `${failed}: deadline exceeded`);
  if (how.missing) throw new ApiError(404, `${failed}: image not found in registry, please check the image name or tag: ${image}`);
}
