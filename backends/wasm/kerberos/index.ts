export { createKerberosCredential, type KerberosCredentialOptions } from './credential.ts';
export { importKerberosContext } from './established.ts';
