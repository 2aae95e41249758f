import type { BackendCredential, HandshakeCall, HandshakeResult } from '../../backends/contract/backend.ts';
import type { SecBuffer } from '../../backends/contract/buffers.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { checkBuffers, checkDataRep, checkFlags, checkString } from './checks.ts';
import { bringAcceptors } from './dispatcher.ts';
import { type CredHandle, type CtxtHandle, newCtxtHandle, type OpenContext, openContext, openCredential } from './handles.ts';

export interface AcceptContextOptions {
  /** phCredential. A later leg may leave it out. */
  credential?: CredHandle;
  /** phContext: absent on the first call, the returned handle on the later ones. */
  context?: CtxtHandle;
  /** fContextReq: ASC_REQ_* bits. */
  contextReq?: number;
  /** SECURITY_NETWORK_DREP or SECURITY_NATIVE_DREP; the tokens of these packages are the same for both. */
  targetDataRep?: number;
  /** pInput: SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS. */
  input?: SecBuffer[];
  /** pOutput: filled in place and narrowed, unless memory is allocated (ALLOCATE_MEMORY, or no output given). */
  output?: SecBuffer[];
  signal?: AbortSignal;
}

export interface InitializeContextOptions extends AcceptContextOptions {
  /** pszTargetName: the SPN, such as 'HTTP/web.ad.test'. */
  targetName?: string;
  /** fContextReq: ISC_REQ_* bits. */
  contextReq?: number;
  /** pInput: SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_PKG_PARAMS. */
  input?: SecBuffer[];
}

export interface SecurityContextResult {
  /** SEC_E_OK, or SEC_I_CONTINUE_NEEDED: the peer's answer is awaited. */
  status: number;
  /** The same handle on every leg. Delete it in the end, whatever happened. */
  context: CtxtHandle;
  /** A SECBUFFER_TOKEN of length 0 means: nothing to send. */
  output: SecBuffer[];
  /** ISC_RET_* (ASC_RET_*). What concerns security is there only with SEC_E_OK. */
  contextAttr: number;
  /** When the context ends; null: never, or not known yet. */
  expiry: Date | null;
}

/**
 * InitializeSecurityContext (Negotiate): one leg of the client's side. Called on an established context it authenticates again.
 *
 * Throws `SspiError`; after an error of a later leg the context can only be deleted, except for SEC_E_INSUFFICIENT_MEMORY, after which
 * the leg can be repeated. Rejects with the signal's reason when aborted; that leg too can be repeated.
 */
export async function initializeSecurityContext(options: InitializeContextOptions): Promise<SecurityContextResult> {
  const { targetName } = options;
  checkString(targetName, 'targetName');
  const call = handshakeCall(options, targetName);
  const { open, credential } = whose(options);
  return give(await credential.initialize(open === null ? null : open.context, call), options.context, open, credential);
}

/** AcceptSecurityContext (Negotiate): one leg of the server's side. An empty first token asks for a NegTokenInit2 to begin with. */
export async function acceptSecurityContext(options: AcceptContextOptions): Promise<SecurityContextResult> {
  const call = handshakeCall(options, undefined);
  const { open, credential } = whose(options);
  bringAcceptors();
  return give(await credential.accept(open === null ? null : open.context, call), options.context, open, credential);
}

/**
 * CompleteAuthToken, after SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE, which the packages here never return: so there is never anything
 * to complete, and the Wasm engine says SEC_E_UNSUPPORTED_FUNCTION. A context's `step` calls it by itself.
 */
export async function completeAuthToken(context: CtxtHandle, token: SecBuffer[]): Promise<number> {
  return openContext(context).context.completeAuthToken(checkBuffers(token, 'token'));
}

/**
 * ApplyControlToken: hands the package a token that concerns the context as a whole, such as Schannel's wish to shut down. The packages here
 * have none: what Windows answers is what comes. Throws SEC_E_UNSUPPORTED_FUNCTION with the Wasm engine.
 */
export function applyControlToken(context: CtxtHandle, input: SecBuffer[]): number {
  const { context: open } = openContext(context);
  const buffers = checkBuffers(input, 'input');
  if (open.applyControlToken === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'ApplyControlToken: neither Kerberos nor NTLM has control tokens');
  return open.applyControlToken(buffers);
}

function handshakeCall(options: AcceptContextOptions, targetName: string | undefined): HandshakeCall {
  return {
    targetName,
    contextReq: checkFlags(options.contextReq, 'contextReq'),
    targetDataRep: checkDataRep(options.targetDataRep),
    input: checkBuffers(options.input, 'input'),
    output: checkBuffers(options.output, 'output'),
    signal: options.signal,
  };
}

function whose(options: AcceptContextOptions): { open: OpenContext | null; credential: BackendCredential } {
  const open = options.context === undefined ? null : openContext(options.context);
  const credential = options.credential === undefined ? open?.credential : openCredential(options.credential);
  if (credential == null) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'no credential was given', { remedy: 'Pass the handle that acquireCredentialsHandle returned.' });
  }
  return { open, credential };
}

function give(result: HandshakeResult, handle: CtxtHandle | undefined, open: OpenContext | null, credential: BackendCredential): SecurityContextResult {
  if (open !== null) open.credential = credential; // authenticating again may bring another one
  const { status, context, output, contextAttr, expiry } = result;
  return { status, context: handle ?? newCtxtHandle(context, credential), output, contextAttr, expiry };
}
