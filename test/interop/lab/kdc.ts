// MIT's KDC: one realm or several, each with its own krb5kdc, and one krb5.conf that leads to all of them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, type Peer } from './peer.ts';
import { freePort, run, start, temporaryFolder, type Running } from './processes.ts';

export const kdc: Peer = {
  name: 'MIT KDC',
  packages: ['krb5-kdc', 'krb5-user'],
  unusable() {
    const missing = ['krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit', 'kvno', 'klist'].filter((program) => !hasProgram(program));
    return missing.length === 0 ? null : `${missing.join(', ')} not installed (packages krb5-kdc, krb5-admin-server, krb5-user)`;
  },
};

/** The AES types: as RFC and public API name them, as kadmin does, and the length of a key. */
export const ETYPES = [
  { etype: 18, name: 'aes256-cts-hmac-sha1-96', kadmin: 'aes256-cts', keyLength: 32 },
  { etype: 17, name: 'aes128-cts-hmac-sha1-96', kadmin: 'aes128-cts', keyLength: 16 },
  { etype: 20, name: 'aes256-cts-hmac-sha384-192', kadmin: 'aes256-sha2', keyLength: 32 },
  { etype: 19, name: 'aes128-cts-hmac-sha256-128', kadmin: 'aes128-sha2', keyLength: 16 },
] as const;

export interface Kdc {
  /** Path of the krb5.conf that leads to it. */
  readonly configuration: string;
  stop(): void;
}

/** The realm LAB.TEST. @param principals name and password; null makes a random key */
export async function startKdc(principals: Record<string, string | null>): Promise<Kdc> {
  const commands = Object.entries(principals).map(([name, password]) => `addprinc ${password === null ? '-randkey' : `-pw ${password}`} ${name}`);
  return startRealms({ 'LAB.TEST': commands });
}

export interface MitRealms {
  /** A folder of its own: for keytabs, caches and whatever a test writes. */
  readonly folder: string;
  /** Path of the krb5.conf. */
  readonly configuration: string;
  /** Text of the krb5.conf, for `kerberos: { krb5Conf }`. */
  readonly krb5Conf: string;
  /** '127.0.0.1:PORT' by realm: UDP and TCP. */
  readonly addresses: Record<string, string>;
  /** For MIT's programs: KRB5_CONFIG and a replay cache of its own. */
  environment(more?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** Runs lines of kadmin.local. */
  kadmin(realm: string, ...commands: string[]): Promise<void>;
  /** Writes a keytab of the keys that the database has. */
  keytab(name: string, realm: string, ...principals: string[]): Promise<string>;
  /** Starts the realm's kadmind; its password server is then '127.0.0.1:PORT', by UDP and TCP. */
  startPasswordServer(realm: string): Promise<string>;
  /** What the KDC logged since the last call: 'AS_REQ … ISSUE …', 'TGS_REQ … UNKNOWN_SERVER …'. */
  log(realm: string): Promise<string[]>;
  stop(): void;
}

/**
 * @param realms by name, the first one the default: lines for kadmin.local
 * @param more further lines of krb5.conf
 */
export async function startRealms(realms: Record<string, string[]>, more = ''): Promise<MitRealms> {
  const names = Object.keys(realms);
  const folder = temporaryFolder('kdc');
  const file = (...parts: string[]): string => join(folder, ...parts);
  const addresses: Record<string, string> = {};
  for (const realm of names) addresses[realm] = `127.0.0.1:${await freePort()}`;
  const krb5Conf = clientConfiguration(names, addresses, more);
  writeFileSync(file('krb5.conf'), krb5Conf);

  const environment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, KRB5_CONFIG: file('krb5.conf'), KRB5RCACHENAME: `dfl:${folder}`, KRB5RCACHEDIR: folder, LANG: 'C.UTF-8', ...extra,
  });
  const profile = (realm: string) => environment({ KRB5_KDC_PROFILE: file(realm, 'kdc.conf') });
  const kadmin = async (realm: string, ...commands: string[]): Promise<void> => {
    const { code, stdout, stderr } = await run('kadmin.local', ['-r', realm], { env: profile(realm), input: `${commands.join('\n')}\nquit\n` });
    if (code !== 0 || / while |Usage:|usage:/.test(stderr + stdout)) throw new Error(`kadmin.local failed:\n${stdout}${stderr}`);
  };

  const running: Running[] = [];
  const read = new Map<string, number>();
  await Promise.all(names.map(async (realm) => {
    mkdirSync(file(realm));
    writeFileSync(file(realm, 'kdc.conf'), serverConfiguration(realm, file(realm), addresses[realm]!));
    const { code, stdout, stderr } = await run('kdb5_util', ['create', '-s', '-r', realm, '-P', 'master'], { env: profile(realm) });
    if (code !== 0) throw new Error(`kdb5_util failed:\n${stdout}${stderr}`);
    await kadmin(realm, ...realms[realm]!);
    const one = start('krb5kdc', ['-n', '-r', realm], { env: profile(realm) });
    running.push(one);
    await one.listening(Number(addresses[realm]!.split(':')[1]));
  }));

  return {
    folder, configuration: file('krb5.conf'), krb5Conf, addresses, environment, kadmin,
    async keytab(name, realm, ...principals) {
      const path = file(name);
      await kadmin(realm, ...principals.map((principal) => `ktadd -k ${path} -norandkey ${principal}`));
      return path;
    },
    async startPasswordServer(realm) {
      const [port, adminPort] = [await freePort(), await freePort()];
      const path = file(realm, 'kdc.conf');
      writeFileSync(path, readFileSync(path, 'utf8').replace('  max_life', `  kpasswd_listen = 127.0.0.1:${port}\n  kadmind_listen = 127.0.0.1:${adminPort}\n  max_life`));
      writeFileSync(file(realm, 'acl'), '');
      const one = start('kadmind', ['-nofork', '-r', realm], { env: profile(realm) });
      running.push(one);
      await one.listening(port);
      return `127.0.0.1:${port}`;
    },
    async log(realm) {
      const path = file(realm, 'kdc.log');
      const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
      const fresh = lines.slice(read.get(realm) ?? 0);
      read.set(realm, lines.length);
      return fresh.filter((line) => /(?:AS|TGS)_REQ/.test(line));
    },
    stop: () => running.forEach((one) => one.stop()),
  };
}

function clientConfiguration(names: string[], addresses: Record<string, string>, more: string): string {
  return `[libdefaults]
default_realm = ${names[0]}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
default_ccache_name = MEMORY:
[realms]
${names.map((realm) => `${realm} = {\n  kdc = ${addresses[realm]}\n}`).join('\n')}
[domain_realm]
.${names[0]!.toLowerCase()} = ${names[0]}
${more}`;
}

function serverConfiguration(realm: string, folder: string, address: string): string {
  return `[realms]
${realm} = {
  kdc_listen = ${address}
  kdc_tcp_listen = ${address}
  database_name = ${join(folder, 'principal')}
  key_stash_file = ${join(folder, 'stash')}
  acl_file = ${join(folder, 'acl')}
  max_life = 10h
  max_renewable_life = 7d
  supported_enctypes = ${ETYPES.map(({ kadmin }) => `${kadmin}:normal`).join(' ')}
}
[logging]
kdc = FILE:${join(folder, 'kdc.log')}
`;
}
