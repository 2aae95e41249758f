import { SspiError } from '../../../backends/contract/errors.ts';
import { recordOutcome, type Authentication } from '../authentication.ts';
import { createAuthenticator, type Authenticator } from '../authenticator.ts';
import { parseChallenges } from '../challenge.ts';
import { allowsKerberos, schemesOf, type InitiatorSource } from '../context-source.ts';
import { requirementsOf, type FetchOptions, type MakeInitiatorSource, type NegotiatingFetch } from '../fetch-options.ts';
import { credentialsOf, REDIRECTS, redirected, redirectTarget, toRequest } from '../request.ts';
import { CredHandle } from '../../sspi/handles.ts';
import { createTargetRule } from '../target.ts';
import { readRequest, toPlatform, type PlainRequest } from './request.ts';

/** Sends a request over a connection of its own, and answers what the server asks there. `preemptive`: with a token at once. */
export interface PinnedExchange {
  (request: PlainRequest, target: string, preemptive: boolean): Promise<{ response: Response; authentication: Authentication | null }>;
  /** Lets the credentials go. */
  close(): void;
}

/** What this runtime has beside fetch. */
export interface WebPlatform {
  /** The runtime's name in messages: 'a browser'. */
  name: string;
  /** The platform follows redirects, and shows none of them (browsers). */
  hidesRedirects: boolean;
  /** A 401 from there makes the platform ask the user, before it is shown to us. */
  asksUser?: (url: URL) => boolean;
  /** Where connections can be held, they are: a fetch that shares its connections shares what a server authenticated on one. */
  pinned?: PinnedExchange;
}

/**
 * createFetch over the platform's own fetch, which holds no connection: Kerberos alone, whose token needs one request.
 *
 *   1. the request as it is   2. 401 Negotiate: the same with a ticket   3. the server's proof on the answer
 */
export function createWebFetchOver(makeSource: MakeInitiatorSource, platform: WebPlatform, options: FetchOptions): NegotiatingFetch {
  requireNoSockets(options, platform);
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const targetFor = createTargetRule(options);
  const pinned = options.fetch === undefined ? platform.pinned : undefined;
  const ntlm = schemesOf(options.packageList).includes('NTLM');
  const { preemptive = 'auto' } = options;
  /** Origins that have asked before. */
  const known = new Set<string>();
  let source: InitiatorSource | null = null;

  const kerberos = (): InitiatorSource => {
    if (!allowsKerberos(options.packageList)) throw needsConnection(platform, 'packageList allows NTLM alone');
    source ??= makeSource(options.credential, { ...options, packageList: 'Kerberos' });
    if (source.schemes.includes('NTLM') && options.credential instanceof CredHandle) throw needsConnection(platform, 'the credential is one of NTLM');
    return source;
  };

  /** Answers a 401 of one URL. */
  const hop = async (request: PlainRequest, target: string | null): Promise<Response> => {
    const { signal } = request.platform;
    if (target === null) return await send(toPlatform(request, null, redirectMode(request)));
    const preempts = preemptive === 'always' || (preemptive === 'auto' && (known.has(request.url.origin) || platform.asksUser?.(request.url) === true));
    if (pinned !== undefined) {
      const { response, authentication } = await pinned(request, target, preempts);
      if (authentication?.package === 'Kerberos' && authentication.complete) known.add(request.url.origin);
      recordOutcome(response, { origin: authentication, proxy: null });
      return response;
    }
    let side: Authenticator | null = null;
    const authenticator = () => createAuthenticator({
      source: kerberos(), target, flags: requirementsOf(options), channelBindings: null, signal, header: 'WWW-Authenticate', mustComplete: true,
    });
    /** In place of a response whose body nobody will read. */
    const refuse = async (response: Response, reason: string, cause?: SspiError): Promise<never> => {
      await response.body?.cancel();
      // An account without a realm: it is not the packageList that the caller has to look at.
      const nameless = cause?.code === 'SEC_E_NO_CREDENTIALS' && options.credential !== undefined && ntlm;
      throw cause === undefined || nameless ? needsConnection(platform, reason, cause) : cause;
    };

    try {
      if (preempts && allowsKerberos(options.packageList)) {
        side = authenticator();
        await side.preempt();
      }
      for (;;) { // twice at most: with a token sent, every way leads out
        const sent = side?.credentials ?? null;
        const response = await send(toPlatform(request, sent, redirectMode(request), !platform.hidesRedirects));
        if (platform.hidesRedirects && response.redirected && !staysAt(response, request.url)) return response; // another origin: nothing is said to it
        const lines = linesOf(response);
        if (response.status !== 401) {
          const authentication = side === null ? null : await side.accepted(lines, response.status).catch((error: unknown) => {
            throw explained(error, response, lines, platform);
          });
          if (authentication?.complete) known.add(request.url.origin);
          recordOutcome(response, { origin: authentication, proxy: null });
          return response;
        }

        const offered = parseChallenges(lines).map(({ scheme }) => scheme);
        const unreadable = lines.length === 0 && response.type === 'cors';
        if (sent === null && !unreadable && !offered.includes('negotiate')) {
          if (!offered.includes('ntlm') || !ntlm) return response;
          return await refuse(response, 'the server offers NTLM alone');
        }
        let verdict: 'again' | 'final';
        try {
          side ??= authenticator();
          verdict = await side.challenged(unreadable ? ['Negotiate'] : lines);
        } catch (error) {
          if (!(error instanceof SspiError)) throw error;
          return await refuse(response, 'Kerberos cannot be had', error);
        }
        if (verdict === 'final') {
          recordOutcome(response, { origin: side.outcome, proxy: null });
          return response;
        }
        if (sent !== null) return await refuse(response, 'the server asks for another leg');
        await response.body?.cancel();
      }
    } finally {
      side?.dispose();
    }
  };

  const redirectMode = ({ platform: { redirect } }: PlainRequest): RequestRedirect => (platform.hidesRedirects || redirect === 'error' ? redirect : 'manual');

  const follow = async (request: PlainRequest, credentials: RequestCredentials | undefined): Promise<Response> => {
    const first = request.url;
    let from = first;
    let current = request;
    for (let redirects = 0; ; redirects++) {
      const response = await hop(current, await targetFor(current, credentials, first, from));
      if (request.platform.redirect === 'error' && REDIRECTS.has(response.status)) {
        await response.body?.cancel();
        throw failed(`unexpected redirect: ${response.status}`);
      }
      const location = platform.hidesRedirects || request.platform.redirect !== 'follow' || !REDIRECTS.has(response.status) ? null : response.headers.get('location');
      if (location === null) return redirects === 0 ? response : Object.defineProperty(response, 'redirected', { value: true });
      await response.body?.cancel();
      if (redirects === MAX_REDIRECTS) throw failed(`more than ${MAX_REDIRECTS} redirects`);
      const next = redirectTargetOf(current.url, response.status, location);
      from = current.url;
      current = { platform: request.platform, ...redirected(current, response.status, next) };
    }
  };

  const close = async () => {
    source?.close();
    pinned?.close();
  };
  const negotiatingFetch: typeof fetch = async (input, init) => {
    const request = toRequest(input, init);
    if (!/^https?:/.test(request.url)) return await send(request);
    return await follow(await readRequest(request), credentialsOf(request, init));
  };
  return Object.assign(negotiatingFetch, { close, [Symbol.asyncDispose]: close });
}

