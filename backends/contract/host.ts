/**
 * What an engine asks of its host. Everything that is not computation enters here, so that tests are deterministic.
 *
 * Members that a runtime lacks are absent; the engine explains what it would have needed them for.
 */
export interface Host {
  now(): Date;
  /** Fresh random bytes; the default draws from `crypto.getRandomValues`. */
  random(length: number): Uint8Array;
  /** The whole file, or null where there is none. Absent where a runtime has no files. */
  readFile?(path: string): Promise<Uint8Array | null>;
  /** An environment variable. Absent where a runtime has none. */
  environment?(name: string): string | undefined;
}
