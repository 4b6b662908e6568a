// Data directories that cannot be used, each in its own way.
import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { kBinary, run, temp_dir } from './optimizer.mjs';

// Name and hash of each file under `folder` (write-ahead logs aside, which reading may touch).
export function snapshot(folder) {
  if (!folder) return [];
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter(e => e.isFile() && !/-(wal|shm)$/.test(e.name))
    .map(e => [e.name, createHash('sha256').update(fs.readFileSync(path.join(e.parentPath, e.name))).digest('hex')]).sort();
}

// A catalog as a run leaves it, and the path of its database.
async function good_data(t, config) {
  const data = path.join(temp_dir(), 'data');
  const r = await run(t, ['ingest', '--config', config, '--data-dir', data]);
  if (r.status !== 0) throw new Error(r.stderr);
  const name = fs.readdirSync(data).find(f => fs.readFileSync(path.join(data, f)).subarray(0, 15).toString() === 'SQLite format 3');
  return { data, database: path.join(data, name) };
}

// Python's sqlite3: Node 22.0 to 22.12 have none.
function sql(database, statements) {
  const r = spawnSync('python3', ['-c', 'import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()', database, statements]);
  if (r.status !== 0) throw new Error(String(r.stderr));
}

// {data: folder for --data-dir, watch: folder whose files must stay, options: for run} or {skip: why}.
export async function damage_data(t, how, config) {
  const dir = temp_dir();
  switch (how) {
    case 'under-a-file':
      fs.writeFileSync(path.join(dir, 'file'), 'I am a file\n');
      return { data: path.join(dir, 'file', 'data'), watch: dir };
    case 'not-writable': {
      if (process.getuid() === 0) return { data: '/proc/mcp-optimizer' };       // modes do not stop root
      const data = path.join(dir, 'data');
      fs.mkdirSync(data, { mode: 0o500 });
      return { data, watch: data };
    }
    case 'not-a-database': {
      const { data, database } = await good_data(t, config);
      fs.writeFileSync(database, 'Dear diary, '.repeat(1_000));
      return { data, watch: data };
    }
    case 'foreign': {
      const { data, database } = await good_data(t, config);
      for (const f of fs.readdirSync(data)) fs.rmSync(path.join(data, f), { recursive: true });
      sql(database, 'CREATE TABLE mcpservers_tool (id INTEGER PRIMARY KEY, details TEXT); INSERT INTO mcpservers_tool VALUES (1, \'precious\');');
      return { data, watch: data };
    }
    case 'corrupted': {
      const { data, database } = await good_data(t, config);
      const bytes = fs.readFileSync(database);
      for (let i = 4096 + 100; i < bytes.length; i += 512) bytes.fill(0xa5, i, i + 64);
      fs.writeFileSync(database, bytes);
      for (const f of fs.readdirSync(data)) if (/-(wal|shm)$/.test(f)) fs.rmSync(path.join(data, f));
      return { data, watch: data };
    }
    case 'newer': {
      const { data, database } = await good_data(t, config);
      sql(database, 'PRAGMA user_version = 9999;');
      return { data, watch: data };
    }
    case 'full': {
      // A small file system of our own; where that is not allowed, a limit on the size of files.
      const data = path.join(dir, 'data');
      fs.mkdirSync(data);
      const small = spawnSync('unshare', ['-rm', 'true']).status === 0;
      const prepare = small ? `mount -t tmpfs -o size=200k none '${data}'` : "trap '' XFSZ; ulimit -f 100";
      const script = `${prepare} && timeout --preserve-status -s TERM 6 "$0" "$@"`;
      return { data, options: { program: [...(small ? ['unshare', '-rm'] : []), 'bash', '-c', script, kBinary] } };
    }
    default: throw new Error(`no damage called ${how}`);
  }
}
