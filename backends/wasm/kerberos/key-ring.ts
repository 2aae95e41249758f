import type { KerberosKey } from './etypes/index.ts';

/** A ticket with its session key, or a keytab's entry. */
export interface KeyHolder {
  readonly etype: number;
  readonly key: Uint8Array;
}

/**
 * The keys of tickets and keytab entries, each made once however many handshakes use it: what is derived from a key then
 * costs nothing any more. They belong to the credential, not to who asks for them.
 */
export interface KeyRing {
  keyOf(holder: KeyHolder): KerberosKey;
  /** Wipes the keys of these; idempotent. */
  dispose(holders: Iterable<KeyHolder>): void;
}

export function createKeyRing(createKey: (etype: number, bytes: Uint8Array) => KerberosKey): KeyRing {
  const keys = new WeakMap<KeyHolder, KerberosKey>(); // a ticket that was replaced takes its key along
  return {
    keyOf(holder) {
      let key = keys.get(holder);
      if (key === undefined) keys.set(holder, key = createKey(holder.etype, holder.key));
      return key;
    },
    dispose(holders) {
      for (const holder of holders) {
        keys.get(holder)?.dispose();
        keys.delete(holder);
      }
    },
  };
}
