import type { AuthData, CredHandle, KerberosConfig } from 'portable-sspi';
import core from 'portable-sspi/core.wasm';
import { formatTokenTree, inspectToken, type TokenNode, type TokenTree } from 'portable-sspi/inspect';
import { CredentialCache, Keytab, kinit, renewTickets } from 'portable-sspi/kerberos';
import { createTestRealm, type TestRealm } from 'portable-sspi/testing';
import { init } from 'portable-sspi';
import { same } from './expect.ts';

declare const bytes: Uint8Array;

export function inspect(): void {
  const tree = inspectToken('Negotiate YII=', { redact: true });
  same<TokenTree>()(tree);
  same<TokenNode[] | undefined>()(tree.children);
  same<'bytes' | 'hex' | 'base64' | 'header'>()(tree.form);
  same<string>()(formatTokenTree(tree));
  // @ts-expect-error a token is bytes or text
  inspectToken(7);
}

export async function tickets(kerberos: KerberosConfig): Promise<AuthData> {
  const cache = await kinit({ principal: 'alice@AD.TEST', password: 'x', kerberos, ccache: 'MEMORY:mine' });
  same<CredentialCache>()(cache);
  same<CredentialCache>()(await renewTickets(cache));
  same<CredentialCache>()(await CredentialCache.load('FILE:/tmp/krb5cc'));
  same<CredentialCache>()(CredentialCache.parse(bytes));
  const keytab = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', 'x');
  same<Keytab>()(keytab);
  same<Keytab>()(Keytab.parse(bytes));
  same<Uint8Array>()(keytab.toBytes());
  // @ts-expect-error a principal has to be given
  await kinit({ password: 'x' });
  // @ts-expect-error a keytab is parsed, not constructed from bytes
  new Keytab(bytes);
  return { ccache: cache.toBytes() };
}

export async function realm(): Promise<void> {
  await using realm = await createTestRealm({ users: { alice: 'x' }, services: ['HTTP/localhost'] });
  same<TestRealm>()(realm);
  same<KerberosConfig>()(realm.kerberos);
  same<Uint8Array>()(realm.keytab('HTTP/localhost'));
  same<number>()((await realm.listen()).port);
  same<void>()(realm.advanceClock(1000));
  // @ts-expect-error users have passwords
  await createTestRealm({ users: ['alice'] });
}

export function core_(): Promise<void> {
  return init(core);
}
export type { CredHandle };
