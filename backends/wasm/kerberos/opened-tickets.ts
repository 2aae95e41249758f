import type { TicketPart } from './ap-exchange/ap-req.ts';
import type { KerberosKey } from './etypes/index.ts';
import type { PacIdentity } from './pac/pac.ts';

/** A ticket that decrypted, and what has been made of it since. */
export interface OpenedTicket {
  readonly part: TicketPart;
  /** The session key, once it was asked for. */
  session?: KerberosKey;
  /** What its PAC tells, once verified; null: it has none. */
  identity?: PacIdentity | null;
}

/**
 * The tickets that came last, opened: a client sends the same one with each request, and its session key and PAC stay what they were. The same
 * bytes under the same key are the same ticket, so nothing is believed that was not decrypted and verified; lifetimes and replays are looked at
 * each time. Bounded; what falls out is wiped once no handshake uses it.
 */
export class OpenedTickets {
  readonly #tickets = new Map<string, Held>();
  readonly #capacity: number;

  constructor(capacity = 256) {
    this.#capacity = capacity;
  }

  /** The ticket of this ciphertext under this key, opened by `open` where it is new. `leave` it after use. */
  enter(key: KerberosKey, cipher: Uint8Array, open: () => TicketPart): OpenedTicket {
    const name = nameOf(cipher);
    const known = this.#tickets.get(name);
    if (known !== undefined && known.key === key && same(known.cipher, cipher)) {
      known.users++;
      return known.ticket;
    }
    // a copy, which slice() of a Buffer is not: the caller's memory changes
    const held: Held = { key, cipher: new Uint8Array(cipher), ticket: { part: open() }, users: 1, kept: true };
    if (known !== undefined) this.#drop(name, known);
    this.#tickets.set(name, held);
    this.#holders.set(held.ticket, held);
    if (this.#tickets.size > this.#capacity) this.#drop(...this.#tickets.entries().next().value!);
    return held.ticket;
  }

  leave(ticket: OpenedTicket): void {
    const held = this.#holders.get(ticket);
    if (held === undefined) return;
    held.users--;
    if (!held.kept) wipeUnused(held);
  }

  dispose(): void {
    for (const [name, held] of this.#tickets) this.#drop(name, held);
  }

  readonly #holders = new WeakMap<OpenedTicket, Held>();

  #drop(name: string, held: Held): void {
    this.#tickets.delete(name);
    held.kept = false;
    wipeUnused(held);
  }
}

interface Held {
  readonly key: KerberosKey;
  readonly cipher: Uint8Array;
  readonly ticket: OpenedTicket;
  users: number;
  kept: boolean;
}

function wipeUnused({ users, ticket }: Held): void {
  if (users > 0) return;
  ticket.session?.dispose();
  ticket.part.key.bytes.fill(0);
}

/** Its checksum, which tells tickets apart; that two are the same, all bytes tell. */
function nameOf(cipher: Uint8Array): string {
  return String.fromCharCode(...cipher.subarray(-16));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
