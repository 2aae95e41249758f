import type { FetchOptions, NegotiatingFetch } from '../../../src/http/fetch-options.ts';
import { createFetchOver } from '../../../src/http/node/fetch.ts';
import { negotiateAuthOver, type Middleware, type NegotiateAuthOptions } from '../../../src/http/middleware.ts';
import { fakeAcceptor, fakeBindings, fakeInitiator, type FakeAcceptorOptions, type FakeInitiator } from './fake-mechanism.ts';
import { certificate } from './servers.ts';

export const ACCOUNTS = { alice: 'wonderland', bob: 'builder' };

export interface FakeFetch {
  fetch: NegotiatingFetch;
  initiator: FakeInitiator;
}

/** createFetch over the fake mechanism; the user and the password come in the options. */
export function fakeFetch({ user = 'alice', password = 'wonderland', oneLeg = false, ...options }: FetchOptions & { user?: string; password?: string; oneLeg?: boolean } = {}): FakeFetch {
  const initiator = fakeInitiator(user, password, { oneLeg, ...(options.packageList && { packageList: options.packageList }) });
  const make = (credential: unknown) => {
    const own = credential as { user: string; password: string } | undefined;
    return own === undefined ? initiator : fakeInitiator(own.user, own.password, { oneLeg });
  };
  return { fetch: createFetchOver(make, fakeBindings, { tls: { ca: certificate }, ...options }), initiator };
}

/** negotiateAuth over the fake mechanism. */
export function fakeAuth({ accounts = ACCOUNTS, target, expiry, fault, ...options }: Omit<NegotiateAuthOptions, 'accounts'> & Partial<FakeAcceptorOptions> = {}) {
  const source = fakeAcceptor({ accounts, ...(target && { target }), ...(expiry && { expiry }), ...(fault && { fault }), ...(options.packageList && { packageList: options.packageList }) });
  const middleware: Middleware = negotiateAuthOver(() => source, fakeBindings, options);
  return { middleware, source };
}

/** The error of a promise that must reject. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string; cause?: Error & { code?: string } }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code?: string; cause?: Error };
  }
  throw new Error('a rejection was expected, none came');
}
