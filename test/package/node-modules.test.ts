// dist/node: few files for an import to load, and each module in one of them alone.
import { readdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { closureOf } from '../../build/node-modules.ts';
import { root } from '../../build/root.ts';

await buildIfStale();
const test = suite("Node's own modules");

test('an import of the package loads a handful of files, and nothing of Kerberos, HTTP or Secur32', async () => {
  const files = [...await closureOf('dist/node/index.js')];
  assert.ok(files.length <= 4, files.join(' '));
  const code = (await Promise.all(files.map((file) => readFile(root + file, 'utf8')))).join('\n');
  assert.ok(code.includes('core-wasm.js'));
  for (const later of ['KDC_ERR_PREAUTH_REQUIRED', 'Proxy-Authenticate', 'SEC_WINNT_AUTH_IDENTITY_EXW']) assert.not.ok(code.includes(later), later);
});

test('no module is there twice: a second SspiError would be another class', async () => {
  const places = new Map<string, string[]>();
  for (const name of await readdir(`${root}dist/node`, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    // What esbuild writes above the code of each module that it took in.
    for (const [, module] of (await readFile(`${root}dist/node/${name}`, 'utf8')).matchAll(/^\/\/ ((?:src|backends|dist)\/\S+)$/gm)) {
      places.set(module!, [...places.get(module!) ?? [], name]);
    }
  }
  assert.ok(places.size > 20, `${places.size} modules`);
  assert.equal([...places.keys()].filter((module) => !module.startsWith('dist/')), [], 'made of the sources, beside what dist/ has of them');
  assert.equal([...places].filter(([, files]) => files.length > 1), []);
});

test('the entries share their classes', async () => {
  const [index, testing] = await Promise.all(['index', 'testing'].map((name) => import(`${root}dist/node/${name}.js`)));
  const realm = await testing.createTestRealm({ users: { alice: 'secret' } });
  const client = await index.createInitiator({ target: 'HTTP/web', credential: { user: 'alice@TEST.REALM', password: 'guess' }, kerberos: realm.kerberos });
  const error = await client.step().catch((one: unknown) => one);
  assert.instance(error, index.SspiError);
  assert.is(error.kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
});

test.run();
