import type { FetchOptions } from './fetch-options.ts';

/** What a request says of whom it may be authenticated to. */
export interface Asking {
  url: URL;
  headers: Headers;
}

/** The SPN to ask for at one hop of a request, or null: a 401 of this origin is handed out as it came. */
export type TargetRule = (request: Asking, credentials: RequestCredentials | undefined, first: URL, from: URL) => string | null | Promise<string>;

export function createTargetRule({ target, authenticateRedirect }: Pick<FetchOptions, 'target' | 'authenticateRedirect'>): TargetRule {
  return ({ url, headers }, credentials, first, from) => {
    // The caller authenticates by another scheme, or wants to be no one.
    if (headers.has('authorization') || credentials === 'omit') return null;
    const asked = url.origin === first.origin || isUpgrade(first, url);
    if (!asked && !authenticateRedirect?.(new URL(url), new URL(from))) return null;
    if (typeof target === 'function') return target(new URL(url));
    // A name fixed for one host is never spoken to another: that host could pass the token on.
    return asked && target !== undefined ? target : `HTTP/${bareHost(url.hostname).replace(/\.$/, '')}`;
  };
}

/** URL's host without the brackets of IPv6. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** http to https on the same host, both at their default ports: the service that was asked for, better protected. */
function isUpgrade(first: URL, url: URL): boolean {
  return first.protocol === 'http:' && url.protocol === 'https:' && first.hostname === url.hostname && first.port === '' && url.port === '';
}
