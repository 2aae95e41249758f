import { authenticationOf, createFetch, createRequestAuthenticator, negotiateAuth, negotiateHono } from 'portable-sspi/http';
import type { Authentication, FetchOptions, HonoMiddleware, NegotiatingFetch, RequestAuthenticator, SspiIdentity } from 'portable-sspi/http';
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

/** A server of Web-standard requests, whose runtime tells it of the connection. */
export const authenticate = createRequestAuthenticator<{ socket: object }>({ keytab: '/etc/web.keytab', connection: (_request, { socket }) => socket });
same<RequestAuthenticator<{ socket: object }>>()(authenticate);

export async function serve(request: Request, info: { socket: object }): Promise<Response> {
  const verdict = await authenticate(request, info);
  if (verdict.response !== null) {
    same<null>()(verdict.sspi);
    return verdict.response;
  }
  same<SspiIdentity>()(verdict.sspi);
  same<'Kerberos' | 'NTLM'>()(verdict.sspi.package);
  // @ts-expect-error the connection's information has a socket
  await authenticate(request, { remoteAddress: '127.0.0.1' });
  return verdict.finish(new Response(`hello ${verdict.sspi.user}`));
}

export async function serveTakenApart(request: Request): Promise<Response> {
  const { sspi, response, finish } = await authenticate(request);
  if (response !== null) return response;
  return finish(new Response(`hello ${sspi.user}`));
}

same<HonoMiddleware>()(negotiateHono({ keytab: new Uint8Array(0) }));
same<Authentication | null>()(authenticationOf(new Response()) ?? null);
