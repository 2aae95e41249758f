export { createKerberosCredential, type KerberosCredentialOptions } from './credential.ts';
export { defaultKerberosCredential, defaultKeytab } from './default-credential.ts';
export { importKerberosContext } from './established.ts';
