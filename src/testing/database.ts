import { createKerberosKey, stringToKey, type KerberosKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../backends/wasm/kerberos/etypes/table.ts';
import type { KeytabEntry } from '../../backends/wasm/kerberos/store/keytab.ts';
import { NT_PRINCIPAL, NT_SRV_HST, type Principal } from '../../backends/wasm/kerberos/store/principal.ts';

/** One principal of the realm: a user with a password, or a service with random keys. */
export interface PrincipalRecord {
  principal: Principal;
  kvno: number;
  /** Users only. */
  password?: string;
  /** The relative id of its SID. */
  rid: number;
  /** Relative ids of its groups. */
  groups: number[];
  requiresPreauth: boolean;
  isService: boolean;
  okAsDelegate: boolean;
  disabled?: boolean;
  passwordExpired?: boolean;
  keys: Map<number, Uint8Array>;
}

export interface RealmDatabase {
  readonly realm: string;
  readonly netbiosName: string;
  readonly domainSid: string;
  readonly etypes: readonly number[];
  find(components: readonly string[]): PrincipalRecord | undefined;
  addUser(name: string, password: string): PrincipalRecord;
  addService(spn: string): PrincipalRecord;
  /** A trust: krbtgt/OTHER here, under a key that both realms hold. */
  addTrust(realm: string, keys: ReadonlyMap<number, Uint8Array>): void;
  /** The key with which tickets of the other realm's KDC for this one are sealed: krbtgt/HERE@OTHER. */
  acceptFrom(realm: string, keys: ReadonlyMap<number, Uint8Array>): void;
  /** By the realm of the ticket: a trust's key, or this realm's own. */
  grantingKey(components: readonly string[], ticketRealm: string, etype: number): KerberosKey | undefined;
  setPassword(record: PrincipalRecord, password: string): void;
  key(record: PrincipalRecord, etype: number): KerberosKey | undefined;
  keytab(record: PrincipalRecord): KeytabEntry[];
  readonly trusts: readonly string[];
  readonly users: readonly PrincipalRecord[];
}

/** Well-known relative ids (MS-DTYP 2.4.2.4). */
const DOMAIN_USERS = 513;
const FIRST_RID = 1103;

export function createDatabase(realm: string, etypes: readonly number[], random: (length: number) => Uint8Array): RealmDatabase {
  const records = new Map<string, PrincipalRecord>();
  const inbound = new Map<string, Map<number, Uint8Array>>();
  const trusts: string[] = [];
  const words = new Uint32Array(random(12).slice().buffer);
  let rid = FIRST_RID;

  function add(components: readonly string[], more: Partial<PrincipalRecord>): PrincipalRecord {
    const record: PrincipalRecord = {
      principal: { nameType: components.length > 1 ? NT_SRV_HST : NT_PRINCIPAL, realm, components },
      kvno: 1, rid: more.isService ? 0 : rid++, groups: [DOMAIN_USERS], requiresPreauth: true, isService: false, okAsDelegate: true, keys: new Map(), ...more,
    };
    records.set(nameOf(components), record);
    return record;
  }
  function randomKeys(): Map<number, Uint8Array> {
    return new Map(etypes.map((etype) => [etype, random(etypeInfo(etype)!.keyLength).slice()]));
  }
  const database: RealmDatabase = {
    realm, etypes, trusts,
    netbiosName: realm.split('.')[0]!.toUpperCase().slice(0, 15),
    domainSid: `S-1-5-21-${[...words].join('-')}`,
    get users() { return [...records.values()].filter(({ password }) => password !== undefined); },
    find: (components) => records.get(nameOf(components)),
    addUser: (name, password) => add([name], { password }),
    addService: (spn) => add(spn.split('/'), { isService: true, keys: randomKeys() }),
    addTrust(other, keys) {
      trusts.push(other);
      add(['krbtgt', other], { isService: true, keys: new Map(keys) });
    },
    acceptFrom: (other, keys) => void inbound.set(other, new Map(keys)),
    grantingKey(components, ticketRealm, etype) {
      if (components.length !== 2 || components[0] !== 'krbtgt' || components[1] !== realm) return undefined;
      if (ticketRealm === realm) return database.key(records.get(nameOf(components))!, etype);
      const bytes = inbound.get(ticketRealm)?.get(etype);
      return bytes === undefined ? undefined : createKerberosKey(etype, bytes, random);
    },
    setPassword(record, password) {
      record.password = password;
      record.kvno++;
      record.keys.clear();
      delete record.passwordExpired;
    },
    key(record, etype) {
      // A user's keys are made when they are first asked for: PBKDF2 is slow on purpose.
      if (record.password !== undefined && etypes.includes(etype) && !record.keys.has(etype)) {
        record.keys.set(etype, stringToKey(etype, record.password, saltOf(record)));
      }
      const bytes = record.keys.get(etype);
      return bytes === undefined ? undefined : createKerberosKey(etype, bytes, random);
    },
    keytab(record) {
      return etypes.flatMap((etype) => {
        const key = database.key(record, etype);
        return key === undefined ? [] : [{ principal: record.principal, timestamp: 0, kvno: record.kvno, etype, key: key.bytes.slice() }];
      });
    },
  };
  add(['krbtgt', realm], { isService: true, keys: randomKeys() });
  add(['kadmin', 'changepw'], { isService: true, keys: randomKeys() });
  return database;
}

/** Windows's salt for users: the realm and the name. */
export function saltOf({ principal: { realm, components } }: PrincipalRecord): string {
  return realm + components.join('');
}

function nameOf(components: readonly string[]): string {
  return components.join('/').toLowerCase();
}
