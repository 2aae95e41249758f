import { etypeName } from '../../backends/wasm/kerberos/etypes/table.ts';
import type { KeytabEntry as KeytabRecord } from '../../backends/wasm/kerberos/store/keytab.ts';
import { formatPrincipal } from '../../backends/wasm/kerberos/store/principal.ts';

/** One key of a keytab. What an inspection shows of it is no secret. */
export class KeytabEntry {
  /** 'HTTP/web.ad.test@AD.TEST'. */
  readonly principal: string;
  /** The key's version number. */
  readonly kvno: number;
  readonly etype: string;
  /** When it was written; null where the keytab does not tell. */
  readonly timestamp: Date | null;
  readonly #key: Uint8Array;

  constructor({ principal, kvno, etype, timestamp, key }: KeytabRecord) {
    this.principal = formatPrincipal(principal);
    this.kvno = kvno;
    this.etype = etypeName(etype);
    this.timestamp = timestamp === 0 ? null : new Date(timestamp * 1000);
    this.#key = key;
  }

  /** The key; a copy, and secret. */
  get key(): Uint8Array {
    return this.#key.slice();
  }
}
