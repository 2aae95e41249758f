import type { KdcTransport, KerberosConfig } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import type { Krb5Conf } from '../store/krb5-conf.ts';
import { isRefusalOfRuntime } from '../../host/permission.ts';
import { formatKdcAddress, type KdcAddress } from './address.ts';
import { unwrapKdcProxyMessage, wrapKdcProxyMessage } from './kdc-proxy.ts';
import { locateKdcs, type KdcService } from './locate.ts';

export interface NetworkTransportOptions {
  config: KerberosConfig;
  /** Read when it is first needed. */
  krb5Conf: () => Promise<Krb5Conf | null>;
  host: Host;
  service?: KdcService;
  /** True when the answer says KRB_ERR_RESPONSE_TOO_BIG. */
  isTooBig: (reply: Uint8Array) => boolean;
  /** The whole search for an answer ends after this many milliseconds. Default 30 000. */
  deadline?: number;
}

/** A KDC that did not answer is asked last for this long. */
const FAILED_FOR = 60_000;
/** What DNS told is asked again after this; a resolver keeps its TTL to itself, and a domain controller registers itself with 600 s. */
const FOUND_FOR = 600_000;
/** One datagram is waited for this long, twice as long on the second round; a KDC answers in far less (RFC 4120 §7.2.1). */
const UDP_PATIENCE = 1_000;
const TCP_PATIENCE = 5_000;
const HTTPS_PATIENCE = 10_000;
const ROUNDS = 3;
const MAX_REPLY = 1 << 20;

/**
 * Carries KDC messages over UDP, TCP and HTTPS (MS-KKDCP) to the first KDC of a realm that answers.
 *
 * Throws SEC_E_NO_AUTHENTICATING_AUTHORITY, with the failure of each KDC, when none does in time; an abort is rethrown.
 */
export function createNetworkTransport(options: NetworkTransportOptions): KdcTransport {
  const { host, deadline = 30_000 } = options;
  const failedUntil = new Map<string, number>();
  const located = new Map<string, Search>();

  return {
    async send(realm, message, { signal }) {
      signal?.throwIfAborted();
      const krb5Conf = await options.krb5Conf();
      const kept = (located.get(realm)?.until ?? 0) > host.now().getTime();
      const addresses = await locate(realm, krb5Conf, signal);
      const failures = new Map<string, unknown>();
      let late = false;
      const limit = options.service === 'kpasswd' ? 0 : krb5Conf?.udpPreferenceLimit ?? 1465; // a change of password must not be sent twice

      const reply = await within(deadline, signal, async (stop) => {
        const answer = await askAll(addresses, stop);
        if (answer !== null) return answer;
        located.delete(realm); // there may be others by now
        const found = kept && !stop.aborted ? await locate(realm, krb5Conf, stop).catch(() => []) : [];
        const second = await askAll(found.filter((address) => !failures.has(formatKdcAddress(address))), stop);
        late = stop.aborted;
        return second;
      });
      if (reply !== null) return reply;
      throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `no KDC of the realm ${realm} answered${late ? ` within ${deadline / 1000} s` : ''}: ${[...failures].map(([name, why]) => `${name}: ${reason(why)}`).join('; ')}`, {
        cause: [...failures.values()].at(-1),
        remedy: [...failures.values()].find(isRefusalOfRuntime)?.remedy ?? (addresses.every(({ protocol }) => protocol === 'https')
          ? 'Check that the KDC proxy is up and reachable from here; in a browser it must also allow the origin of the page (CORS).'
          : 'Check that the KDC is up, and that port 88 or the KDC proxy is reachable from here.'),
      });

      async function askAll(some: readonly KdcAddress[], stop: AbortSignal): Promise<Uint8Array | null> {
        for (let round = 0; round < ROUNDS && !stop.aborted; round++) {
          for (const address of inOrder(some)) {
            if (stop.aborted) break;
            try {
              const answer = await ask(address, realm, message, limit, round, stop);
              failedUntil.delete(formatKdcAddress(address));
              return answer;
            } catch (cause) {
              signal?.throwIfAborted();
              failures.set(formatKdcAddress(address), cause);
              failedUntil.set(formatKdcAddress(address), host.now().getTime() + FAILED_FOR);
            }
          }
          // A refused connection or a proxy's error will not heal within the second; only silence is asked again.
          if (![...failures.values()].some(isTimeout)) break;
        }
        return null;
      }
    },
  };

  /** One search for all who ask meanwhile; when the one that it was begun for leaves, another's goes on. */
  async function locate(realm: string, krb5Conf: Krb5Conf | null, signal?: AbortSignal): Promise<KdcAddress[]> {
    for (;;) {
      const search = searchFor(realm, krb5Conf, signal);
      try {
        return await search.found;
      } catch (error) {
        signal?.throwIfAborted();
        if (search.signal?.aborted !== true) throw error;
      }
    }
  }

  function searchFor(realm: string, krb5Conf: Krb5Conf | null, signal?: AbortSignal): Search {
    const known = located.get(realm);
    if (known !== undefined && known.signal?.aborted !== true && known.until > host.now().getTime()) return known;
    const found = locateKdcs(realm, { service: options.service ?? 'kdc', config: options.config, krb5Conf, host, ...(signal && { signal }) });
    const search: Search = { found, signal, until: Infinity };
    located.set(realm, search);
    const keep = (milliseconds: number): void => {
      search.signal = undefined;
      search.until = host.now().getTime() + milliseconds;
    };
    found.then(() => keep(FOUND_FOR), () => {
      // A realm that nobody knows is not looked for again at once: Negotiate would wait for DNS at each fallback.
      if (signal?.aborted !== true) keep(FAILED_FOR);
      else if (located.get(realm) === search) located.delete(realm);
    });
    return search;
  }

  /** Those that failed lately go last; otherwise the order stays. */
  function inOrder(addresses: readonly KdcAddress[]): KdcAddress[] {
    const now = host.now().getTime();
    const failed = (address: KdcAddress) => (failedUntil.get(formatKdcAddress(address)) ?? 0) > now;
    return [...addresses.filter((address) => !failed(address)), ...addresses.filter(failed)];
  }

  async function ask(address: KdcAddress, realm: string, message: Uint8Array, limit: number, round: number, stop: AbortSignal): Promise<Uint8Array> {
    if (address.protocol === 'https') return askProxy(address.url, realm, message, stop);
    // The middle round goes by TCP: where a firewall eats datagrams, silence is all that UDP ever gives.
    const udpFirst = host.exchangeUdp !== undefined && (address.protocol === 'udp' || (address.protocol === 'any' && message.length <= limit && round !== 1));
    if (udpFirst) {
      try {
        const reply = await within(UDP_PATIENCE << round, stop, (signal) => heeding(signal, host.exchangeUdp!(address, message, signal)));
        if (!options.isTooBig(reply)) return reply;
      } catch (error) {
        if (stop.aborted || address.protocol === 'udp' || isTimeout(error)) throw error; // silence: the next KDC first
      }
    }
    if (address.protocol === 'udp' && host.exchangeUdp === undefined) {
      throw lacking('datagrams (UDP)', `Give the KDC as tcp://${address.host}:${address.port}, where there is TCP, or as a KDC proxy, https://…/KdcProxy.`);
    }
    if (host.exchangeTcp === undefined) throw lacking('TCP sockets', 'Give a KDC proxy in place of the KDC: https://…/KdcProxy (MS-KKDCP).');
    return unframe(await within(TCP_PATIENCE, stop, (signal) => heeding(signal, host.exchangeTcp!(address, frame(message), isFramed, signal))));
  }

  async function askProxy(url: string, realm: string, message: Uint8Array, stop: AbortSignal): Promise<Uint8Array> {
    if (host.post === undefined) throw lacking('fetch', 'Give the KDC as tcp://…, where there are sockets.');
    const body = wrapKdcProxyMessage(frame(message), realm);
    return unframe(unwrapKdcProxyMessage(await within(HTTPS_PATIENCE, stop, (signal) => heeding(signal, host.post!(url, 'application/kerberos', body, signal)))));
  }
}

