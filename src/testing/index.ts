/**
 * A Kerberos realm and a domain of accounts in memory, for tests of what authenticates: `portable-sspi/testing`.
 */
export { createTestRealm, type TestRealm, type TestRealmOptions, type UserOptions } from './realm.ts';
export type { ListeningRealm, ListenOptions } from './listen.ts';
