// A Samba Active Directory domain controller: Kerberos on 88 and 464, LDAP on 389 and 636, SMB on 445, winbind for ntlm_auth.
// Provisioned once a run.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Peer, hasProgram } from './peer.ts';
import { answers, PYTHON, run, start, temporaryFolder } from './processes.ts';

export const samba: Peer = {
  name: 'Samba AD controller',
  packages: ['samba', 'samba-ad-dc', 'winbind'],
  unusable() {
    if (process.getuid?.() !== 0) return 'Samba needs root (ports below 1024)';
    for (const [program, name] of [['samba', 'samba-ad-dc'], ['samba-tool', 'samba'], ['winbindd', 'winbind']] as const) {
      if (!hasProgram(program)) return `${program} is not installed (package ${name})`;
    }
    return existsSync('/usr/share/samba/setup/provision.ldif') ? null : 'samba-ad-provision is not installed';
  },
};

/** Their tools serve to tell a broken lab from a broken client. */
export const ldapTools: Peer = {
  name: 'ldapsearch',
  packages: ['ldap-utils', 'libsasl2-modules-gssapi-mit'],
  unusable: () => hasProgram('ldapsearch') ? null : 'ldap-utils is not installed',
};
export const smbTools: Peer = {
  name: 'smbclient',
  packages: ['smbclient'],
  unusable: () => hasProgram('smbclient') ? null : 'smbclient is not installed',
};

export interface DomainController {
  /** NetBIOS and DNS names of the domain and of the controller. */
  readonly domain: 'ADTEST';
  readonly realm: 'AD.TEST';
  readonly host: 'dc1.ad.test';
  readonly baseDn: 'DC=ad,DC=test';
  readonly user: 'alice';
  readonly password: string;
  /** smb.conf, for Samba's own tools. */
  readonly configuration: string;
  /** NT hash of the password, in hexadecimal. */
  readonly ntHash: string;
  /** A krb5.conf that leads to its KDC and lets RC4 pass: its path, and its text. */
  readonly krb5Conf: string;
  readonly krb5ConfText: string;
  /** Path of a keytab: HTTP/web.ad.test with AES keys, HTTP/old.ad.test with RC4's alone. */
  readonly keytab: string;
  /** The version of HTTP/web.ad.test's keys. */
  readonly serviceKvno: number;
  /** What the directory says of `user`: its SIDs, and those of the groups made for the tests. */
  readonly directory: { userSid: string; tokenGroups: string[]; groups: Record<'engineers' | 'staff' | 'printers', string> };
}

/** What samba_accounts.py answers. */
type Told = DomainController['directory'] & { ntHash: string; serviceKvno: number };

/** Accounts beside `alice`; each is good for what its name says, and all have the password of the controller. */
export const ACCOUNTS = {
  'web': { spn: 'HTTP/web.ad.test', encryptionTypes: 24 }, // AES128 and AES256
  'old': { spn: 'HTTP/old.ad.test', encryptionTypes: 4 }, // RC4
  'rc4user': { encryptionTypes: 4 },
  'disabled': { disabled: true },
  'expired': { expired: true },
  'mustchange': { mustChange: true },
  'locked': { lockoutThreshold: 3 },
  'changes': {},
  'renews': { mustChange: true },
};

/** Starts the controller on the first call, and answers with the same one afterwards; it stops with this process. */
export function domainController(): Promise<DomainController> {
  controller ??= startController();
  return controller;
}