interface Search {
  found: Promise<KdcAddress[]>;
  /** Of the caller that it was begun for, until it has found something. */
  signal: AbortSignal | undefined;
  /** Milliseconds since 1970; then it is made anew. */
  until: number;
}

/** RFC 4120 §7.2.2: a message on TCP has its length in front, four bytes in network order. */
function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, 4);
  return framed;
}

function isFramed(received: Uint8Array): boolean {
  return received.length >= 4 && (announced(received) > MAX_REPLY || received.length >= 4 + announced(received));
}

function unframe(received: Uint8Array): Uint8Array {
  if (received.length < 4) throw new Error(`the connection closed after ${received.length} bytes`);
  const length = announced(received);
  if (length > MAX_REPLY) throw new Error(`a reply of ${length} bytes was announced; ${MAX_REPLY} are accepted`);
  if (received.length < 4 + length) throw new Error(`the connection closed after ${received.length - 4} of ${length} bytes`);
  return received.subarray(4, 4 + length);
}

function announced(received: Uint8Array): number {
  return new DataView(received.buffer, received.byteOffset, 4).getUint32(0);
}

/** Runs with a signal that aborts with `parent` or when time is up. Nothing is left behind: Deno waits for a timer that someone listens to. */
async function within<T>(milliseconds: number, parent: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException(`${milliseconds} ms have passed`, 'TimeoutError')), milliseconds);
  const follow = () => controller.abort(parent!.reason);
  if (parent?.aborted) follow();
  parent?.addEventListener('abort', follow);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', follow);
  }
}

/** As `work`, but no longer than the signal lets it: the lookup of a name takes none. */
function heeding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject);
  });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function reason(error: unknown): string {
  if (isTimeout(error)) return 'no answer';
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { cause?: { message?: string; code?: string } };
  const behind = error instanceof TypeError ? cause?.message || cause?.code : undefined; // fetch says no more than that it failed
  return behind === undefined ? error.message : `${error.message}: ${behind}`;
}

function lacking(what: string, remedy: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this runtime has no ${what}`, { remedy });
}
