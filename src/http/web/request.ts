import type { ReplayableRequest } from '../request.ts';

/** A request whose body can be sent again, beside the platform's own, which knows more of it. */
export interface PlainRequest extends ReplayableRequest {
  readonly platform: Request;
}

export async function readRequest(platform: Request): Promise<PlainRequest> {
  const headers = new Headers(platform.headers); // before the body: Bun forgets a form's boundary with it
  const bodiless = platform.method === 'GET' || platform.method === 'HEAD';
  const bytes = bodiless ? null : new Uint8Array(await platform.arrayBuffer()); // not asked of `body`, which Firefox does not have
  return { platform, url: new URL(platform.url), method: platform.method, headers, body: bytes?.length === 0 && platform.body === null ? null : bytes };
}

/** What goes to the platform's fetch. Its mode, cache, integrity and what else a runtime keeps in a Request stay as they were, until a redirect. */
export function toPlatform({ platform, url, method, headers, body }: PlainRequest, authorization: string | null, redirect: RequestRedirect, closes = false): Request {
  const sent = new Headers(headers);
  if (authorization !== null) sent.set('authorization', authorization);
  // A server may take the token as that of its connection, which the platform would lend to anyone's next request. Browsers drop the field.
  if (authorization !== null && closes) sent.set('connection', 'close');
  const init: RequestInit = { headers: sent, redirect, ...(body !== null && { body }) };
  if (url.href === platform.url && method === platform.method) return new Request(platform, init);
  return new Request(url, { ...init, method, signal: platform.signal });
}
