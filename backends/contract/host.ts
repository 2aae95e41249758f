/**
 * What an engine asks of its host. Everything that is not computation enters here, so that tests are deterministic.
 *
 * Members that a runtime lacks are absent; the engine explains what it would have needed them for.
 */
export interface Host {
  now(): Date;
  /** Fresh random bytes; the default draws from `crypto.getRandomValues`. */
  random(length: number): Uint8Array;
  /**
   * The whole file, or null where there is none. Absent where a runtime has no files. `optional`: where the runtime would have to ask for a
   * permission, there is none either.
   */
  readFile?(path: string, optional?: boolean): Promise<Uint8Array | null>;
  /** The names in a directory, or null where there is none. */
  listDirectory?(path: string): Promise<string[] | null>;
  /** Writes a whole file, readable by its owner alone, in place of what was there: a reader sees the old bytes or the new ones. */
  writeFile?(path: string, bytes: Uint8Array): Promise<void>;
  /** Wipes a file with zeros and removes it; false where there was none. */
  removeFile?(path: string): Promise<boolean>;
  /** The numeric id of the user that runs this; absent where a system has none. */
  userId?(): number;
  /** An environment variable. Absent where a runtime has none. `optional` as in `readFile`. */
  environment?(name: string, optional?: boolean): string | undefined;
  /** What would permit that which was optional and went without: `--allow-read=/etc/krb5.conf`. */
  withheld?(): readonly string[];
  /** DNS SRV records, unordered; an empty list when the name has none. */
  lookupSrv?(name: string, signal?: AbortSignal): Promise<SrvRecord[]>;
  /** Sends one datagram and resolves to the first answer from that address. */
  exchangeUdp?(address: SocketAddress, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Connects, sends, and resolves once `isWhole` says that the answer is. */
  exchangeTcp?(address: SocketAddress, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array>;
  /** As `exchangeTcp`, with a Unix socket. */
  exchangeUnix?(path: string, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array>;
  /** POSTs and resolves to the body of a 200; anything else rejects. */
  post?(url: string, contentType: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

export interface SrvRecord {
  name: string;
  port: number;
  priority: number;
  weight: number;
}

export interface SocketAddress {
  host: string;
  port: number;
}
