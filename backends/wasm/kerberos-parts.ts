// `#kerberos`: what the engine loads of Kerberos, when it first needs it, so that a program of NTLM alone does not fetch it.

export const hasKerberos: boolean = true;
export const kerberosEngine = () => import('./kerberos/index.ts');
export const realmFinder = () => import('./kerberos/knows-realm.ts');
export const hostCredentials = () => import('./kerberos/index.ts');
export const kerberosService = () => import('./kerberos/service.ts');
export const passwordChanger = () => import('./kerberos/change-password.ts');
