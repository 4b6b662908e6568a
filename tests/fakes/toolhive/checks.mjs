// What requests are checked for, and what is said to those that fail. Texts that no recording shows are marked [guess].
import { ApiError } from './answers.mjs';

const kCharacters = 'workload name can only contain alphanumeric characters, dots, hyphens, and underscores';

export function check_name(name) {
  const bad = !name ? 'workload name cannot be empty' : name.length > 100 ? 'workload name too long: must be 100 characters or less'           // [guess]
    : !/^[a-zA-Z0-9._-]+$/.test(name) ? kCharacters : name.includes('..') ? 'workload name cannot contain path traversal' : undefined;         // [guess]
  if (bad) throw new ApiError(400, `invalid workload name: ${bad}`);
}
export function check_group(name) {
  const bad = !name ? 'group name cannot be empty' : name !== name.toLowerCase() ? 'group name must be lowercase'
    : !/^[a-z0-9_ -]+$/.test(name) ? 'group name can only contain lowercase alphanumeric characters, underscores, dashes and spaces' : undefined;      // [guess]
  if (bad) throw new ApiError(400, `invalid group name: ${bad}`);
}
export function decode_json(body) {
  const raw = body.toString();
  if (!raw.trim()) throw new ApiError(400, 'failed to decode request: EOF');
  try { return JSON.parse(raw); } catch (e) {
    const cut = /Unexpected end|Unterminated|Expected/.test(e.message) && !/[}\]]\s*$/.test(raw);
    throw new ApiError(400, `failed to decode request: ${cut ? 'unexpected EOF' : `invalid character '${raw.trim()[0]}' looking for beginning of value`}`);
  }
}
