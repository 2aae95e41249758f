import type { SecurityToken } from '../../backends/contract/backend.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { type CtxtHandle, openContext } from './handles.ts';

/*
 * What only Windows has: access tokens, and threads that act for a client. The Wasm engine answers with SEC_E_UNSUPPORTED_FUNCTION;
 * what it knows of a client is in SECPKG_ATTR_ACCESS_TOKEN.
 */

/** QuerySecurityContextToken, on a server: the client's access token, a HANDLE of this process. Close it. Throws SEC_E_NO_IMPERSONATION. */
export function querySecurityContextToken(context: CtxtHandle): SecurityToken {
  const { context: open } = openContext(context);
  if (open.openToken === undefined) throw onlyWindows('QuerySecurityContextToken', 'there are no access tokens outside of Windows');
  return open.openToken();
}

/**
 * ImpersonateSecurityContext, on a server: the calling thread acts for the client until `revertSecurityContext`. That is the thread of the
 * event loop: whatever runs there meanwhile acts for the client too, so await nothing in between.
 */
export function impersonateSecurityContext(context: CtxtHandle): void {
  const { context: open } = openContext(context);
  if (open.impersonate === undefined) throw onlyWindows('ImpersonateSecurityContext', 'a thread acts for a client on Windows only');
  open.impersonate();
}

/** RevertSecurityContext: the calling thread acts for its process again. */
export function revertSecurityContext(context: CtxtHandle): void {
  const { context: open } = openContext(context);
  if (open.revert === undefined) throw onlyWindows('RevertSecurityContext', 'a thread acts for a client on Windows only');
  open.revert();
}

function onlyWindows(verb: string, reason: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${verb}: the Wasm engine cannot do this, since ${reason}`, {
    remedy: 'Read SECPKG_ATTR_ACCESS_TOKEN for the SIDs of the client, or SECPKG_ATTR_NAMES for its name.',
  });
}