async function startController(): Promise<DomainController> {
  for (const port of [88, 135, 389, 445, 464, 636]) {
    if (await answers(port)) throw new Error(`port ${port} is taken: another Samba or LDAP server runs on this machine`);
  }
  const folder = temporaryFolder('samba');
  const base = join(folder, 'base.conf');
  const configuration = join(folder, 'etc/smb.conf');
  // Of its own, so that nothing of /etc/samba/smb.conf gets in. The winbindd socket stays at its default place, where smbd's
  // libwbclient looks for it.
  writeFileSync(base, '[global]\nworkgroup = ADTEST\nrealm = AD.TEST\nserver role = active directory domain controller\n');
  const krb5Conf = join(folder, 'krb5.conf');
  const keytab = join(folder, 'services.keytab');
  writeFileSync(krb5Conf, KRB5_CONF);
  for (const name of ['run', 'ncalrpc', 'ntp']) mkdirSync(join(folder, name));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, KRB5_CONFIG: krb5Conf };
  const options = {
    'interfaces': 'lo', 'bind interfaces only': 'yes', 'posix:eadb': join(folder, 'private/eadb.tdb'),
    'pid directory': join(folder, 'run'), 'ncalrpc dir': join(folder, 'ncalrpc'), 'ntp signd socket directory': join(folder, 'ntp'),
    'log file': join(folder, 'log.%m'), 'server services': 'rpc ldap cldap kdc winbindd s3fs', 'prefork children': '1',
    'ldap server require strong auth': 'allow_sasl_over_tls',
  };
  await tool(env, ['domain', 'provision', '-s', base, '--realm=AD.TEST', '--domain=ADTEST', '--server-role=dc', '--dns-backend=NONE', `--adminpass=${PASSWORD}`,
    `--targetdir=${folder}`, '--host-name=dc1', '--host-ip=127.0.0.1', '--use-rfc2307',
    ...Object.entries(options).map(([name, value]) => `--option=${name}=${value}`)]);
  const { ntHash, serviceKvno, ...directory } = await accounts(env, configuration, keytab);

  // a pipe as standard input: samba ends when this process does, however that happens
  const running = start('samba', ['-F', '--no-process-group', '-s', configuration], { env });
  try {
    for (const port of [88, 389, 445, 464, 636]) await running.listening(port);
  } catch (error) {
    const logs = readdirSync(folder).filter((name) => name.startsWith('log.')).map((name) => readFileSync(join(folder, name), 'utf8'));
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs.join('\n')}`);
  }
  return {
    domain: 'ADTEST', realm: 'AD.TEST', host: 'dc1.ad.test', baseDn: 'DC=ad,DC=test', user: 'alice', password: PASSWORD, ntHash, configuration,
    krb5Conf, krb5ConfText: KRB5_CONF, keytab, serviceKvno, directory,
  };
}

async function accounts(env: NodeJS.ProcessEnv, configuration: string, keytab: string): Promise<Told> {
  const users = Object.fromEntries(Object.entries({ alice: {}, ...ACCOUNTS }).map(([name, options]) => [name, { password: PASSWORD, ...options }]));
  const input = JSON.stringify({
    users,
    spns: { DC1$: 'ldap/dc1.ad.test' }, // a controller whose 'dnsupdate' service runs registers it by itself
    groups: { // in this order: each is a member of the next
      engineers: { scope: 'global', members: ['alice'] }, staff: { scope: 'universal', members: ['engineers'] }, printers: { scope: 'local', members: ['staff'] },
    },
    keytab: ['HTTP/web.ad.test', 'HTTP/old.ad.test'],
    tell: 'alice', // and the key version of 'web'
  });
  const { code, stdout, stderr } = await run(PYTHON, [fileURLToPath(new URL('samba_accounts.py', import.meta.url)), configuration, keytab], { env, input });
  if (code !== 0) throw new Error(`samba_accounts.py failed:\n${stderr}`);
  return JSON.parse(stdout) as Told;
}

async function tool(env: NodeJS.ProcessEnv, args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run('samba-tool', args, { env });
  if (code !== 0) throw new Error(`samba-tool ${args.slice(0, 2).join(' ')} failed:\n${stdout}${stderr}`);
}

const KRB5_CONF = `[libdefaults]
default_realm = AD.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
allow_weak_crypto = true
allow_rc4 = true
default_ccache_name = MEMORY:
[realms]
AD.TEST = {
  kdc = 127.0.0.1
  kpasswd_server = 127.0.0.1
}
[domain_realm]
.ad.test = AD.TEST
`;
const PASSWORD = 'S3cret-Pässword';
let controller: Promise<DomainController> | undefined;
