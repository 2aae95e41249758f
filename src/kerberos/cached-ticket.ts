import { TKT_FLAG } from '../../backends/wasm/kerberos/codes/flags.ts';
import { etypeName } from '../../backends/wasm/kerberos/etypes/table.ts';
import type { CachedCredential } from '../../backends/wasm/kerberos/store/ccache.ts';
import { formatPrincipal } from '../../backends/wasm/kerberos/store/principal.ts';

export type TicketFlag =
  'forwardable' | 'forwarded' | 'proxiable' | 'renewable' | 'initial' | 'invalid' | 'pre-authent' | 'transited-policy-checked' | 'ok-as-delegate';

/** One ticket of a credential cache. What an inspection shows of it is no secret. */
export class CachedTicket {
  /** Whose ticket it is: 'alice@AD.TEST'. */
  readonly client: string;
  /** What it is for: 'krbtgt/AD.TEST@AD.TEST', 'HTTP/web.ad.test@AD.TEST'. */
  readonly server: string;
  /** Of the session key. */
  readonly etype: string;
  /** When the client last proved itself with its key. */
  readonly authTime: Date;
  readonly startTime: Date;
  readonly endTime: Date;
  /** Null: not renewable. */
  readonly renewTill: Date | null;
  readonly flags: readonly TicketFlag[];
  readonly #credential: CachedCredential;

  constructor(credential: CachedCredential) {
    const { client, server, etype, authtime, starttime, endtime, renewTill, flags } = credential;
    this.client = formatPrincipal(client);
    this.server = formatPrincipal(server);
    this.etype = etypeName(etype);
    this.authTime = date(authtime);
    this.startTime = date(starttime || authtime);
    this.endTime = date(endtime);
    this.renewTill = renewTill === 0 ? null : date(renewTill);
    this.flags = FLAGS.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
    this.#credential = credential;
  }

  /** The session key; a copy, and secret. */
  get sessionKey(): Uint8Array {
    return this.#credential.key.slice();
  }

  /** The Ticket (RFC 4120 §5.3) as its DER; a copy. */
  get ticket(): Uint8Array {
    return this.#credential.ticket.slice();
  }

  /** A ticket-granting ticket, of the client's realm or of another. */
  get isTicketGranting(): boolean {
    const { components } = this.#credential.server;
    return components.length === 2 && components[0] === 'krbtgt';
  }
}

/** klist's letters, for the flags that have one. */
export function flagLetters(flags: readonly TicketFlag[]): string {
  return FLAGS.filter(([name]) => flags.includes(name)).map(([, , letter]) => letter).join('');
}

function date(seconds: number): Date {
  return new Date(seconds * 1000);
}

const FLAGS: readonly (readonly [name: TicketFlag, bit: number, letter: string])[] = [
  ['forwardable', TKT_FLAG.FORWARDABLE, 'F'],
  ['forwarded', TKT_FLAG.FORWARDED, 'f'],
  ['proxiable', TKT_FLAG.PROXIABLE, 'P'],
  ['renewable', TKT_FLAG.RENEWABLE, 'R'],
  ['initial', TKT_FLAG.INITIAL, 'I'],
  ['invalid', TKT_FLAG.INVALID, 'i'],
  ['pre-authent', TKT_FLAG.PRE_AUTHENT, 'A'],
  ['transited-policy-checked', TKT_FLAG.TRANSITED_POLICY_CHECKED, 'T'],
  ['ok-as-delegate', TKT_FLAG.OK_AS_DELEGATE, 'O'],
];
