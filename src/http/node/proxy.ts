import type { AuthData } from '../../../backends/contract/credentials.ts';

/** The proxy that a request goes through. */
export interface Proxy {
  url: URL;
  /** What the URL's user information said, where it did. */
  credential: AuthData | null;
}

/** Reads the option `proxy`: a URL (`http:` or `https:`, with or without user information), `'environment'`, or nothing. */
export function createProxyRule(option: string | URL | undefined, environment: Record<string, string | undefined>): (url: URL) => Proxy | null {
  if (option === undefined) return () => null;
  if (option !== 'environment') {
    const proxy = readProxy(option);
    return () => proxy;
  }
  // Read now: a later change of the environment must not send credentials elsewhere.
  const lookUp = (name: string) => environment[name] ?? environment[name.toUpperCase()];
  const byProtocol = new Map([['http:', lookUp('http_proxy')], ['https:', lookUp('https_proxy')]].map(([protocol, value]) => (
    [protocol!, value === undefined || value === '' ? null : readProxy(value)]
  )));
  const exempt = createExemption(lookUp('no_proxy') ?? '');
  return (url) => (exempt(url) ? null : byProtocol.get(url.protocol) ?? null);
}

function readProxy(option: string | URL): Proxy {
  const text = String(option);
  const url = URL.canParse(text) && text.includes('://') ? new URL(text) : new URL(`http://${text}`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`proxy: an http: or https: URL was expected, one with ${url.protocol} came`);
  }
  const credential = url.username === '' ? null : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return { url: new URL(url.origin), credential };
}

/** NO_PROXY as curl reads it: hosts, parent domains with or without a leading dot, an optional port, `*` for all. */
function createExemption(list: string): (url: URL) => boolean {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '').map((entry) => {
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry)!;
    return { host: host.toLowerCase().replace(/^\*?\./, '').replace(/\.$/, ''), port };
  });
  return (url) => {
    const host = url.hostname.toLowerCase().replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1');
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return entries.some((entry) => (entry.port === undefined || entry.port === port)
      && (entry.host === '*' || entry.host === host || host.endsWith(`.${entry.host}`)));
  };
}
