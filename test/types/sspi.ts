import {
  acceptSecurityContext, acquireCredentialsHandle, changeAccountPassword, completeAuthToken, CredHandle, CtxtHandle, decryptMessage, deleteSecurityContext, encryptMessage,
  enumerateSecurityPackages, exportSecurityContext, freeContextBuffer, freeCredentialsHandle, importSecurityContext, init, initializeSecurityContext, ISC_REQ_MUTUAL_AUTH,
  makeSignature, queryContextAttributes, queryCredentialsAttributes, querySecurityPackageInfo, SEC_E_INVALID_TOKEN, SEC_E_OK, SECBUFFER_TOKEN, SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_LIFESPAN, SECPKG_ATTR_NAMES, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_PACKAGE_INFO, SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES, SECPKG_ATTR_STREAM_SIZES, SECPKG_ATTR_UNIQUE_BINDINGS, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_INBOUND, SspiError, statusName, verifySignature,
} from 'portable-sspi';
import type {
  AcceptorData, AuthData, BackendName, ContextSizes, Host, KerberosConfig, KerberosErrorInfo, KeyInfo, NtlmConfig, PackageName, SecBuffer, SecPkgInfo,
  SspiErrorCode, StreamSizes,
} from 'portable-sspi';
import { same, type Same } from './expect.ts';

declare const context: CtxtHandle;
declare const credential: CredHandle;
declare const bytes: Uint8Array;
declare const number: number;

// constants are literals, so that a switch over a status can be exhaustive
export const literals: [Same<0, typeof SEC_E_OK>, Same<0x80090308, typeof SEC_E_INVALID_TOKEN>, Same<2, typeof SECBUFFER_TOKEN>] = [true, true, true];
same<string>()(statusName(SEC_E_INVALID_TOKEN));
same<'Negotiate' | 'Kerberos' | 'NTLM'>()(null as unknown as PackageName);
same<'wasm' | 'secur32'>()(null as unknown as BackendName);

export async function verbs(): Promise<void> {
  const acquired = await acquireCredentialsHandle({ package: 'NTLM', credentialUse: SECPKG_CRED_INBOUND, authData: { user: 'alice', password: 'x' } });
  same<CredHandle>()(acquired.credential);
  same<Date | null>()(acquired.expiry);
  await acquireCredentialsHandle();

  const result = await initializeSecurityContext({ credential, targetName: 'HTTP/web.ad.test', contextReq: ISC_REQ_MUTUAL_AUTH, input: [{ type: SECBUFFER_TOKEN, data: bytes }] });
  same<number>()(result.status);
  same<CtxtHandle>()(result.context);
  same<SecBuffer[]>()(result.output);
  same<number>()(result.contextAttr);
  same<Date | null>()(result.expiry);
  same<typeof result>()(await acceptSecurityContext({ credential, context: result.context }));
  same<number>()(await completeAuthToken(context, result.output));

  same<void>()(makeSignature(context, { buffers: result.output, qop: 0, sequenceNumber: 0 }));
  same<number>()(verifySignature(context, { buffers: result.output }));
  same<void>()(encryptMessage(context, { buffers: result.output }));
  same<number>()(decryptMessage(context, { buffers: result.output }));
  same<Uint8Array>()(exportSecurityContext(context));
  same<CtxtHandle>()(importSecurityContext({ packed: bytes }));
  same<SecPkgInfo[]>()(await enumerateSecurityPackages());
  same<SecPkgInfo>()(await querySecurityPackageInfo('Negotiate'));
  same<void>()(await changeAccountPassword({ user: 'alice', domain: 'AD.TEST', oldPassword: 'x', newPassword: 'y' }));
  same<void>()(freeContextBuffer(result.output));
  same<void>()(deleteSecurityContext(context));
  same<void>()(freeCredentialsHandle(credential));
  same<void>()(await init());
  await init(bytes);
  await init(bytes.buffer);
  await init(Promise.resolve(bytes));
  await init(import('portable-sspi/core.wasm'));

  // @ts-expect-error a package of another name
  await acquireCredentialsHandle({ package: 'Schannel' });
  // @ts-expect-error a password is a string
  await acquireCredentialsHandle({ authData: { user: 'alice', password: bytes } });
  // @ts-expect-error a hash is bytes
  await acquireCredentialsHandle({ authData: { user: 'alice', ntHash: 'aad3b435b51404ee' } });
  // @ts-expect-error the option is called contextReq
  await initializeSecurityContext({ credential, fContextReq: ISC_REQ_MUTUAL_AUTH });
  // @ts-expect-error buffers are a list
  await initializeSecurityContext({ credential, input: { type: SECBUFFER_TOKEN, data: bytes } });
  // @ts-expect-error a credential is no context
  deleteSecurityContext(credential);
  // @ts-expect-error a context is no credential
  freeCredentialsHandle(context);
  // @ts-expect-error a path has to be fetched or read
  await init('/core.wasm');
}

