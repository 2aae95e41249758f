export { createKerberosCredential, type KerberosCredentialOptions } from './credential.ts';
export { importKerberosContext } from './established.ts';
export { changePassword } from './change-password.ts';
