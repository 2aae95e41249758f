/**
 * Tickets, keytabs and credential caches: `portable-sspi/kerberos`.
 * @module
 */
export { CredentialCache, type CredentialCacheOptions } from './credential-cache.ts';
export { Keytab, type FromPasswordOptions } from './keytab.ts';
export type { KeytabEntry } from './keytab-entry.ts';
export { kinit, renewTickets, type KinitOptions, type RenewOptions } from './kinit.ts';
export type { CachedTicket, TicketFlag } from './cached-ticket.ts';
