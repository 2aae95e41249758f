// A Samba Active Directory domain controller: LDAP on 389 and 636, SMB on 445, winbind for ntlm_auth. Provisioned once a run.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Peer, hasProgram } from './peer.ts';
import { answers, run, start, temporaryFolder } from './processes.ts';

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
}

/** Starts the controller on the first call, and answers with the same one afterwards; it stops with this process. */
export function domainController(): Promise<DomainController> {
  controller ??= startController();
  return controller;
}

async function startController(): Promise<DomainController> {
  for (const port of [135, 389, 445, 636]) {
    if (await answers(port)) throw new Error(`port ${port} is taken: another Samba or LDAP server runs on this machine`);
  }
  const folder = temporaryFolder('samba');
  const base = join(folder, 'base.conf');
  const configuration = join(folder, 'etc/smb.conf');
  // Of its own, so that nothing of /etc/samba/smb.conf gets in. The winbindd socket stays at its default place, where smbd's
  // libwbclient looks for it.
  writeFileSync(base, '[global]\nworkgroup = ADTEST\nrealm = AD.TEST\nserver role = active directory domain controller\n');
  writeFileSync(join(folder, 'krb5.conf'), '[libdefaults]\ndefault_realm = AD.TEST\ndns_lookup_kdc = false\n');
  for (const name of ['run', 'ncalrpc', 'ntp']) mkdirSync(join(folder, name));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, KRB5_CONFIG: join(folder, 'krb5.conf') };
  const options = {
    'interfaces': 'lo', 'bind interfaces only': 'yes', 'posix:eadb': join(folder, 'private/eadb.tdb'),
    'pid directory': join(folder, 'run'), 'ncalrpc dir': join(folder, 'ncalrpc'), 'ntp signd socket directory': join(folder, 'ntp'),
    'log file': join(folder, 'log.%m'), 'server services': 'rpc ldap cldap winbindd s3fs', 'prefork children': '1',
    'ldap server require strong auth': 'allow_sasl_over_tls',
  };
  await tool(env, ['domain', 'provision', '-s', base, '--realm=AD.TEST', '--domain=ADTEST', '--server-role=dc', '--dns-backend=NONE', `--adminpass=${PASSWORD}`,
    `--targetdir=${folder}`, '--host-name=dc1', '--host-ip=127.0.0.1', '--use-rfc2307',
    ...Object.entries(options).map(([name, value]) => `--option=${name}=${value}`)]);
  await tool(env, ['user', 'create', 'alice', PASSWORD, '-s', configuration]);

  // a pipe as standard input: samba ends when this process does, however that happens
  const running = start('samba', ['-F', '--no-process-group', '-s', configuration], { env });
  try {
    for (const port of [389, 445, 636]) await running.listening(port);
  } catch (error) {
    const logs = readdirSync(folder).filter((name) => name.startsWith('log.')).map((name) => readFileSync(join(folder, name), 'utf8'));
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs.join('\n')}`);
  }
  return { domain: 'ADTEST', realm: 'AD.TEST', host: 'dc1.ad.test', baseDn: 'DC=ad,DC=test', user: 'alice', password: PASSWORD, configuration };
}

async function tool(env: NodeJS.ProcessEnv, args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run('samba-tool', args, { env });
  if (code !== 0) throw new Error(`samba-tool ${args.slice(0, 2).join(' ')} failed:\n${stdout}${stderr}`);
}

const PASSWORD = 'S3cret-Pässword';
let controller: Promise<DomainController> | undefined;
