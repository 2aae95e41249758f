import type { Host } from '../../backends/contract/host.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { defaultSalt } from '../../backends/wasm/kerberos/client-keys.ts';
import { etypeByName, ETYPES, stringToKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { resolveKerberosHost } from '../../backends/wasm/kerberos/host.ts';
import { loadKeytab } from '../../backends/wasm/kerberos/store/files.ts';
import { readKeytab, writeKeytab, type KeytabEntry as KeytabRecord } from '../../backends/wasm/kerberos/store/keytab.ts';
import { parsePrincipal } from '../../backends/wasm/kerberos/store/principal.ts';
import { KeytabEntry } from './keytab-entry.ts';

export interface FromPasswordOptions {
  /** Names of encryption types. Default: the four AES types. */
  etypes?: string[];
  /** The key's version number, as the domain controller counts it (msDS-KeyVersionNumber). Default 1. */
  kvno?: number;
  /** Default: the realm and the name's components, one behind the other. A computer account of Active Directory has another: `AD.TESThostweb.ad.test`. */
  salt?: string;
  /** Default now. */
  timestamp?: Date;
}

/**
 * Long-term keys of services and users, as a file that MIT and Heimdal read too. Its bytes serve as `keytab` wherever one is taken.
 *
 *     const keytab = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', password, { kvno: 3 });
 */
export class Keytab implements Disposable {
  readonly #records: KeytabRecord[];

  private constructor(records: KeytabRecord[]) {
    this.#records = records;
  }

  /** Version 1 or 2 of MIT's format. Throws SEC_E_UNKNOWN_CREDENTIALS with the byte where it breaks. */
  static parse(bytes: Uint8Array): Keytab {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array');
    return new Keytab(readKeytab(bytes));
  }

  /** A path, or MIT's `FILE:path`. Throws SEC_E_NO_CREDENTIALS where there is none. */
  static async load(path: string, { host }: { host?: Partial<Host> } = {}): Promise<Keytab> {
    return new Keytab((await loadKeytab(path, resolveKerberosHost(host)))!);
  }

  /**
   * The keys that a password gives (RFC 3962 §4, RFC 8009 §4, RFC 4757 §2). The principal names its realm; case matters in both.
   * Throws SEC_E_UNKNOWN_CREDENTIALS for what is no principal, RangeError for an encryption type that is not known.
   */
  static async fromPassword(principal: string, password: string, options: FromPasswordOptions = {}): Promise<Keytab> {
    if (typeof principal !== 'string' || typeof password !== 'string') throw new TypeError('principal and password must be strings');
    const { kvno = 1, timestamp = new Date() } = options;
    if (!Number.isInteger(kvno) || kvno < 0 || kvno > 0xffffffff) throw new RangeError(`kvno: a whole number up to 4294967295 expected, not ${kvno}`);
    const parsed = parsePrincipal(principal);
    const salt = options.salt ?? defaultSalt(parsed);
    return new Keytab(etypesOf(options.etypes).map((etype) => ({
      principal: parsed, timestamp: Math.floor(timestamp.getTime() / 1000), kvno, etype, key: stringToKey(etype, password, salt),
    })));
  }

  get entries(): readonly KeytabEntry[] {
    return this.#records.map((record) => new KeytabEntry(record));
  }

  /** This keytab's keys and another's, such as the ones of a new password beside those of the old. */
  concat(other: Keytab): Keytab {
    return new Keytab([...this.#records, ...other.#records].map((record) => ({ ...record, key: record.key.slice() })));
  }

  /** Version 2 of MIT's format; it holds the keys. */
  toBytes(): Uint8Array {
    return writeKeytab(this.#records);
  }

  /** Replaces the file at once; it is readable by its owner alone. */
  async save(path: string, { host }: { host?: Partial<Host> } = {}): Promise<void> {
    const { writeFile } = resolveKerberosHost(host);
    if (writeFile === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this runtime writes no files, so '${path}' cannot be saved`);
    const bytes = this.toBytes();
    await writeFile(path.replace(/^(?:WR)?FILE:/, ''), bytes);
    bytes.fill(0);
  }

  /** Wipes the keys. */
  [Symbol.dispose](): void {
    for (const { key } of this.#records) key.fill(0);
    this.#records.length = 0;
  }
}

function etypesOf(names: readonly string[] | undefined): number[] {
  if (names === undefined) return ETYPES.filter(({ weak }) => !weak).map(({ etype }) => etype);
  if (names.length === 0) throw new RangeError('etypes: at least one expected');
  return names.map((name) => {
    const info = etypeByName(name);
    if (info === undefined) throw new RangeError(`etypes: '${name}' is no encryption type; known are ${ETYPES.map((one) => one.name).join(', ')}`);
    return info.etype;
  });
}
