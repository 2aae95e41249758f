import { SspiError } from '../../contract/errors.ts';
import type { KdcTransport } from '../../contract/credentials.ts';
import type { Host } from '../../contract/host.ts';
import { KDC_OPT, TKT_FLAG } from './codes/flags.ts';
import { createKerberosKey, type KerberosKey } from './etypes/index.ts';
import { asExchange, type ClientKeys } from './exchange/as.ts';
import type { KerberosClock } from './exchange/clock.ts';
import { runExchange } from './exchange/question.ts';
import { ask, realmOf, tgsExchange, type TgsOptions } from './exchange/tgs.ts';
import type { CachedCredential } from './store/ccache.ts';
import { formatPrincipal, krbtgt, sameName, type Principal } from './store/principal.ts';

export interface TicketStoreOptions {
  client: Principal;
  /** How to get a first ticket; null when there are only the tickets that were given. */
  keys: ClientKeys | null;
  tickets: readonly CachedCredential[];
  /** Reads the cache again that `tickets` came from: another program may have renewed it. Null: it is no longer this client's. */
  reread?: (() => Promise<readonly CachedCredential[] | null>) | undefined;
  etypes: readonly number[];
  transport: KdcTransport;
  host: Host;
  clock: KerberosClock;
  canonicalize?: boolean;
  forwardable?: boolean;
  lifetime?: number | undefined;
  renewLifetime?: number | undefined;
  skew?: number | undefined;
  /** [capaths], by client realm and server realm. */
  path?: (from: string, to: string) => readonly string[] | undefined;
}

/** A ticket is used until this many seconds before its end, so that it lives through the handshake. */
const MARGIN = 60;
/** Milliseconds between two looks into a cache, so that a failing logon in a loop does not keep the disk busy. */
const REREAD_PAUSE = 1000;

/**
 * The tickets of one client: gets them, keeps them, renews them, and asks a KDC once however many contexts want the same
 * one at the same time. Tickets of a cache that was given are used first.
 */
