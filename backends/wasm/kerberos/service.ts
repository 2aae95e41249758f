import type { AcceptorData, ReplayCache } from '../../contract/credentials.ts';
import type { Host } from '../../contract/host.ts';
import { resolveHost } from '../host/index.ts';
import type { AcceptorRequest, Handshake } from '../mechanism.ts';
import { kerberosAcceptor } from './acceptor.ts';
import type { KerberosExtras } from './established.ts';
import type { KeyRing } from './key-ring.ts';
import { OpenedTickets } from './opened-tickets.ts';
import { memoryReplayCache } from './replay-cache.ts';
import { loadKeytab } from './store/files.ts';
import type { KeytabEntry } from './store/keytab.ts';

/** The service that a credential accepts for: what its handshakes share. */
export interface Service {
  accept(request: AcceptorRequest): Handshake;
  /** The keytab's entries, once they were read. */
  readonly keys: readonly KeytabEntry[];
  /** Wipes the keytab's keys and the tickets that were opened; idempotent. */
  dispose(): void;
}

export interface ServiceOptions {
  /** With a keytab. */
  acceptor: AcceptorData;
  host: Host;
  /** The clock that the caller's host came with. */
  clockOfCaller: Host['now'];
  extras: KerberosExtras;
  keyOf: KeyRing['keyOf'];
  allowWeakCrypto: boolean;
}

export function createService({ acceptor, host, clockOfCaller, extras, keyOf, allowWeakCrypto }: ServiceOptions): Service {
  const opened = new OpenedTickets();
  const replayCache = acceptor.replayCache ?? defaultReplayCache(host, clockOfCaller);
  const read = async (): Promise<readonly KeytabEntry[]> => (await loadKeytab(acceptor.keytab, host)) ?? [];
  let reading: ReturnType<typeof read> | undefined;
  let keys: readonly KeytabEntry[] = [];
  let readAt = -Infinity;

  return {
    accept: (request) => kerberosAcceptor({ keytab: readKeys, acceptor, request, replayCache, host, extras, keyOf, opened, allowWeakCrypto, skew: 300 }),
    get keys() { return keys; },
    dispose() {
      opened.dispose();
      for (const { key } of keys) key.fill(0);
    },
  };

  /** Again only for a path, and not more often than once a second: a stranger's tickets must not keep the disk busy. */
  async function readKeys(anew: boolean): Promise<readonly KeytabEntry[] | null> {
    if (!anew) return (keys = await (reading ??= readFirst()));
    const now = host.now().getTime();
    if (typeof acceptor.keytab !== 'string' || Math.abs(now - readAt) < 1000) return null;
    readAt = now;
    keys = await read();
    reading = Promise.resolve(keys);
    return keys;
  }

  function readFirst(): ReturnType<typeof read> {
    const first = read();
    first.catch(() => { reading = undefined; }); // a file that was not there may come
    return first;
  }
}

/** One for all acceptors of this process: a credential for each connection must not forget what the last one saw. */
function defaultReplayCache(host: Host, clockOfCaller: Host['now']): ReplayCache {
  if (clockOfCaller !== resolveHost().now) return memoryReplayCache(() => host.now()); // a clock of the caller's own
  return (shared ??= memoryReplayCache(clockOfCaller));
}

let shared: ReplayCache | undefined;
