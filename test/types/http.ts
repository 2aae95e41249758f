import { createFetch, negotiateAuth, type FetchOptions, type NegotiatingFetch } from 'portable-sspi/http';
import { same } from './expect.ts';

export async function client(): Promise<void> {
  await using negotiating = createFetch({ credential: { user: 'alice', password: 'x' }, target: (url) => `HTTP/${url.hostname}`, delegate: true, channelBinding: 'auto' });
  same<NegotiatingFetch>()(negotiating);
  // it stands where fetch stood
  const replacement: typeof fetch = negotiating;
  same<Response>()(await replacement('https://web.ad.test/', { method: 'POST', body: 'x', signal: AbortSignal.timeout(1000) }));
  same<void>()(await negotiating.close());
  createFetch();
  // @ts-expect-error bindings are 'auto' or 'never'
  createFetch({ channelBinding: 'always' });
}

export const options: FetchOptions = { packageList: '!NTLM' };
// @ts-expect-error a server has to know something
negotiateAuth();
