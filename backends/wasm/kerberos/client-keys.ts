import { SspiError } from '../../contract/errors.ts';
import type { ClientKeys } from './exchange/as.ts';
import { createKerberosKey, stringToKey } from './etypes/index.ts';
import { etypeInfo, ETYPES } from './etypes/table.ts';
import type { KeytabEntry } from './store/keytab.ts';
import { sameName, type Principal } from './store/principal.ts';

/** RFC 4120 §4: the default salt is the realm and the components, one behind the other. */
export function defaultSalt({ realm, components }: Principal): string {
  return realm + components.join('');
}

/** Keys from a password; each is made once for each salt, because PBKDF2 is meant to be slow. */
export function passwordKeys(principal: Principal, password: string, random: (length: number) => Uint8Array): ClientKeys {
  const made = new Map<string, Uint8Array>();
  return {
    etypes: ETYPES.map(({ etype }) => etype),
    keyFor(etype, salt = defaultSalt(principal), parameters) {
      if (etypeInfo(etype) === undefined) return null;
      const id = `${etype} ${parameters === undefined ? '' : [...parameters].join(',')} ${salt}`;
      const bytes = made.get(id) ?? stringToKey(etype, password, salt, parameters);
      made.set(id, bytes);
      return createKerberosKey(etype, bytes, random);
    },
    dispose() {
      for (const bytes of made.values()) bytes.fill(0);
      made.clear();
    },
  };
}

/** The newest keys that a keytab has for a principal; a keytab of several principals is searched by name alone. The entries pass over to it. */
export function keytabKeys(principal: Principal, entries: readonly KeytabEntry[], random: (length: number) => Uint8Array): ClientKeys {
  const own = entries.filter((entry) => sameName(entry.principal.components, principal.components) && entry.principal.realm === principal.realm);
  if (own.length === 0) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the keytab has no key of ${principal.components.join('/')}@${principal.realm}`, {
      remedy: `It holds ${[...new Set(entries.map((entry) => `${entry.principal.components.join('/')}@${entry.principal.realm}`))].slice(0, 5).join(', ') || 'nothing'}.`,
    });
  }
  const newest = Math.max(...own.map(({ kvno }) => kvno));
  const keys = new Map(own.filter(({ kvno }) => kvno === newest).map(({ etype, key }) => [etype, key]));
  return {
    etypes: [...keys.keys()],
    keyFor(etype) {
      const bytes = keys.get(etype);
      return bytes === undefined || etypeInfo(etype) === undefined ? null : createKerberosKey(etype, bytes, random);
    },
    dispose() {
      for (const { key } of entries) key.fill(0);
    },
  };
}

/** The NT hash is the RC4 key (RFC 4757 §2). */
export function ntHashKeys(ntHash: Uint8Array, random: (length: number) => Uint8Array): ClientKeys {
  return {
    etypes: [23],
    keyFor: (etype) => (etype === 23 ? createKerberosKey(23, ntHash, random) : null),
  };
}