export class TicketStore {
  readonly #options: TicketStoreOptions;
  readonly #tickets: CachedCredential[];
  readonly #pending = new Map<string, Pending>();
  /** Tickets by what the caller called the service: a KDC may call it otherwise, or find it in another realm. */
  readonly #aliases = new Map<string, CachedCredential>();
  readonly #forwarded = new Map<string, { of: CachedCredential; ticket: CachedCredential }>();
  readonly #random: (length: number) => Uint8Array;
  #client: Principal;
  #rereadAt = -Infinity;
  #rereading: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(options: TicketStoreOptions) {
    this.#options = options;
    this.#tickets = [...options.tickets];
    this.#client = options.client;
    this.#random = (length) => options.host.random(length);
  }

  /** The client, by the name that the KDC gave it. */
  get client(): Principal {
    return this.#client;
  }

  get etypes(): readonly number[] {
    return this.#options.etypes;
  }

  get tickets(): readonly CachedCredential[] {
    return this.#tickets;
  }

  /** When the last ticket-granting ticket ends; null while there is none yet. */
  get expiry(): Date | null {
    const tgt = this.#tickets.findLast((ticket) => isTgt(ticket) && realmOf(ticket) === ticket.server.realm);
    return tgt === undefined ? null : new Date(tgt.endtime * 1000);
  }

  /** A ticket for `server`, whose realm may be '' (the KDC finds it). */
  ticketFor(server: Principal, signal?: AbortSignal): Promise<CachedCredential> {
    const name = formatPrincipal(server);
    const cached = this.#tickets.find((ticket) => this.#isUsable(ticket) && isFor(ticket, server)) ?? this.#aliases.get(name);
    if (cached !== undefined && this.#isUsable(cached)) return Promise.resolve(cached);
    this.#aliases.delete(name);
    return this.#once(name, signal, async (shared) => {
      if (this.#goodTgt() === undefined) await this.#reread();
      const found = this.#tickets.find((ticket) => this.#isUsable(ticket) && isFor(ticket, server));
      if (found !== undefined) return found;
      const tgt = await this.tgt(shared);
      const ticket = await this.#tgs(server, tgt, {}, shared);
      this.#keep(ticket);
      if (!isFor(ticket, server)) this.#aliases.set(name, ticket);
      return ticket;
    });
  }

  /**
   * A ticket-granting ticket to hand to this service (RFC 4120 §2.6): forwarded, and forwardable for the next hop. Kept like any ticket, as Windows
   * does, while MIT asks for one at each handshake; one for each service, so that none of them knows the session key of another's.
   */
  forwardedTgt(service: Principal, signal?: AbortSignal): Promise<CachedCredential> {
    const name = formatPrincipal(service);
    const kept = this.#forwarded.get(name);
    if (kept !== undefined && kept.of === this.#goodTgt() && this.#isGood(kept.ticket)) return Promise.resolve(kept.ticket);
    return this.#once(`forwarded ${name}`, signal, async (shared) => {
      const of = await this.tgt(shared);
      if ((of.flags & TKT_FLAG.FORWARDABLE) === 0) throw new SspiError('SEC_E_DELEGATION_POLICY', 'the ticket is not forwardable', { remedy: 'Log on with forwardable = true, and allow the account to be delegated.' });
      const server = krbtgt(realmOf(of));
      const ticket = await runExchange(ask(of, server, this.#tgsOptions(server, of, { kdcOptions: KDC_OPT.FORWARDED | KDC_OPT.FORWARDABLE })), this.#options.transport, shared);
      this.#requireAlive(ticket);
      this.#forwarded.set(name, { of, ticket });
      return ticket;
    });
  }

  /** The ticket-granting ticket of the client's realm: cached, renewed, or got with the client's key. */
  tgt(signal?: AbortSignal): Promise<CachedCredential> {
    const cached = this.#goodTgt();
    if (cached !== undefined) return Promise.resolve(cached);
    return this.#once('', signal, async (shared) => {
      const tgt = (await this.#reread(), this.#goodTgt()) ?? (await this.#renew(shared)) ?? (await this.#logOn(shared));
      this.#client = tgt.client;
      this.#keep(tgt);
      return tgt;
    });
  }

  /** Wipes the keys; what is under way is given up. Idempotent. */
  dispose(): void {
    this.#disposed = true;
    for (const { stop } of this.#pending.values()) stop.abort(freed());
    for (const ticket of [...this.#tickets, ...[...this.#forwarded.values()].map(({ ticket: one }) => one)]) ticket.key.fill(0);
    this.#tickets.length = 0;
    this.#forwarded.clear();
    this.#aliases.clear();
    this.#options.keys?.dispose?.();
  }

  #goodTgt(): CachedCredential | undefined {
    return this.#tickets.find((ticket) => isTgt(ticket) && realmOf(ticket) === ticket.server.realm && this.#isGood(ticket));
  }

  /** kinit, k5start or sssd renews a cache while a service runs for weeks; what they wrote is taken before a KDC is asked. */
  #reread(): Promise<void> {
    const { reread, clock } = this.#options;
    if (reread === undefined) return Promise.resolve();
    const now = clock.now().getTime();
    if (Math.abs(now - this.#rereadAt) >= REREAD_PAUSE) {
      this.#rereadAt = now;
      this.#rereading = reread().then((tickets) => tickets?.forEach((ticket) => this.#take(ticket)), () => {}); // gone, or half of it: what is at hand is still tried
    }
    return this.#rereading;
  }

  async #logOn(signal: AbortSignal): Promise<CachedCredential> {
    const { keys, etypes, transport, clock, client } = this.#options;
    if (keys === null) {
      const own = this.#tickets.some((ticket) => isTgt(ticket));
      throw new SspiError('SEC_E_NO_CREDENTIALS', `${own ? 'the ticket-granting ticket' : 'among the tickets'} of ${formatPrincipal(client)} ${own ? 'has expired' : 'is no ticket-granting ticket'}, so no further ticket can be got`, { remedy: 'Get new tickets: run kinit again.' });
    }
    const { forwardable = true, canonicalize = false, lifetime, renewLifetime, skew } = this.#options;
    const exchange = asExchange({
      client, keys, etypes, clock, random: this.#random, forwardable, canonicalize,
      ...(lifetime !== undefined && { lifetime }), ...(renewLifetime !== undefined && { renewLifetime }), ...(skew !== undefined && { skew }),
    });
    return runExchange(exchange, transport, signal);
  }

  /** RFC 4120 §2.3: a renewable ticket is renewed while it lives; null when there is none, or the KDC will not. */
  async #renew(signal: AbortSignal): Promise<CachedCredential | null> {
    const now = this.#now();
    const old = this.#tickets.find((ticket) => isTgt(ticket) && (ticket.flags & TKT_FLAG.RENEWABLE) !== 0 && ticket.renewTill > now + MARGIN && ticket.endtime > now);
    if (old === undefined) return null;
    const server = old.server;
    try {
      return await runExchange(ask(old, server, this.#tgsOptions(server, old, { kdcOptions: KDC_OPT.RENEW | (old.flags & (KDC_OPT.FORWARDABLE | KDC_OPT.RENEWABLE)) })), this.#options.transport, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#options.keys === null) throw error;
      return null; // there is a key: log on anew
    }
  }

  #tgs(server: Principal, tgt: CachedCredential, more: Partial<TgsOptions>, signal: AbortSignal): Promise<CachedCredential> {
    return runExchange(tgsExchange(this.#tgsOptions(server, tgt, more)), this.#options.transport, signal);
  }

  #tgsOptions(server: Principal, tgt: CachedCredential, more: Partial<TgsOptions>): TgsOptions {
    const { etypes, clock, skew } = this.#options;
    const path = server.realm === '' ? undefined : this.#options.path?.(realmOf(tgt), server.realm);
    return {
      tgt, server, etypes, clock, random: this.#random, createKey: (etype, bytes): KerberosKey => createKerberosKey(etype, bytes, this.#random),
      kdcOptions: (tgt.flags & KDC_OPT.FORWARDABLE) >>> 0,
      knownTgt: (realm) => this.#tickets.find((ticket) => isTgt(ticket) && realmOf(ticket) === realm && this.#isGood(ticket)),
      onTgt: (ticket) => this.#keep(ticket),
      ...(path !== undefined && { path }), ...(skew !== undefined && { skew }),
      ...more,
    };
  }

  /** One request for all who want the same; each waits with its own signal, and the request ends when nobody waits. */
  async #once(key: string, signal: AbortSignal | undefined, get: (signal: AbortSignal) => Promise<CachedCredential>): Promise<CachedCredential> {
    if (this.#disposed) throw freed();
    signal?.throwIfAborted();
    const pending = this.#pending.get(key) ?? this.#begin(key, get);
    pending.waiting++;
    if (signal === undefined) return pending.result;
    return await new Promise<CachedCredential>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--pending.waiting > 0) return;
        if (this.#pending.get(key) === pending) this.#pending.delete(key); // who comes now begins anew
        pending.stop.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      pending.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #begin(key: string, get: (signal: AbortSignal) => Promise<CachedCredential>): Pending {
    const stop = new AbortController();
    const pending: Pending = { waiting: 0, stop, result: get(stop.signal) };
    this.#pending.set(key, pending);
    const end = () => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    };
    pending.result.then(end, end);
    return pending;
  }

  #keep(ticket: CachedCredential): void {
    this.#requireAlive(ticket);
    const same = this.#tickets.findIndex((old) => isFor(old, ticket.server) && old.isSkey === ticket.isSkey);
    if (same !== -1) this.#tickets.splice(same, 1);
    this.#tickets.push(ticket);
  }

  #requireAlive(ticket: CachedCredential): void {
    if (!this.#disposed) return;
    ticket.key.fill(0);
    throw freed();
  }

  /** Of a cache: what is at hand may have been renewed here, which no cache knows of. */
  #take(ticket: CachedCredential): void {
    const newer = this.#tickets.some((own) => isFor(own, ticket.server) && own.isSkey === ticket.isSkey && own.endtime > ticket.endtime);
    if (newer || this.#disposed) ticket.key.fill(0);
    else this.#keep(ticket);
  }

  /** Good for a service: its key is of a type that is allowed too. */
  #isUsable(ticket: CachedCredential): boolean {
    return this.#isGood(ticket) && this.#options.etypes.includes(ticket.etype);
  }

  #isGood(ticket: CachedCredential): boolean {
    const now = this.#now();
    return ticket.starttime <= now + MARGIN && ticket.endtime > now + MARGIN && (ticket.flags & TKT_FLAG.INVALID) === 0 && !ticket.isSkey;
  }

  #now(): number {
    return (this.#options.clock.now().getTime() + this.#options.clock.offset) / 1000;
  }
}

interface Pending {
  /** How many want it; with nobody left the request ends. */
  waiting: number;
  stop: AbortController;
  result: Promise<CachedCredential>;
}

function freed(): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', 'Kerberos: this credential was freed');
}

function isTgt({ server: { components } }: CachedCredential): boolean {
  return components.length === 2 && components[0] === 'krbtgt';
}

function isFor(ticket: CachedCredential, server: Principal): boolean {
  return sameName(ticket.server.components, server.components) && (server.realm === '' || server.realm === ticket.server.realm);
}
