import { unpackChannelBindings } from '../contract/bindings.ts';
import type { HandshakeCall } from '../contract/backend.ts';
import { plainBytes, type SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_PKG_PARAMS, SECBUFFER_TOKEN } from '../contract/constants.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import {
  ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_DELEGATE, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_NO_INTEGRITY, ISC_REQ_PROMPT_FOR_CREDS,
  ISC_REQ_USE_SUPPLIED_CREDS,
} from '../contract/flags.ts';

const TYPE_MASK = 0x0fffffff;

/** ISC_REQ_* as a mechanism gets them. Throws SEC_E_UNSUPPORTED_FUNCTION for what the package cannot do. */
export function initiatorFlags(packageName: PackageName, contextReq: number): number {
  if ((contextReq & ISC_REQ_PROMPT_FOR_CREDS) !== 0) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'ISC_REQ_PROMPT_FOR_CREDS: there is nobody to prompt here', {
      remedy: 'Ask for the credentials in the application and pass them to acquireCredentialsHandle.',
    });
  }
  if ((contextReq & ISC_REQ_DELEGATE) !== 0 && packageName === 'NTLM') {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'ISC_REQ_DELEGATE: the package NTLM cannot delegate credentials', {
      remedy: 'Use the package Negotiate and look whether ISC_RET_DELEGATE is in the final attributes.',
    });
  }
  let flags = contextReq & ~(ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_USE_SUPPLIED_CREDS);
  if ((flags & ISC_REQ_NO_INTEGRITY) !== 0) flags &= ~ISC_REQ_INTEGRITY;
  if ((flags & ISC_REQ_MUTUAL_AUTH) === 0) flags &= ~ISC_REQ_DELEGATE;
  return flags;
}

/** The first buffer of a type, whatever its READONLY bits; undefined when there is none. */
export function findBuffer(buffers: readonly SecBuffer[], type: number): SecBuffer | undefined {
  for (const buffer of buffers) {
    if ((buffer.type & TYPE_MASK) === type) return buffer;
  }
  return undefined;
}

/** The peer's token; null when none came or it is empty. */
export function inputToken(call: HandshakeCall): Uint8Array | null {
  const token = findBuffer(call.input, SECBUFFER_TOKEN);
  return token === undefined || token.data.length === 0 ? null : plainBytes(token.data);
}

/** The application data of a SECBUFFER_CHANNEL_BINDINGS among the inputs; null when there is none. */
export function inputBindings(call: HandshakeCall): Uint8Array | null {
  const bindings = findBuffer(call.input, SECBUFFER_CHANNEL_BINDINGS);
  return bindings === undefined ? null : unpackChannelBindings(plainBytes(bindings.data));
}

/** The SECBUFFER_PKG_PARAMS that ISC_REQ_USE_SUPPLIED_CREDS calls for; undefined when the flag is not set. */
export function suppliedCredentials(call: HandshakeCall): Uint8Array | undefined {
  if ((call.contextReq & ISC_REQ_USE_SUPPLIED_CREDS) === 0) return undefined;
  const parameters = findBuffer(call.input, SECBUFFER_PKG_PARAMS);
  if (parameters === undefined) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'ISC_REQ_USE_SUPPLIED_CREDS, but no SECBUFFER_PKG_PARAMS among the input buffers', {
      remedy: 'Add { type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity({ user, domain, password }) }.',
    });
  }
  return parameters.data;
}
