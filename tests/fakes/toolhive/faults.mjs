// Faults that a test orders: which route, for which workloads, what goes wrong, how often.
//   {on: 'details', fault: 'hanging', names?: ['a'], times?: 2, ms?: 500, status?: 418, body?: 'text'}
// The true answer is made first, so that a truncated one is the beginning of the truth.
import { send } from './answers.mjs';

// Names of routes: api.mjs has the paths. '*' stands for all of them.
export const kReads = ['health', 'version', 'list', 'details', 'export', 'status', 'registries', 'registry', 'registry_servers',
  'registry_server', 'registry_v01', 'groups', 'secrets'];
export const kRoutes = [...kReads, 'create', 'edit', 'stop', 'restart', 'delete', 'logs', 'other'];

const kHtml = '<!doctype html>\n<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n';
const answer = (status, type, body) => ({ status, headers: { 'Content-Type': type }, body: Buffer.from(body) });
const like = (type, body) => (res, f, truth) => send(res, { ...answer(200, type, body), headers: { ...truth.headers, 'Content-Type': type } });

export const kFaults = {
  500: res => send(res, answer(500, 'text/plain; charset=utf-8', 'Internal Server Error\n')),
  503: res => send(res, answer(503, 'text/plain; charset=utf-8', 'service unavailable\n')),
  404: res => send(res, answer(404, 'text/plain; charset=utf-8', '404 page not found\n')),
  401: res => send(res, { ...answer(401, 'text/plain; charset=utf-8', 'Unauthorized\n'), headers: { 'WWW-Authenticate': 'Bearer' } }),
  // Any other answer, with `status` and `body`.
  answer: (res, f, truth) => send(res, answer(f.status ?? 200, f.type ?? truth.headers['Content-Type'] ?? 'application/json', f.body ?? '')),
  html: like('text/html', kHtml),
  empty: like('application/json', ''),
  wrong_shape: like('application/json', '{"hello":["world",17,null]}\n'),
  not_json: like('application/json', '{"workloads": [{"name": "a", \n'),
  null: like('application/json', 'null\n'),
  // Says how long it is, stops half way.
  truncated(res, f, { status, headers, body }) {
    res.writeHead(status, { ...headers, 'Content-Length': body.length + 1 });
    res.write(body.subarray(0, body.length >> 1), () => res.destroy());
  },
  hanging() {},                                    // the connection stays; `clear` or the client ends it
  closed: res => res.destroy(),
  slow: (res, f, truth) => setTimeout(() => send(res, truth), f.ms ?? 1_000),
};

export class Faults {
  #rules = [];
  #held = new Set();

  add(rule) {
    if (!kRoutes.includes(rule.on) && rule.on !== '*') throw new Error(`no route ${rule.on}; there are ${kRoutes}`);
    if (!Object.hasOwn(kFaults, rule.fault)) throw new Error(`no fault ${rule.fault}; there are ${Object.keys(kFaults)}`);
    this.#rules.push({ ...rule, left: rule.times ?? Infinity });
  }
  // Ends all faults, or those of one route. Whoever hangs is cut off: nothing is answered late.
  clear(on) {
    this.#rules = this.#rules.filter(r => on !== undefined && r.on !== on);
    for (const res of this.#held) if (on === undefined || res.route === on) res.destroy();
  }
  // The rule for this request, which is thereby used once.
  take(route, name) {
    const rule = this.#rules.find(r => r.left > 0 && (r.on === route || r.on === '*') && (r.names === undefined || r.names.includes(name)));
    if (rule) rule.left--;
    return rule;
  }
  inflict(rule, res, route, truth) {
    if (rule.fault === 'hanging') {
      res.route = route;
      this.#held.add(res);
      res.on('close', () => this.#held.delete(res));
    }
    kFaults[rule.fault](res, rule, truth);
  }
}
