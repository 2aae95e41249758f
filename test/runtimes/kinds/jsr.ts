// What jsr.json publishes: Deno checks it as `deno publish` does before it uploads, and runs it, which compiles sources as JSR's users do, without options.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { buildJsr } from '../../../build/jsr.ts';
import { root } from '../../../build/root.ts';
import type { Result } from '../programs/task.ts';
import { NODE_LIKE, type Runtime } from './kind.ts';
import { denoProgram } from './process.ts';

export function jsr(): Runtime {
  return {
    name: 'JSR',
    can: NODE_LIKE,
    version: async () => (JSON.parse(await readFile(`${root}jsr.json`, 'utf8')) as { version: string }).version,
    async run() {
      await buildJsr();
      const results: Result[] = [];
      for (const [test, check] of Object.entries(CHECKS)) {
        try {
          await check();
          results.push({ suite: 'jsr', test, state: 'passed' });
        } catch (error) {
          results.push({ suite: 'jsr', test, state: 'failed', reason: error instanceof Error ? error.stack ?? String(error) : String(error) });
        }
      }
      return { results, output: '', whole: true };
    },
  };
}

const CHECKS: Readonly<Record<string, () => void | Promise<void>>> = {
  'deno publish --dry-run takes it, types and all'() {
    const { status, stdout, stderr } = spawnSync(denoProgram(), ['publish', '--dry-run', '--allow-dirty'], { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
    assert.is(status, 0, stdout + stderr);
    assert.match(stderr, /Success Dry run complete/);
  },
  async 'its sources make a handshake with Kerberos'() {
    const program = join(root, 'dist/jsr/handshake.ts');
    await writeFile(program, HANDSHAKE);
    try {
      const said = execFileSync(denoProgram(), ['run', '-A', '--no-lock', '--no-check', '--config', 'jsr.json', program], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      assert.is(said.trim(), 'Kerberos alice@AD.TEST true');
    } finally {
      await rm(program);
    }
  },
};

const HANDSHAKE = `import { createAcceptor, createInitiator } from './src/index.ts';
import { createTestRealm } from './src/testing/index.ts';
const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'x' }, services: ['HTTP/web.ad.test'] });
const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: realm.authData('alice'), kerberos: realm.kerberos });
const server = await createAcceptor({ credential: { keytab: realm.keytab('HTTP/web.ad.test') } });
await client.step(await server.step(await client.step()));
console.log(client.package, server.peer, client.complete && server.complete);
`;