export function attributes(): void {
  same<ContextSizes>()(queryContextAttributes(context, SECPKG_ATTR_SIZES));
  same<StreamSizes>()(queryContextAttributes(context, SECPKG_ATTR_STREAM_SIZES));
  same<KeyInfo>()(queryContextAttributes(context, SECPKG_ATTR_KEY_INFO));
  same<string>()(queryContextAttributes(context, SECPKG_ATTR_NAMES).userName);
  same<Date | null>()(queryContextAttributes(context, SECPKG_ATTR_LIFESPAN).expiry);
  same<SecPkgInfo>()(queryContextAttributes(context, SECPKG_ATTR_PACKAGE_INFO).packageInfo);
  same<PackageName>()(queryContextAttributes(context, SECPKG_ATTR_NEGOTIATION_INFO).packageInfo.name);
  same<string | null>()(queryContextAttributes(context, SECPKG_ATTR_NATIVE_NAMES).serverName);
  same<Uint8Array>()(queryContextAttributes(context, SECPKG_ATTR_UNIQUE_BINDINGS).bindings);
  same<{ sessionKey: Uint8Array }>()(queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY));
  same<{ flags: number }>()(queryContextAttributes(context, SECPKG_ATTR_FLAGS));
  same<string>()(queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES).userName);
  // one that is known at run time only
  same<unknown>()(queryContextAttributes(context, number));

  // @ts-expect-error sizes have no name
  void queryContextAttributes(context, SECPKG_ATTR_SIZES).userName;
  // @ts-expect-error an attribute is a number
  queryContextAttributes(context, 'SECPKG_ATTR_SIZES');
}

export function errors(error: unknown): string | undefined {
  if (!(error instanceof SspiError)) return undefined;
  same<number>()(error.status);
  same<SspiErrorCode>()(error.code);
  same<string | undefined>()(error.remedy);
  same<Uint8Array | undefined>()(error.token);
  same<KerberosErrorInfo | undefined>()(error.kerberos);
  same<Date | undefined>()(error.kerberos?.serverTime);
  // @ts-expect-error a success is no error's code
  if (error.code === 'SEC_E_OK') return undefined;
  // @ts-expect-error there is no such status
  if (error.code === 'SEC_E_NO_SUCH_STATUS') return undefined;
  return error.code === 'SEC_E_LOGON_DENIED' ? error.remedy : undefined;
}

export const credentials: AuthData[] = [
  { user: 'alice', domain: 'ADTEST', password: 'x' },
  { user: 'alice', ntHash: bytes },
  { keytab: '/etc/alice.keytab' },
  { ccache: bytes, user: 'alice' },
  { anonymous: true },
];
// @ts-expect-error a user alone proves nothing
export const nobody: AuthData = { user: 'alice' };

export const servers: AcceptorData[] = [
  {},
  { keytab: bytes, channelBindingPolicy: 'always', serviceNames: ['HTTP/web.ad.test'] },
  { accounts: ({ user, domain }) => (user === 'alice' && domain === 'ADTEST' ? { password: 'x' } : null) },
  { accounts: async ({ user }) => (user === 'alice' ? { ntHash: bytes } : null) },
];
// @ts-expect-error no such policy
export const policy: AcceptorData = { channelBindingPolicy: 'sometimes' };

export const kerberos: KerberosConfig = { defaultRealm: 'AD.TEST', realms: { 'AD.TEST': { kdc: ['https://gw/KdcProxy'], kpasswd: ['dc1'] } }, domainRealm: { '.ad.test': 'AD.TEST' }, allowWeakCrypto: false };
export const ntlm: NtlmConfig = { lmCompatibilityLevel: 5, workstation: 'WS' };
// @ts-expect-error there are six levels
export const level: NtlmConfig = { lmCompatibilityLevel: 6 };
export const host: Partial<Host> = { now: () => new Date(0), random: (length) => new Uint8Array(length), readFile: async () => null };
// @ts-expect-error handles come from the verbs
export const forged: CredHandle = { credential: null };
