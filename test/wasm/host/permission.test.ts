import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { hostFiles } from '../../../backends/wasm/host/files.ts';
import { explainDenial, isGranted, isRefusalOfRuntime, permitted } from '../../../backends/wasm/host/permission.ts';

const test = suite('permissions of a runtime');

/** As Deno 2.9 throws it. */
function notCapable(message: string, name = 'NotCapable'): Error {
  return Object.assign(new Error(message), { name });
}

function asDeno<T>(granted: readonly string[], act: () => T): T {
  const global = globalThis as { Deno?: unknown };
  global.Deno = { permissions: { querySync: (wanted: { name: string; variable?: string; path?: string }) => ({ state: granted.includes(wanted.variable ?? wanted.path ?? wanted.name) ? 'granted' : 'prompt' }) } };
  try {
    return act();
  } finally {
    delete global.Deno;
  }
}

test('each refusal of Deno names its flag', () => {
  for (const [message, flag] of [
    ['Requires net access to "kdc.ad.test:88", run again with the --allow-net flag', '--allow-net=kdc.ad.test:88'],
    ['Requires read access to "/etc/krb5.conf", run again with the --allow-read flag', '--allow-read=/etc/krb5.conf'],
    ['Requires env access to "KRB5CCNAME", run again with the --allow-env flag', '--allow-env=KRB5CCNAME'],
    ['Requires write access to "/tmp/krb5cc_0.x", run again with the --allow-write flag', '--allow-write=/tmp'],
    ['Requires sys access to "uid", run again with the --allow-sys flag', '--allow-sys=uid'],
    ['Requires env access, run again with the --allow-env flag', '--allow-env'],
  ] as const) {
    for (const name of ['NotCapable', 'PermissionDenied']) { // Deno 1's name
      const cause = notCapable(message, name);
      const error = explainDenial(cause) as SspiError;
      assert.instance(error, SspiError);
      assert.is(error.remedy, `Run it with ${flag}.`);
      assert.is(error.cause, cause);
      assert.ok(isRefusalOfRuntime(error));
    }
  }
});

test('a name that Deno may not look up, only there', () => {
  const eperm = Object.assign(new Error('getaddrinfo EPERM kdc'), { code: 'EPERM', syscall: 'getaddrinfo' });
  assert.is((asDeno([], () => explainDenial(eperm, 'kdc:88')) as SspiError).remedy, 'Run it with --allow-net=kdc:88.');
  assert.is(explainDenial(eperm, 'kdc:88'), eperm);
});

test('Node\'s permission model', () => {
  const read = Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED', permission: 'FileSystemRead', resource: '/etc/krb5.keytab' });
  assert.is((explainDenial(read) as SspiError).remedy, 'Run it with --allow-fs-read=/etc/krb5.keytab.');
  const net = Object.assign(new Error('x'), { code: 'ERR_ACCESS_DENIED', permission: 'Net' });
  assert.is((explainDenial(net) as SspiError).remedy, 'Run it with --allow-net.');
});

test('any other error stays what it is', async () => {
  const other = Object.assign(new Error('no'), { code: 'EACCES' });
  assert.is(explainDenial(other), other);
  assert.is(explainDenial('text'), 'text');
  let caught: unknown;
  await permitted(async () => { throw other; }).catch((error: unknown) => { caught = error; });
  assert.is(caught, other);
  assert.is(await permitted(() => 5), 5);
});

test('what is optional asks for nothing: it goes without, and says so', async () => {
  const { environment, readFile, withheld } = hostFiles();
  process.env['PORTABLE_SSPI_TEST'] = 'set';
  try {
    assert.is(environment!('PORTABLE_SSPI_TEST', true), 'set');
    assert.is(asDeno([], () => environment!('PORTABLE_SSPI_TEST', true)), undefined);
    assert.is(asDeno(['PORTABLE_SSPI_TEST'], () => environment!('PORTABLE_SSPI_TEST', true)), 'set');
    assert.is(asDeno([], () => environment!('PORTABLE_SSPI_TEST')), 'set', 'asked for, and here it was granted');
    assert.is(await asDeno([], () => readFile!('/proc/self/status', true)), null);
    assert.ok(withheld!().includes('--allow-env=PORTABLE_SSPI_TEST'));
    assert.ok(withheld!().includes('--allow-read=/proc/self/status'));
  } finally {
    delete process.env['PORTABLE_SSPI_TEST'];
  }
  assert.ok(isGranted({ name: 'net' }));
  assert.not.ok(asDeno([], () => isGranted({ name: 'net' })));
});

test.run();
