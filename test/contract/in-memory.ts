import { createTestRealm, type TestRealm } from '../../src/testing/index.ts';
import type { World } from './world.ts';

export const ALICE = { user: 'alice', domain: 'ADTEST', password: 'Pässw0rd!' };
export const TARGET = 'HTTP/web.ad.test';
export const accounts = ({ user }: { user: string; domain: string }) => (user.toLowerCase() === 'alice' ? { password: ALICE.password } : null);

/** The Wasm engine with itself: accounts for NTLM, and a realm without sockets for Kerberos. */
export const inMemory: World = {
  name: 'wasm', client: 'wasm', server: 'wasm', packages: ['Negotiate', 'NTLM', 'Kerberos'], ...ALICE, realm: 'AD.TEST', target: TARGET, negotiates: 'NTLM',
  capabilities: { exports: true, replaceableHost: true, suppliedCredentials: true, sessionKeys: true, acceptorData: true },
  async clientOptions(name) {
    return name === 'Kerberos' ? { authData: (await realm()).authData('alice'), kerberos: (await realm()).kerberos } : { authData: ALICE };
  },
  async serverOptions(name) {
    return { authData: name === 'Kerberos' ? { keytab: (await realm()).keytab(TARGET) } : { accounts } };
  },
};

function realm(): Promise<TestRealm> {
  return (created ??= createTestRealm({ realm: 'AD.TEST', users: { alice: ALICE.password }, services: [TARGET] }));
}

let created: Promise<TestRealm> | undefined;
