#!/usr/bin/env node
// An embeddings service that understands twenty words: OpenAI's POST /v1/embeddings and TEI's GET
// /info and POST /embed. A text's vector counts the meanings of its words, so that "cat" is near
// "feline" and nothing else is. Prints {"port"}; POST /ctl {"down"?: bool, "delay"?: ms, "key"?: string}
// changes its mood, GET /ctl says how many texts it has seen.
import http from 'node:http';

const kMeanings = [
  ['cat', 'feline', 'kitten'], ['invoice', 'bill', 'billing'], ['weather', 'forecast', 'rain'], ['car', 'vehicle', 'automobile'],
  ['doctor', 'physician', 'medic'], ['picture', 'image', 'photo'], ['money', 'cash', 'currency'], ['ship', 'vessel', 'boat'],
];
let mood = {}, seen = 0, requests = 0;

function vector_of(text) {
  const words = text.toLowerCase().split(/[^a-z]+/);
  const v = kMeanings.map(m => words.filter(w => m.includes(w)).length);
  v.push(0.1);  // never the zero vector
  return v;
}

http.createServer((req, res) => {
  let body = '';
  req.on('data', d => { body += d; }).on('end', async () => {
    const answer = (status, value) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (req.url === '/ctl') {
      if (req.method === 'POST') mood = JSON.parse(body);
      return answer(200, { seen, requests });
    }
    requests++;
    if (mood.delay) await new Promise(r => setTimeout(r, mood.delay));
    if (mood.down) return answer(503, { error: { message: 'model is loading' } });
    if (mood.key && req.headers.authorization !== `Bearer ${mood.key}`) return answer(401, { error: { message: 'wrong key' } });
    if (req.url === '/info') return answer(200, { model_id: 'twenty-words', max_client_batch_size: 4 });
    const { input, inputs } = JSON.parse(body);
    const texts = [input ?? inputs].flat();
    seen += texts.length;
    if (req.url === '/embed') return texts.length > 4 ? answer(413, { error: 'batch too large' }) : answer(200, texts.map(vector_of));
    if (req.url === '/v1/embeddings') return answer(200, { object: 'list', model: 'twenty-words', data: texts.map((t, index) => ({ object: 'embedding', index, embedding: vector_of(t) })) });
    answer(404, { error: 'nothing here' });
  });
}).listen(0, '127.0.0.1', function () { console.log(JSON.stringify({ port: this.address().port })); });
