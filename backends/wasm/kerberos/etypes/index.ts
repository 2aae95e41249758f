export type { KerberosKey } from './key.ts';
export { createKerberosKey, randomKey } from './kerberos-key.ts';
export { MAX_ITERATIONS, stringToKey } from './string-to-key.ts';
export { etypeByName, etypeInfo, etypeName, ETYPES, type EtypeInfo } from './table.ts';
