import { SspiError } from '../../contract/errors.ts';
import { openTicket, principalOf, type ServiceTicket } from './ap-exchange/ap-req.ts';
import { open, refusal } from './ap-exchange/refusal.ts';
import { etypeInfo, etypeName, type KerberosKey } from './etypes/index.ts';
import type { KeyRing } from './key-ring.ts';
import type { OpenedTicket, OpenedTickets } from './opened-tickets.ts';
import type { KeytabEntry } from './store/keytab.ts';
import { formatPrincipal, type Principal } from './store/principal.ts';

/** Where an acceptor finds the key of a ticket. */
export interface ServiceKeyOptions {
  /** `anew`: read again, because a key is missing or another one. Null where nothing newer can come. */
  keytab: (anew: boolean) => Promise<readonly KeytabEntry[] | null>;
  keyOf: KeyRing['keyOf'];
  opened: OpenedTickets;
  allowWeakCrypto: boolean;
}

/** The ticket, opened with the service's key. A keytab that is a file may have been renewed since it was read: it is read again before the ticket is refused. */
export async function openWithKeytab(ticket: ServiceTicket, service: Principal, options: ServiceKeyOptions): Promise<{ opened: OpenedTicket; serviceKey: KerberosKey }> {
  const attempt = (keytab: readonly KeytabEntry[]) => {
    const serviceKey = findKey(ticket, keytab, options);
    const what = () => open(() => openTicket(ticket, serviceKey), 31, `the ticket for ${formatPrincipal(service)} does not decrypt with the keytab's key`);
    return { serviceKey, opened: options.opened.enter(serviceKey, ticket.encrypted.cipher, what) };
  };
  try {
    return attempt((await options.keytab(false)) ?? []);
  } catch (error) {
    if (!(error instanceof SspiError && KEY_ERRORS.has(error.kerberos?.errorCode ?? 0))) throw error;
    const anew = await options.keytab(true).catch(() => null);
    if (anew === null) throw error;
    return attempt(anew);
  }
}

/** By name, version and etype. Another version of the right key is its own error, not a try of every key. */
function findKey(ticket: ServiceTicket, keytab: readonly KeytabEntry[], options: ServiceKeyOptions): KerberosKey {
  const { etype, kvno } = ticket.encrypted;
  const service = principalOf(ticket);
  requireEtype(etype, options);
  const named = keytab.filter(({ principal }) => sameService(principal, service));
  if (named.length === 0) {
    const held = [...new Set(keytab.map(({ principal }) => formatPrincipal(principal)))];
    throw refusal(45, `the ticket is for ${formatPrincipal(service)}, and the keytab holds ${held.slice(0, 8).join(', ') || 'nothing'}`);
  }
  const typed = named.filter((entry) => entry.etype === etype);
  if (typed.length === 0) throw refusal(45, `the ticket for ${formatPrincipal(service)} is encrypted with ${etypeName(etype)}, and the keytab has ${[...new Set(named.map((entry) => etypeName(entry.etype)))].join(', ')}`);
  // kvno 0 in a keytab (and none in a ticket) means any; RODC tickets have the RODC's number in the high half.
  const entry = kvno === undefined ? newest(typed) : typed.find((one) => one.kvno === kvno || one.kvno === (kvno & 0xffff)) ?? typed.find((one) => one.kvno === 0) ?? typed.find((one) => one.kvno === (kvno & 0xff));
  if (entry === undefined) throw refusal(44, `the ticket for ${formatPrincipal(service)} is encrypted with version ${kvno} of its key, and the keytab has ${[...new Set(typed.map((one) => one.kvno))].join(', ')}`);
  return options.keyOf(entry);
}

/** Windows compares service and host without case; the realm of a keytab's entry may be left to the KDC's referral. */
function sameService(a: Principal, b: Principal): boolean {
  return a.components.length === b.components.length && a.components.every((one, i) => one.toLowerCase() === b.components[i]!.toLowerCase()) && a.realm.toLowerCase() === b.realm.toLowerCase();
}

function newest(entries: readonly KeytabEntry[]): KeytabEntry {
  return entries.reduce((best, entry) => (entry.kvno > best.kvno ? entry : best));
}

export function requireEtype(etype: number, { allowWeakCrypto }: Pick<ServiceKeyOptions, 'allowWeakCrypto'>): void {
  const info = etypeInfo(etype);
  if (info === undefined) throw refusal(14, `etype ${etype} is not supported`);
  if (info.weak && !allowWeakCrypto) throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `the client uses ${info.name}, which is not allowed here`, { remedy: 'Give the service account AES keys, or pass kerberos: { allowWeakCrypto: true }.' });
}

/** KRB_AP_ERR_BAD_INTEGRITY, BADKEYVER, NOKEY: what a newer keytab may heal. */
const KEY_ERRORS: ReadonlySet<number> = new Set([31, 44, 45]);
