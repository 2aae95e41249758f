/**
 * Windows integrated authentication (SSPI) for every JavaScript runtime: the verbs of `sspi.h`, and contexts over them.
 * @module
 */
export * from '../backends/contract/constants.ts';
export * from '../backends/contract/flags.ts';
export * from '../backends/contract/status.ts';
export { SspiError, statusName } from '../backends/contract/errors.ts';
export type { KerberosErrorInfo, SspiErrorCode } from '../backends/contract/errors.ts';
export { packAuthIdentity } from '../backends/contract/auth-identity.ts';
export type { AuthIdentity } from '../backends/contract/auth-identity.ts';
export { packChannelBindings } from '../backends/contract/bindings.ts';
export type {
  ContextAttributes, ContextBindings, ContextLifespan, ContextNames, ContextSizes, CredentialAttributes, KeyInfo, NativeNames, NegotiationInfo, SecPkgInfo, StreamSizes,
} from '../backends/contract/attributes.ts';
export type { ChangePasswordOptions, SecurityToken } from '../backends/contract/backend.ts';
export type { SecBuffer } from '../backends/contract/buffers.ts';
export type {
  AcceptorData, Account, AccountSecret, AuthData, BackendName, KdcTransport, KerberosConfig, MechanismName, NtlmConfig, PackageName, ReplayCache,
} from '../backends/contract/credentials.ts';
export type { KdcProxySettings } from '../backends/contract/kdc-proxy.ts';
export type { Host } from '../backends/contract/host.ts';

export { impersonateSecurityContext, querySecurityContextToken, revertSecurityContext } from './sspi/access-token.ts';
export { acquireCredentialsHandle, queryCredentialsAttributes, setCredentialsAttributes } from './sspi/acquire-credentials.ts';
export type { AcquireCredentialsOptions, AcquiredCredentials } from './sspi/acquire-credentials.ts';
export { exportSecurityContext, importSecurityContext, queryContextAttributes } from './sspi/context-attributes.ts';
export { freeContextBuffer } from './sspi/free-context-buffer.ts';
export { CredHandle, CtxtHandle, deleteSecurityContext, freeCredentialsHandle } from './sspi/handles.ts';
export { init } from './sspi/init.ts';
export type { CoreSource } from './sspi/init.ts';
export { decryptMessage, encryptMessage, makeSignature, verifySignature } from './sspi/messages.ts';
export type { ProtectOptions, UnprotectOptions } from './sspi/messages.ts';
export { changeAccountPassword, enumerateSecurityPackages, querySecurityPackageInfo } from './sspi/packages.ts';
export type { PackageOptions } from './sspi/packages.ts';
export { acceptSecurityContext, applyControlToken, completeAuthToken, initializeSecurityContext } from './sspi/security-context.ts';
export type { AcceptContextOptions, InitializeContextOptions, SecurityContextResult } from './sspi/security-context.ts';

export { channelBindingsFromCertificate } from './context/channel-bindings.ts';
export { createAcceptor, createInitiator } from './context/create-context.ts';
export type { AcceptorOptions, InitiatorOptions } from './context/create-context.ts';
export type { SecurityContext } from './context/context.ts';
