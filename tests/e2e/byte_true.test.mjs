// What a server answers comes back as it was written: the text itself, not a value read and printed anew.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Optimizer } from '../lib/optimizer.mjs';
import { HttpFake, stdio_fake } from '../lib/fake.mjs';
import { LegacySession, kAccept, kModern, message_text, meta } from '../lib/mcp.mjs';
import { request } from '../lib/http.mjs';

// Members of a result, each as text that a JSON library would change.
const kMembers = [
  '"content":[{"type":"text","text":"\\u0041\\/ \\ud834\\udd1e \\u00e9 é \\t"}]',
  '"content":[{"type":"image","data":"aGVsbG8=","mimeType":"image/png","annotations":{"priority":1.0}},{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]',
  '"structuredContent":{"big":12345678901234567890123456789,"one":1.0,"huge":1e400,"tiny":-0.0,"e":1E+2}',
  '"structuredContent":{"a":1,"a":2,"":null," spaced ":[ 1 ,\t2 ]}',
  '"isError":false',
  '"_meta":{"vendor.example/trace":{"n":9007199254740993},"other":[1.10]}',
  '"somethingNew":{"from":"a later revision","v":[0.10,1e-7]}',
];
const results = [
  ...kMembers.filter(m => !m.startsWith('"content"')).map(m => `{"content":[],${m}}`),
  ...kMembers.filter(m => m.startsWith('"content"')).map(m => `{${m}}`),
  `{"content":[{"type":"text","text":"all"}],${kMembers.filter(m => /^"(isError|_meta|somethingNew)/.test(m)).join(',')},${kMembers[2]}}`,
  `{"content":[{"type":"resource","resource":{"uri":"a://b","text":"t","x":1.50}},{"type":"unknown_kind","payload":{"n":1.0}}]}`,
];
const members_of = raw => raw.slice(1, -1);

async function raw_modern(url, server, raw) {
  const body = JSON.stringify({
    jsonrpc: '2.0', id: 'x', method: 'tools/call',
    params: { name: 'call_tool', arguments: { server_name: server, tool_name: 'bytes', parameters: { raw } }, _meta: meta() },
  });
  const answer = await request(url, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', accept: kAccept, 'mcp-protocol-version': kModern, 'mcp-method': 'tools/call', 'mcp-name': 'call_tool' },
  });
  return message_text(answer);
}

// Every member of `raw`, as text, occurs in the answer.
function assert_verbatim(answer, raw, label) {
  for (const part of split_members(members_of(raw))) {
    if (part.startsWith('"_meta"')) {         // ours may stand beside the vendor's
      for (const inner of split_members(part.slice(part.indexOf('{') + 1, -1))) assert.ok(answer.includes(inner), `${label}: ${inner}\nnot in ${answer}`);
    } else assert.ok(answer.includes(part), `${label}: ${part}\nnot in ${answer}`);
  }
}

// The members of an object's inside, as text, at its top level.
function split_members(text) {
  const parts = [];
  let depth = 0, quoted = false, from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) { if (c === '\\') i++; else if (c === '"') quoted = false; } else if (c === '"') quoted = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === ',' && depth === 0) { parts.push(text.slice(from, i)); from = i + 1; }
  }
  parts.push(text.slice(from));
  return parts;
}

test('results are byte-true', async t => {
  const http = await HttpFake.start(t);
  const o = await Optimizer.start(t, {
    servers: { stdio: stdio_fake(), http: http.entry(), sse_answers: http.entry('answer=sse'), old_sse: http.sse_entry('max-version=2024-11-05'), dual: http.entry('era=dual') },
  });
  const session = await LegacySession.open(o.url);
  for (const server of ['stdio', 'http', 'sse_answers', 'old_sse', 'dual']) {
    await t.test(`${server} to a client of 2026-07-28`, async () => {
      for (const raw of results) assert_verbatim(await raw_modern(o.url, server, raw), raw, server);
    });
    await t.test(`${server} to a client of 2025-11-25`, async () => {
      for (const raw of results) {
        const answer = await session.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'call_tool', arguments: { server_name: server, tool_name: 'bytes', parameters: { raw } } } });
        assert_verbatim(message_text(answer), raw, server);
      }
    });
  }

  await t.test('parameters reach the server as they were written', async () => {
    const parameters = '{"n":12345678901234567890123456789,"f":1.0,"e":1e400,"s":"\\u0041\\/é","nested":{"a":[1.10, 2],"":null}}';
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call_tool","arguments":{"server_name":"stdio","tool_name":"raw_request","parameters":${parameters}}}}`;
    const answer = JSON.parse(message_text(await session.post(body)));
    assert.ok(answer.result.content[0].text.includes(parameters), answer.result.content[0].text);
  });

  await t.test('a result of one megabyte', async () => {
    const answer = await session.tool('call_tool', { server_name: 'stdio', tool_name: 'big', parameters: { bytes: 1 << 20 } });
    assert.equal(answer.content[0].text.length, 1 << 20);
  });

  await t.test('ids come back with their type', async () => {
    for (const id of [0, 7, 'seven', '', '7', 9007199254740991]) {
      const answer = JSON.parse((await session.post({ jsonrpc: '2.0', id, method: 'ping' })).text);
      assert.equal(answer.id, id);
    }
  });
});

test('tool definitions keep the members of a later revision', async t => {
  const o = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  const session = await LegacySession.open(o.url);
  const { structuredContent } = await session.tool('find_tool', { tool_description: 'send the message back', tool_keywords: 'echo' });
  const { mcp_server_name, ...definition } = structuredContent.tools[0];
  assert.equal(mcp_server_name, 'fake');
  assert.deepEqual(definition, {
    name: 'echo', title: 'Echo', description: 'Sends the message back to the caller',
    inputSchema: { type: 'object', properties: { message: { type: 'string', description: 'what to send back' } }, required: ['message'] },
    annotations: { readOnlyHint: true },
  });
});
