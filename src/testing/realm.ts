import type { Account, AccountSecret, AuthData, KdcTransport, KerberosConfig } from '../../backends/contract/credentials.ts';
import type { Host } from '../../backends/contract/host.ts';
import { resolveHost } from '../../backends/wasm/host/index.ts';
import { writeKeytab } from '../../backends/wasm/kerberos/store/keytab.ts';
import { allowedEtypes } from '../../backends/wasm/kerberos/credential.ts';
import { createDatabase, type RealmDatabase } from './database.ts';
import { answerKdc, responseTooBig, type KdcOptions } from './kdc.ts';
import { answerKpasswd, isKpasswd } from './kpasswd.ts';
import { listenKdc, type ListeningRealm, type ListenOptions } from './listen.ts';

export interface TestRealmOptions {
  /** Default 'TEST.REALM'. */
  realm?: string;
  /** Name to password. Default: alice with 'Password1'. */
  users?: Record<string, string>;
  /** SPNs. Default: HTTP/localhost. */
  services?: string[];
  /** Names of encryption types that the KDC has keys of, strongest first. Default: the four AES types. */
  etypes?: string[];
  /** Seconds. Default ten hours, and seven days. */
  ticketLifetime?: number;
  renewLifetime?: number;
  /** Seconds by which clocks may differ. Default 300. */
  skew?: number;
  /** What changeAccountPassword and kpasswd ask of a new password. Default 1. */
  minimumPasswordLength?: number;
}

/** A Kerberos realm and a domain of accounts, in memory. */
export interface TestRealm extends AsyncDisposable {
  readonly realm: string;
  /** For `createInitiator`, `createAcceptor`, `createFetch` …: this realm in process, without a socket. */
  readonly kerberos: KerberosConfig;
  /** The realm's clock, for credentials that are to follow `advanceClock`. */
  readonly host: Pick<Host, 'now'>;
  /** The service's keys, as a keytab. Throws RangeError for a service that the realm has not. */
  keytab(spn: string): Uint8Array;
  /** The same accounts for NTLM. */
  readonly accounts: (account: Account) => AccountSecret | null;
  /** `{ user: 'alice@TEST.REALM', password }`. Throws RangeError for an unknown name. */
  authData(user: string): AuthData & { user: string; password: string };
  addUser(name: string, password: string, options?: UserOptions): void;
  addService(spn: string): void;
  /** Lets an account fail as real ones do. */
  setUser(name: string, options: UserOptions): void;
  /** Tickets of either realm lead to the other's services. */
  trust(other: TestRealm): void;
  /** A real KDC on loopback, by UDP, TCP and MS-KKDCP, for any client. */
  listen(options?: ListenOptions): Promise<ListeningRealm>;
  /** Moves the realm's clock on, or back. */
  advanceClock(milliseconds: number): void;
}

export interface UserOptions {
  disabled?: boolean;
  passwordExpired?: boolean;
  requiresPreauth?: boolean;
  /** Relative ids of groups; the first is the primary one. Default 513, Domain Users. */
  groups?: number[];
}

/**
 * Makes a realm for tests:
 *
 *     await using realm = await createTestRealm({ users: { alice: 'secret' }, services: ['HTTP/web.test.realm'] });
 *     const server = await createAcceptor({ credential: { keytab: realm.keytab('HTTP/web.test.realm') } });
 *     const client = await createInitiator({ target: 'HTTP/web.test.realm', credential: realm.authData('alice'), kerberos: realm.kerberos });
 */
