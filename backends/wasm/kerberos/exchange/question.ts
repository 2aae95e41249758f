import type { KdcTransport } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';

/** What an exchange asks of its host: send `message` to a KDC of `realm`, and resume with the reply. */
export interface KdcQuestion {
  readonly realm: string;
  readonly message: Uint8Array;
}

/** An exchange asks and never reaches out by itself, so it runs over any transport and in tests without one. */
export type Exchange<T> = Generator<KdcQuestion, T, Uint8Array>;

/** Runs an exchange over a transport; a transport's error is thrown into the exchange, which may go on without that KDC. */
export async function runExchange<T>(exchange: Exchange<T>, transport: KdcTransport, signal?: AbortSignal): Promise<T> {
  let step = exchange.next();
  while (!step.done) {
    let reply: Uint8Array;
    try {
      reply = await transport.send(step.value.realm, step.value.message, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      step = exchange.throw(error instanceof SspiError ? error : unreachable(step.value.realm, error)); // a caller's own transport fails in its own way
      continue;
    }
    signal?.throwIfAborted();
    step = exchange.next(reply);
  }
  return step.value;
}

function unreachable(realm: string, cause: unknown): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `the way to a KDC of the realm ${realm} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