function redirectTargetOf(from: URL, status: number, location: string): URL {
  try {
    return redirectTarget(from, status, location)!;
  } catch (error) {
    throw failed((error as Error).message);
  }
}

function failed(why: string): TypeError {
  return new TypeError('fetch failed', { cause: new Error(why) });
}

function linesOf({ headers }: Response): string[] {
  return ['www-authenticate', 'authentication-info'].map((name) => headers.get(name)).filter((line) => line !== null);
}

function staysAt({ url }: Response, asked: URL): boolean {
  return url !== '' && new URL(url).origin === asked.origin;
}

/** The server may have proven itself in a field that a page is not shown. */
function explained(error: unknown, response: Response, lines: readonly string[], platform: WebPlatform): unknown {
  if (!(error instanceof SspiError) || error.code !== 'SEC_E_INCOMPLETE_MESSAGE') return error;
  // The connection closes behind the token; a server that wants another leg on it says so.
  if (response.status === 400) return needsConnection(platform, 'the server refuses a handshake of one leg', error);
  if (lines.length > 0 || response.type !== 'cors') return error;
  return new SspiError('SEC_E_INCOMPLETE_MESSAGE', `the server answered ${response.status}, and the token with which it proves itself may not be read from another origin`, {
    cause: error,
    remedy: 'Let the server send Access-Control-Expose-Headers: WWW-Authenticate, and allow the request header Authorization.',
  });
}

function needsConnection({ name }: WebPlatform, reason: string, cause?: SspiError): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${reason}: NTLM needs several requests on one connection, and ${name} gives no way to hold one`, {
    ...(cause && { cause }),
    remedy: "Use Kerberos: a user with its realm ('alice@AD.TEST') and kerberos: { realms: { 'AD.TEST': { kdc: ['https://…/KdcProxy'] } } }. NTLM works in Node, Deno, Bun and Workers.",
  });
}

/** Options that only sockets can follow are not passed over in silence. */
function requireNoSockets(options: FetchOptions, { name }: WebPlatform): void {
  for (const option of ['proxy', 'proxyCredential', 'proxyTarget', 'tls'] as const) {
    if (options[option] === undefined) continue;
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `createFetch: the option ${option} needs sockets, which ${name} does not have`, {
      remedy: `Leave ${option} out: ${name} chooses its own proxy and trusts its own certificates.`,
    });
  }
}

const MAX_REDIRECTS = 20;
