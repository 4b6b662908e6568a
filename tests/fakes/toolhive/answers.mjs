// What handlers return, and how it reaches the wire the way Go's net/http writes it.
//   answer = {status, headers, body}: body is a Buffer; nothing is sent before a fault has had its say.

const kText = 'text/plain; charset=utf-8';

// Go's json.Encoder: compact, these five characters escaped, a newline at the end.
export function go_json(value) {
  const text = JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  return Buffer.from(text + '\n');
}
export const json = (value, status = 200) => ({ status, headers: { 'Content-Type': 'application/json' }, body: go_json(value) });
export const text = (message, status = 200, type = kText) => ({ status, headers: { 'Content-Type': type }, body: Buffer.from(message) });
// The default of everything under /api/: JSON is announced even where nothing follows.
export const empty = (status, headers = {}) => ({ status, headers: { 'Content-Type': 'application/json', ...headers }, body: Buffer.alloc(0) });

// An error as ToolHive's handler writes it: 4xx and 502 to 504 keep their message, 500 never does.
export class ApiError extends Error {
  constructor(status, message) { super(message); this.status = status; }
}
export function failure(e) {
  if (!(e instanceof ApiError)) throw e;
  return text((e.status === 500 ? 'Internal Server Error' : e.message) + '\n', e.status);
}
// The other shape, which only some registry routes use.
export const json_error = (status, code, message) => json({ code, message }, status);

// net/http gives a length to what fits its buffer and sends the rest in chunks.
const kBuffer = 2048;
export function send(res, { status, headers, body }) {
  if (body.length === 0) return res.writeHead(status, status === 204 ? headers : { ...headers, 'Content-Length': 0 }).end();
  if (body.length <= kBuffer) return res.writeHead(status, { ...headers, 'Content-Length': body.length }).end(body);
  res.writeHead(status, headers).write(body.subarray(0, kBuffer));
  res.end(body.subarray(kBuffer));
}
