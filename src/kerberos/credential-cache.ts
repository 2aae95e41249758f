import { SspiError } from '../../backends/contract/errors.ts';
import type { Host } from '../../backends/contract/host.ts';
import { resolveKerberosHost } from '../../backends/wasm/kerberos/host.ts';
import { readConfiguration } from '../../backends/wasm/kerberos/store/configuration.ts';
import { writeKrbCred } from '../../backends/wasm/kerberos/exchange/krb-cred.ts';
import { writeCcache, type CredentialCacheData } from '../../backends/wasm/kerberos/store/ccache.ts';
import { defaultCcacheName } from '../../backends/wasm/kerberos/store/ccache-name.ts';
import { readAnyCcache } from '../../backends/wasm/kerberos/store/any-ccache.ts';
import { openCcacheStore } from '../../backends/wasm/kerberos/store/ccache-store.ts';
import { formatPrincipal } from '../../backends/wasm/kerberos/store/principal.ts';
import { CachedTicket } from './cached-ticket.ts';

export interface CredentialCacheOptions {
  /** Replaces files, environment and sockets, for tests. */
  host?: Partial<Host>;
}

/** What the other functions of this folder may do, and a caller may not. */
export let inside: { make(data: CredentialCacheData): CredentialCache; data(cache: CredentialCache): CredentialCacheData };

/**
 * The tickets of one client, as a cache that MIT and Heimdal read too. Its bytes serve as `authData: { ccache }`.
 *
 *     const cache = await CredentialCache.load();          // the one that klist shows
 *     cache.principal, cache.expiry, cache.entries
 */
export class CredentialCache implements Disposable {
  readonly #data: CredentialCacheData;

  static {
    inside = { make: (data) => new CredentialCache(data), data: (cache) => cache.#data };
  }

  private constructor(data: CredentialCacheData) {
    this.#data = data;
  }

  /** A FILE cache of any version, or a KRB-CRED (.kirbi) with unencrypted tickets. Throws SEC_E_UNKNOWN_CREDENTIALS, SEC_E_INVALID_TOKEN. */
  static parse(bytes: Uint8Array): CredentialCache {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array');
    return new CredentialCache(readAnyCcache(bytes));
  }

  /**
   * Reads a cache by its path, or by a name as KRB5CCNAME has it: `FILE:`, `DIR:`, `KCM:`, `MEMORY:`. Without a name it is the
   * default one of this user.
   * Throws SEC_E_NO_CREDENTIALS where there is none, SEC_E_UNKNOWN_CREDENTIALS where it is malformed, SEC_E_UNSUPPORTED_FUNCTION for another type.
   */
  static async load(name?: string, { host }: CredentialCacheOptions = {}): Promise<CredentialCache> {
    const resolved = resolveKerberosHost(host);
    return new CredentialCache(await openCcacheStore(name ?? (await defaultName(resolved)), resolved).load());
  }

  /** Wipes and removes a cache; false where there was none. Throws as `load` does. */
  static async destroy(name?: string, { host }: CredentialCacheOptions = {}): Promise<boolean> {
    const resolved = resolveKerberosHost(host);
    return openCcacheStore(name ?? (await defaultName(resolved)), resolved).remove();
  }

  /** The name of this user's cache: KRB5CCNAME, else krb5.conf's default_ccache_name, else FILE:/tmp/krb5cc_UID. */
  static async defaultName({ host }: CredentialCacheOptions = {}): Promise<string> {
    return defaultName(resolveKerberosHost(host));
  }

  /** The client: 'alice@AD.TEST'. */
  get principal(): string {
    return formatPrincipal(this.#data.principal);
  }

  get entries(): readonly CachedTicket[] {
    return this.#data.credentials.map((credential) => new CachedTicket(credential));
  }

  /** When the ticket-granting ticket of the client's realm ends; without one, the last ticket; null for a cache without tickets. */
  get expiry(): Date | null {
    const { credentials } = this.#data;
    const tgts = credentials.filter(({ server: { components, realm } }) => components[0] === 'krbtgt' && components[1] === realm);
    const ends = (tgts.length > 0 ? tgts : credentials).map(({ endtime }) => endtime);
    return ends.length === 0 ? null : new Date(Math.max(...ends) * 1000);
  }

  /** Nothing in it serves at that time any more. */
  isExpired(at: Date = new Date()): boolean {
    return this.expiry === null || this.expiry <= at;
  }

  /** Version 4 of MIT's FILE format; it holds the session keys. */
  toBytes(): Uint8Array {
    return writeCcache(this.#data);
  }

  /** A KRB-CRED whose tickets are not encrypted, as a .kirbi file holds it. */
  toKrbCred(): Uint8Array {
    return writeKrbCred(this.#data.credentials, null);
  }

  /**
   * Writes it where `load` reads it. A file is replaced at once, and is readable by its owner alone. A collection (DIR, KCM) keeps one
   * cache for each client, and makes this one its default.
   */
  async save(name?: string, { host }: CredentialCacheOptions = {}): Promise<void> {
    const resolved = resolveKerberosHost(host);
    await openCcacheStore(name ?? (await defaultName(resolved)), resolved).save(this.#data);
  }

  /** Wipes the session keys that this object holds. */
  [Symbol.dispose](): void {
    for (const { key } of this.#data.credentials) key.fill(0);
    this.#data.credentials.length = 0;
  }
}

async function defaultName(host: Host): Promise<string> {
  const name = defaultCcacheName(host, await readConfiguration({}, host));
  if (name === null) throw new SspiError('SEC_E_NO_CREDENTIALS', 'this runtime has no default credential cache', { remedy: "Name one, such as 'FILE:/tmp/krb5cc' or 'MEMORY:mine'." });
  return name;
}
