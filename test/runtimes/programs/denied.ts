// The program in Deno with no more than its own task's file: what is refused is an SspiError that names the flag.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { createFetch } from '../../../src/http/index.ts';
import { Keytab, kinit } from '../../../src/kerberos/index.ts';
import { failure } from '../../contract/support.ts';
import { MARK } from './mark.ts';
import type { Task } from './task.ts';
import { runSuites } from './uvu.ts';

const { realm, service, user, kdc, url, folder } = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Task;
const test = suite('permissions');
const at = (address: string) => ({ defaultRealm: realm, realms: { [realm]: { kdc: [address] } }, krb5Conf: '' });

test('a KDC proxy and a KDC: the error names --allow-net', async () => {
  for (const address of [kdc.proxyUrl, `tcp://127.0.0.1:${kdc.port}`, `udp://127.0.0.1:${kdc.port}`, `127.0.0.1:${kdc.port}`]) {
    const error = await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', kinit({ principal: `${user.name}@${realm}`, password: user.password, kerberos: at(address) }));
    assert.match(`${error.message} ${error.remedy}`, /--allow-net/, address);
  }
});

test('a keytab: the error names --allow-read', async () => {
  const error = await failure('SEC_E_NO_CREDENTIALS', Keytab.load(`${folder}/http.keytab`));
  assert.match(error.remedy ?? '', /--allow-read/);
});

test('createFetch: the error names --allow-net', async () => {
  const error = await createFetch({ credential: { user: `${user.name}@${realm}`, password: user.password }, kerberos: at(kdc.proxyUrl), target: service.spn })(url).then(
    () => undefined, (thrown: unknown) => thrown as Error & { remedy?: string },
  );
  const causes = [error, error?.cause].map((one) => `${String(one)} ${(one as { remedy?: string } | undefined)?.remedy ?? ''}`);
  assert.match(causes.join(' '), /--allow-net/);
});

test('NTLM needs no permission', async () => {
  const client = await createInitiator({ target: service.spn, credential: { user: user.name, domain: realm, password: user.password }, packageList: 'NTLM' });
  const server = await createAcceptor({ credential: { accounts: () => ({ password: user.password }) }, packageList: 'NTLM' });
  for (let token = await client.step(); token !== null;) {
    const answer = await server.step(token);
    token = answer === null ? null : await client.step(answer);
  }
  assert.ok(client.complete && server.complete);
});

test.run();
await runSuites((result) => console.log(MARK + JSON.stringify(result)));
console.log(`${MARK}"end"`);
