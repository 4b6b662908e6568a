// Starts tests/fakes/fake_embeddings.mjs: a service for which "cat" means "feline".
import path from 'node:path';
import { spawn } from 'node:child_process';
import { request } from './http.mjs';
import { kRoot, model_folder } from './optimizer.mjs';
import { until } from './wait.mjs';

export class EmbeddingsFake {
  static async start(t) {
    const f = new EmbeddingsFake();
    f.child = spawn(process.execPath, [path.join(kRoot, 'tests/fakes/fake_embeddings.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => f.stop());
    let out = '';
    f.child.stdout.on('data', d => { out += d; });
    f.origin = `http://127.0.0.1:${(await until('the service to start', () => out.includes('\n') && JSON.parse(out))).port}`;
    return f;
  }
  async mood(mood) { await request(`${this.origin}/ctl`, { method: 'POST', body: JSON.stringify(mood) }); }
  async stats() { return JSON.parse((await request(`${this.origin}/ctl`)).text); }
  stop() { this.child.kill('SIGKILL'); }
}

// For tests that need the model: they say so where they are skipped.
export const needs_model = { skip: model_folder() ? false : 'no embedding model beside the program (./do setup fetches it)' };
