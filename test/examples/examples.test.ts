// Every example runs to its end, and prints what its comments say (`// → text`), in that order.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { root } from '../../build/root.ts';

await buildIfStale();
const test = suite('examples');

const examples = readdirSync(`${root}examples`).filter((file) => file.endsWith('.js'));

for (const example of examples) {
  test(example, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${example}`], { cwd: root, encoding: 'utf8', timeout: 20_000 });
    assert.is(status, 0, stderr);
    const printed = stdout.split('\n');
    let from = 0;
    for (const [, promised] of readFileSync(`${root}examples/${example}`, 'utf8').matchAll(/\/\/ → (.*)$/gm)) {
      const at = printed.indexOf(promised!.trim(), from);
      assert.ok(at >= 0, `'${promised}' is not printed (in its place) by ${example}:\n${stdout}`);
      from = at + 1;
    }
    assert.ok(stdout.trim().length > 0, 'an example that shows nothing');
  });
}

test('http-server.ts and http-fetch.ts speak with each other', async () => {
  const server = spawn(process.execPath, [...TYPESCRIPT, 'examples/http-server.ts'], { cwd: root, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(server.stdout, 'data') as [Buffer];
    const ask = (password: string) => spawnSync(process.execPath, [...TYPESCRIPT, 'examples/http-fetch.ts', line.toString().trim()], {
      cwd: root, encoding: 'utf8', timeout: 20_000, env: { ...process.env, SSPI_USER: 'ADTEST\\alice', SSPI_PASSWORD: password },
    });
    const admitted = ask('wonderland');
    assert.match(admitted.stdout, /200 OK[\s\S]*Hello alice of ADTEST, by NTLM\./, admitted.stderr);
    const refused = ask('not that');
    assert.not.match(refused.stdout, /200 OK|Hello/);
  } finally {
    server.kill();
  }
});

const TYPESCRIPT = ['--import', './build/register.js'];

test('the index names each', () => {
  const index = readFileSync(`${root}examples/README.md`, 'utf8');
  assert.ok(examples.length > 0);
  for (const example of readdirSync(`${root}examples`).filter((file) => /\.[jt]s$/.test(file))) assert.ok(index.includes(`(${example})`), example);
});

test.run();
