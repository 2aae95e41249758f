import type { AcquireOptions, ChangePasswordOptions } from '../contract/backend.ts';
import type { AcceptorData, AuthData } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';

/**
 * What of these options Secur32 has no place for, named for a person; null when there is nothing. It takes a user with a password, or the
 * logon session's own credential, and leaves the rest to the system: its realms, its policy, its accounts.
 */
export function cannotTake(options: AcquireOptions | ChangePasswordOptions): string | null {
  const authData = ('authData' in options ? options.authData : undefined) as Partial<Record<DataKey, unknown>> | undefined;
  for (const [key, what] of Object.entries(OF_AUTH_DATA)) {
    if (what !== null && authData?.[key as DataKey] !== undefined) return what;
  }
  if (isGiven(options.kerberos)) return 'a Kerberos configuration (kerberos)';
  if ('ntlm' in options && isGiven(options.ntlm)) return 'an NTLM configuration (ntlm)';
  if ('host' in options && isGiven(options.host)) return 'a replaced host (host)';
  return null;
}

export function refuseWhatCannotBeTaken(options: AcquireOptions | ChangePasswordOptions): void {
  const what = cannotTake(options);
  if (what === null) return;
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 does not take ${what}`, { remedy: "Use backend: 'wasm', or leave it out: 'auto' then chooses the Wasm engine." });
}

type KeyOf<Union> = Union extends unknown ? keyof Union : never;

function isGiven(config: object | undefined): boolean {
  return config !== undefined && Object.values(config).some((value) => value !== undefined);
}

type DataKey = KeyOf<AuthData> | keyof AcceptorData;

/** Each option of `authData`: null where it is taken. A new one does not compile before it stands here. */
const OF_AUTH_DATA: Readonly<Record<DataKey, string | null>> = {
  user: null,
  domain: null,
  password: null,
  channelBindingPolicy: null,
  ntHash: 'an NT hash (authData.ntHash)',
  keytab: 'a keytab (authData.keytab)',
  ccache: 'a credential cache (authData.ccache)',
  anonymous: 'an anonymous logon (authData.anonymous)',
  accounts: 'accounts of the application (authData.accounts)',
  replayCache: 'a replay cache (authData.replayCache)',
  serviceNames: 'service names (authData.serviceNames)',
  allowAnonymous: 'anonymous clients (authData.allowAnonymous)',
};
