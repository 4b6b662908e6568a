// $XDG_STATE_HOME/toolhive/server/server.json, as ToolHive writes it: folder 0700, file 0600, replaced in one step.
import fs from 'node:fs';
import path from 'node:path';

export const discovery_path = state_home => path.join(state_home, 'toolhive/server/server.json');

export function write_discovery(state_home, { url, pid, nonce, started_at = new Date().toISOString() }) {
  const file = discovery_path(state_home);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${file}.new`, JSON.stringify({ url, pid, nonce, started_at }), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
  return file;
}
export function remove_discovery(state_home) { fs.rmSync(discovery_path(state_home), { force: true }); }
