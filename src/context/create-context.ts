import type { Side } from '../../backends/contract/backend.ts';
import { SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../../backends/contract/constants.ts';
import type { AcceptorData, AuthData, BackendName, KerberosConfig, NtlmConfig, PackageName } from '../../backends/contract/credentials.ts';
import {
  ASC_REQ_CONFIDENTIALITY, ASC_REQ_INTEGRITY, ASC_REQ_MUTUAL_AUTH, ASC_REQ_REPLAY_DETECT, ASC_REQ_SEQUENCE_DETECT, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT,
} from '../../backends/contract/flags.ts';
import type { Host } from '../../backends/contract/host.ts';
import { acquireCredentialsHandle } from '../sspi/acquire-credentials.ts';
import { checkBytes, checkFlags, checkString } from '../sspi/checks.ts';
import { CredHandle, openCredential } from '../sspi/handles.ts';
import { acceptSecurityContext, initializeSecurityContext } from '../sspi/security-context.ts';
import { type ContextParts, type SecurityContext, VerbContext } from './context.ts';

interface ContextOptions {
  /** Default 'Negotiate'. Counts where the credential is made here, not where it is a handle; so do the options below except the bindings. */
  package?: PackageName;
  /** What Negotiate may use: 'Kerberos,!NTLM'. */
  packageList?: string;
  /** Application data: 'tls-server-end-point:' + hash, as `channelBindingsFromCertificate` gives it. */
  channelBindings?: Uint8Array;
  kerberos?: KerberosConfig;
  ntlm?: NtlmConfig;
  /** What the Wasm engine asks of its host; replaceable, so that tests are deterministic. */
  host?: Partial<Host>;
  backend?: 'auto' | BackendName;
}

export interface InitiatorOptions extends ContextOptions {
  /** The SPN: 'HTTP/web.ad.test'. */
  target?: string;
  /** A handle, which stays the caller's, or who the caller is. Default: the host's own credential. */
  credential?: CredHandle | AuthData;
  /** ISC_REQ_*. Default MUTUAL_AUTH | REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | INTEGRITY. */
  flags?: number;
}

export interface AcceptorOptions extends ContextOptions {
  /** A handle, which stays the caller's, or what the server knows. */
  credential?: CredHandle | AcceptorData;
  /** ASC_REQ_*. Default MUTUAL_AUTH | REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | INTEGRITY. */
  flags?: number;
}

/** The client's side. Throws what `acquireCredentialsHandle` throws. */
export function createInitiator(options: InitiatorOptions = {}): Promise<SecurityContext> {
  return create('initiator', options, ISC_DEFAULT, initializeSecurityContext);
}

/** The server's side. Throws what `acquireCredentialsHandle` throws. */
export function createAcceptor(options: AcceptorOptions = {}): Promise<SecurityContext> {
  return create('acceptor', options, ASC_DEFAULT, acceptSecurityContext);
}

async function create(side: Side, options: InitiatorOptions | AcceptorOptions, defaultFlags: number, leg: ContextParts['leg']): Promise<SecurityContext> {
  const targetName = side === 'initiator' ? (options as InitiatorOptions).target : undefined;
  checkString(targetName, 'target');
  const { credential: given, channelBindings, package: packageName, packageList, kerberos, ntlm, host } = options;
  const flags = options.flags === undefined ? defaultFlags : checkFlags(options.flags, 'flags');
  if (channelBindings !== undefined) checkBytes(channelBindings, 'channelBindings');
  const ownsCredential = !(given instanceof CredHandle);
  const credential = given instanceof CredHandle ? given : (await acquireCredentialsHandle({
    authData: given, package: packageName, packageList, kerberos, ntlm, host, backend: options.backend,
    credentialUse: side === 'initiator' ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
  })).credential;
  const { backend } = openCredential(credential);
  return new VerbContext({ side, leg, credential, ownsCredential, targetName, flags, channelBindings, backend });
}

const ISC_DEFAULT = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
const ASC_DEFAULT = ASC_REQ_MUTUAL_AUTH | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY;