export async function createTestRealm(options: TestRealmOptions = {}): Promise<TestRealm> {
  const { realm = 'TEST.REALM', users = { alice: 'Password1' }, services = ['HTTP/localhost'] } = options;
  if (Array.isArray(users) || Object.values(users).some((password) => typeof password !== 'string')) throw new TypeError("users must be names and passwords: { alice: 'secret' }");
  if (!Array.isArray(services)) throw new TypeError("services must be an array: ['HTTP/localhost']");
  const host = resolveHost();
  const random = (length: number) => host.random(length);
  let advanced = 0;
  const now = () => new Date(host.now().getTime() + advanced);
  const etypes = allowedEtypes({ ...(options.etypes !== undefined && { etypes: options.etypes }), allowWeakCrypto: options.etypes !== undefined }, null);
  const database = createDatabase(realm, etypes, random);
  for (const [name, password] of Object.entries(users)) database.addUser(name, password);
  for (const spn of services) database.addService(spn);

  const kdc: KdcOptions = {
    database, now, random, ticketLifetime: options.ticketLifetime ?? 36_000, renewLifetime: options.renewLifetime ?? 604_800, skew: options.skew ?? 300,
    minimumPasswordLength: options.minimumPasswordLength ?? 1,
  };
  const realms = new Map([[realm, kdc]]);
  const transport: KdcTransport = {
    async send(name, message, { signal, service }) {
      signal?.throwIfAborted();
      const asked = realms.get(name);
      if (asked === undefined) throw new RangeError(`this test realm knows ${[...realms.keys()].join(', ')}, not ${name}`);
      return service === 'kpasswd' || isKpasswd(message) ? answerKpasswd(message, asked) : answerKdc(message, asked);
    },
  };
  let listening: Promise<ListeningRealm & AsyncDisposable> | undefined;

  const instance: TestRealm = {
    realm,
    kerberos: { defaultRealm: realm, realms: { [realm]: {} }, domainRealm: { [realm.toLowerCase()]: realm, [`.${realm.toLowerCase()}`]: realm }, transport, krb5Conf: '' },
    host: { now },
    keytab: (spn) => writeKeytab(database.keytab(serviceOf(database, spn))),
    accounts({ user }) {
      const name = user.split('@')[0]!.toLowerCase();
      const record = database.users.find(({ principal, disabled }) => principal.components[0]!.toLowerCase() === name && !disabled);
      return record === undefined ? null : { password: record.password! };
    },
    authData(user) {
      const record = userOf(database, user);
      return { user: `${record.principal.components[0]}@${realm}`, password: record.password! };
    },
    addUser(name, password, more) {
      Object.assign(database.addUser(name, password), more);
    },
    addService: (spn) => void database.addService(spn),
    setUser: (name, more) => void Object.assign(userOf(database, name), more),
    trust(other) {
      const peer = INSIDE.get(other);
      if (peer === undefined) throw new TypeError('trust takes a realm that createTestRealm made');
      const keys = new Map(etypes.map((etype) => [etype, random(etype % 2 === 0 ? 32 : 16).slice()]));
      for (const [one, two] of [[database, peer.kdc.database], [peer.kdc.database, database]] as const) one.addTrust(two.realm, keys);
      // The way back: a ticket of the other realm's KDC is opened with the same keys.
      for (const [one, two] of [[database, peer.kdc.database], [peer.kdc.database, database]] as const) one.acceptFrom(two.realm, keys);
      realms.set(other.realm, peer.kdc);
      peer.realms.set(realm, kdc);
    },
    listen(options) {
      listening ??= listenKdc(realm, (name, message) => transport.send(name, message, {}), [...realms.keys()], () => responseTooBig(kdc), options);
      return listening;
    },
    advanceClock: (milliseconds) => void (advanced += milliseconds),
    async [Symbol.asyncDispose]() {
      const open = await listening;
      await open?.[Symbol.asyncDispose]();
    },
  };
  INSIDE.set(instance, { kdc, realms });
  return instance;
}

/** What `trust` needs of another realm. */
const INSIDE = new WeakMap<TestRealm, { kdc: KdcOptions; realms: Map<string, KdcOptions> }>();

function serviceOf(database: RealmDatabase, spn: string) {
  const record = database.find(spn.split('/'));
  if (record === undefined) throw new RangeError(`the realm ${database.realm} has no service ${spn}; give it in services, or call addService`);
  return record;
}

function userOf(database: RealmDatabase, name: string) {
  const record = database.users.find(({ principal }) => principal.components[0]!.toLowerCase() === name.split('@')[0]!.toLowerCase());
  if (record === undefined) throw new RangeError(`the realm ${database.realm} has no user ${name}; give it in users, or call addUser`);
  return record;
}
