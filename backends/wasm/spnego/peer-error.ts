import { SspiError } from '../../contract/errors.ts';
import { encodeNegTokenResp, REJECT } from '../core/spnego.ts';
import { withToken } from '../error-token.ts';

/** Thrown inside a step for what the peer itself has said: it is not told back. */
export class PeerKnows {
  readonly error: SspiError;
  constructor(error: SspiError) {
    this.error = error;
  }
}

/**
 * Runs a step. An `SspiError` out of it carries a token for the peer only when the caller asked for one
 * (ISC_REQ_EXTENDED_ERROR, ASC_REQ_EXTENDED_ERROR): a NegTokenResp that rejects, around the mechanism's own error token.
 */
export async function tellPeer<T>(extendedError: boolean, run: () => T | Promise<T>): Promise<T> {
  try {
    const running = run();
    return running instanceof Promise ? await running : running;
  } catch (error) {
    if (error instanceof PeerKnows) throw withToken(error.error, undefined);
    if (!(error instanceof SspiError)) throw error;
    throw withToken(error, extendedError ? encodeNegTokenResp({ negState: REJECT, responseToken: error.token ?? null }) : undefined);
  }
}
