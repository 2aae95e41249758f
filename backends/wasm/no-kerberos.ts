// `#kerberos` of a bundle that leaves it out: what is offered then is NTLM, by itself and in Negotiate.
import { SspiError } from '../contract/errors.ts';

export const hasKerberos = false;

export async function kerberosEngine(): Promise<never> {
  throw leftOut();
}

export const kerberosService = kerberosEngine;
export const passwordChanger = kerberosEngine;

export async function realmFinder() {
  return { withoutRealm: async () => null };
}

export async function hostCredentials() {
  return {
    defaultKerberosCredential: async () => ({ authData: undefined, reasons: [leftOut()] }),
    defaultKeytab: async () => null,
  };
}

function leftOut(): SspiError {
  return new SspiError('SEC_E_SECPKG_NOT_FOUND', 'Kerberos was left out of this bundle', { remedy: "Bundle without the condition 'ntlm-only'." });
}
