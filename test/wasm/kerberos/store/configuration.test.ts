// Which files make the configuration: KRB5_CONFIG, as Unix and as Windows write a list of paths.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../../../backends/contract/host.ts';
import { readConfiguration } from '../../../../backends/wasm/kerberos/store/configuration.ts';
import { failure } from '../../../contract/support.ts';

const test = suite('the configuration of Kerberos');

function host(named: string | undefined, files: readonly string[] = []): { host: Host; read: string[] } {
  const read: string[] = [];
  return {
    read,
    host: {
      now: () => new Date(0), random: (length) => new Uint8Array(length), environment: (name) => (name === 'KRB5_CONFIG' ? named : undefined),
      async readFile(path) {
        read.push(path);
        return files.includes(path) ? new TextEncoder().encode(`[realms]\n${path.replace(/\W/g, '_').toUpperCase()} = { kdc = kdc }\n`) : null;
      },
    },
  };
}

for (const [named, paths] of [
  ['/etc/a.conf', ['/etc/a.conf']], ['/etc/a.conf:/home/alice/b.conf', ['/etc/a.conf', '/home/alice/b.conf']], ['a.conf:b.conf', ['a.conf', 'b.conf']], ['/etc/a;b.conf', ['/etc/a;b.conf']],
  [':/etc/a.conf:', ['/etc/a.conf']],
  ['C:\\krb5.conf', ['C:\\krb5.conf']], ['C:/krb5.conf', ['C:/krb5.conf']], ['C:\\Users\\alice\\krb5.conf;D:\\site\\krb5.conf', ['C:\\Users\\alice\\krb5.conf', 'D:\\site\\krb5.conf']],
  ['\\\\server\\share\\krb5.conf;C:\\krb5.conf', ['\\\\server\\share\\krb5.conf', 'C:\\krb5.conf']],
] as const) {
  test(`KRB5_CONFIG=${named}`, async () => {
    const it = host(named, paths);
    assert.ok(await readConfiguration({}, it.host) !== null);
    assert.equal(it.read, paths);
    const missing = host(named);
    const error = await failure('SEC_E_INVALID_PARAMETER', readConfiguration({}, missing.host));
    assert.ok(error.message.includes(`KRB5_CONFIG names '${named}'`));
  });
}

test('without it /etc/krb5.conf, which may be missing', async () => {
  const it = host(undefined);
  assert.is(await readConfiguration({}, it.host), null);
  assert.equal(it.read, ['/etc/krb5.conf']);
  await failure('SEC_E_INVALID_PARAMETER', readConfiguration({}, host(':').host));
});

test.run();
