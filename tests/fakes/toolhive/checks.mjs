// What requests are checked for, and what is said to those that fail: seen on the real one (tests/live compares).
import { ApiError } from './answers.mjs';

const kCharacters = 'workload name can only contain alphanumeric characters, dots, hyphens, and underscores';
const kGroupCharacters = 'group name can only contain lowercase alphanumeric characters, underscores, dashes, and spaces';

export function check_name(name) {
  const bad = !name ? 'workload name cannot be empty' : name === '..' ? 'workload name contains path traversal'
    : !/^[a-zA-Z0-9._-]+$/.test(name) ? kCharacters : name.length > 100 ? 'workload name too long (max 100 characters)' : undefined;
  if (bad) throw new ApiError(400, `invalid workload name: ${bad}`);
}
export function check_group(name) {
  const bad = !name?.trim() ? 'group name cannot be empty or consist only of whitespace' : name !== name.toLowerCase() ? 'group name must be lowercase'
    : !/^[a-z0-9_\- ]+$/.test(name) ? `${kGroupCharacters}: "${name}"` : name !== name.trim() ? `group name cannot have leading or trailing whitespace: "${name}"` : undefined;
  if (bad) throw new ApiError(400, `invalid group name: ${bad}`);
}

// Go's json.Decoder: takes the first value, whatever follows it; `prefix` is how the route begins its complaint.
export function decode_json(body, { prefix = 'failed to decode request', type = 'v1.createRequest', strings = [] } = {}) {
  const text = body.toString(), fail = why => { throw new ApiError(400, `${prefix}: ${why}`); };
  if (!text.trim()) fail('EOF');
  const value = first_value(text, fail);
  const kind = v => (Array.isArray(v) ? 'array' : typeof v);
  if (value === null) return {};
  if (kind(value) !== 'object') fail(`json: cannot unmarshal ${kind(value)} into Go value of type ${type}`);
  for (const key of strings)
    if (value[key] != null && typeof value[key] !== 'string') fail(`json: cannot unmarshal ${kind(value[key])} into Go struct field ${type.split('.').at(-1)}.${key} of type string`);
  return value;
}
function first_value(text, fail) {
  try { return JSON.parse(text); } catch (e) {
    const trailing = /after JSON at position (\d+)/.exec(e.message);
    if (trailing) return JSON.parse(text.slice(0, +trailing[1]));
    const at = /at position (\d+)/.exec(e.message);
    if (!at || +at[1] >= text.trimEnd().length) return fail('unexpected EOF');
    return fail(`invalid character '${text[+at[1]]}' looking for beginning of value`);       // the real text varies with the place
  }
}
