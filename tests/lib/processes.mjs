// The process table, from /proc.
import fs from 'node:fs';

function read(path) { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } }

export function processes() {
  return fs.readdirSync('/proc').filter(n => /^\d+$/.test(n)).map(n => {
    const stat = read(`/proc/${n}/stat`);
    const [state, ppid, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: +n, state, ppid: +ppid, group: +group, command: read(`/proc/${n}/cmdline`).replaceAll('\0', ' ').trim() };
  }).filter(p => p.state !== undefined && p.state !== 'Z');
}

// Processes whose environment or command line holds `marker`: how a test finds what its servers
// left behind, whoever their parent is now.
export function marked(marker) {
  return processes().filter(p => p.pid !== process.pid
    && (p.command.includes(marker) || read(`/proc/${p.pid}/environ`).includes(marker)));
}

export function alive(pid) { return processes().some(p => p.pid === pid); }

// Bytes of memory that the process has to itself (resident, not counting mapped files).
export function resident_bytes(pid) {
  const anonymous = /^RssAnon:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`));
  return anonymous ? +anonymous[1] * 1024 : 0;
}

// Seconds of processor time that the process has used.
export function cpu_seconds(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (+fields[11] + +fields[12]) / 100;
}
