export type { KerberosKey } from './key.ts';
export { etypeByName, etypeInfo, etypeName, ETYPES, type EtypeInfo } from './table.ts';
