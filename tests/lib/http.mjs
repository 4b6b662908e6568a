// HTTP without a client library in between: what is sent is what the test says.
import http from 'node:http';
import net from 'node:net';
import { within } from './wait.mjs';

// {status, headers, body (Buffer), text}. `host` replaces the Host header.
export function request(url, { method = 'GET', headers = {}, body, timeout = 60_000, agent } = {}) {
  const u = new URL(url);
  return within(timeout + 500, `${method} ${url}`, new Promise((resolve, reject) => {
    const r = http.request({ host: u.hostname, port: u.port, path: u.pathname + u.search, method, headers, agent, timeout }, res => {
      const parts = [];
      res.on('data', d => parts.push(d));
      res.on('error', reject);
      res.on('end', () => {
        const all = Buffer.concat(parts);
        resolve({ status: res.statusCode, headers: res.headers, body: all, text: all.toString() });
      });
    });
    r.on('timeout', () => r.destroy(new Error(`no answer within ${timeout} ms`)));
    r.on('error', reject);
    r.end(body);
  }));
}

// An answer that comes in parts: {status, headers, next() -> one SSE event's data or undefined at the end, close()}.
export function open_stream(url, { method = 'GET', headers = {}, body, timeout = 60_000 } = {}) {
  const u = new URL(url);
  return within(timeout, `${method} ${url}`, new Promise((resolve, reject) => {
    const r = http.request({ host: u.hostname, port: u.port, path: u.pathname + u.search, method, headers }, res => {
      const events = [], waiting = [];
      let rest = '', ended = false;
      const give = e => { const w = waiting.shift(); if (w) w(e); else events.push(e); };
      res.setEncoding('utf8');
      res.on('data', d => {
        rest += d;
        for (let i; (i = rest.search(/\r?\n\r?\n/)) >= 0;) {
          const block = rest.slice(0, i);
          rest = rest.slice(i).replace(/^\r?\n\r?\n/, '');
          const data = block.split(/\r?\n/).filter(l => l.startsWith('data:')).map(l => l.slice(5).replace(/^ /, '')).join('\n');
          if (data) give(data);
        }
      });
      const finish = () => { if (!ended) { ended = true; for (const w of waiting.splice(0)) w(undefined); } };
      res.on('end', finish).on('close', finish).on('error', finish);
      resolve({
        status: res.statusCode, headers: res.headers, close: () => r.destroy(),
        ended: () => ended, rest: () => rest,
        next: (ms = 10_000) => within(ms, 'an event', new Promise(done => {
          if (events.length) done(events.shift()); else if (ended) done(undefined); else waiting.push(done);
        })),
      });
    });
    r.on('error', reject);
    r.end(body);
  }));
}

// Sends `bytes` over a socket and returns everything that comes back until the other side closes or `ms` pass.
export function exchange(port, bytes, { ms = 3_000 } = {}) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const s = net.connect(+port, '127.0.0.1', () => s.write(bytes));
    const end = () => { clearTimeout(timer); s.destroy(); resolve(Buffer.concat(parts).toString('latin1')); };
    const timer = setTimeout(end, ms);
    s.on('data', d => parts.push(d)).on('end', end);
    s.on('error', e => (parts.length ? end() : (clearTimeout(timer), reject(e))));
  });
}
