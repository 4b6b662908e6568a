// The official MCP conformance runner against our endpoint: each of its checks is a test here.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Optimizer, kModules, temp_dir } from '../lib/optimizer.mjs';
import { stdio_fake } from '../lib/fake.mjs';

// Those that a gateway can meet without a backend's fixture tools.
const kScenarios = ['server-initialize', 'ping', 'logging-set-level', 'tools-list', 'dns-rebinding-protection',
  'server-sse-multiple-streams', 'http-header-validation', 'server-stateless'];

const allowed = new Set(fs.readFileSync(path.join(import.meta.dirname, 'baseline.txt'), 'utf8')
  .split('\n').filter(l => l && !l.startsWith('#')).map(l => l.split(/\s+/).join(' ')));

async function run_scenario(url, scenario) {
  const out = temp_dir();
  const runner = spawn(process.execPath, [path.join(kModules, '.bin/conformance'), 'server', '--url', url, '--scenario', scenario, '--output-dir', out],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  runner.stdout.on('data', d => { log += d; });
  runner.stderr.on('data', d => { log += d; });
  await once(runner, 'close');
  const result = fs.readdirSync(out, { recursive: true }).find(f => f.endsWith('checks.json'));
  assert.ok(result, `the runner gave no result:\n${log}`);
  return JSON.parse(fs.readFileSync(path.join(out, result), 'utf8'));
}

test('conformance', async t => {
  const optimizer = await Optimizer.start(t, { servers: { fake: stdio_fake() } });
  for (const scenario of kScenarios) {
    await t.test(scenario, async s => {
      const checks = await run_scenario(optimizer.url, scenario);
      assert.ok(checks.length > 0, 'no checks');
      for (const check of checks) {
        if (check.status === 'INFO' || check.status === 'SKIPPED') continue;
        await s.test(check.id, () => {
          if (allowed.has(`${scenario} ${check.id}`)) {
            assert.notEqual(check.status, 'SUCCESS', 'passes now: take it out of baseline.txt');
          } else {
            assert.equal(check.status, 'SUCCESS', `${check.errorMessage ?? check.description}\n${JSON.stringify(check.details)?.slice(0, 2000)}`);
          }
        });
      }
    });
  }
});
