// MIT's KDC for the realm LAB.TEST.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, type Peer } from './peer.ts';
import { freePort, run, start, temporaryFolder } from './processes.ts';

export const kdc: Peer = {
  name: 'MIT KDC',
  packages: ['krb5-kdc'],
  unusable() {
    const missing = ['krb5kdc', 'kdb5_util', 'kadmin.local'].filter((program) => !hasProgram(program));
    return missing.length === 0 ? null : `${missing.join(', ')} not installed (packages krb5-kdc, krb5-admin-server)`;
  },
};

export interface Kdc {
  /** Path of the krb5.conf that leads to it. */
  readonly configuration: string;
  stop(): void;
}

/** @param principals name and password; null makes a random key */
export async function startKdc(principals: Record<string, string | null>): Promise<Kdc> {
  const folder = temporaryFolder('kdc');
  const port = await freePort();
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('krb5.conf'), `[libdefaults]
default_realm = LAB.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
default_ccache_name = MEMORY:
[realms]
LAB.TEST = {
  kdc = 127.0.0.1:${port}
}
[domain_realm]
.lab.test = LAB.TEST
`);
  writeFileSync(file('kdc.conf'), `[realms]
LAB.TEST = {
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
  database_name = ${file('principal')}
  key_stash_file = ${file('stash')}
  acl_file = ${file('acl')}
}
`);
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, KRB5_CONFIG: file('krb5.conf'), KRB5_KDC_PROFILE: file('kdc.conf') };
  const succeed = async (program: string, args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await run(program, args, { env });
    if (code !== 0) throw new Error(`${program} failed:\n${stdout}${stderr}`);
  };
  await succeed('kdb5_util', ['create', '-s', '-r', 'LAB.TEST', '-P', 'master']);
  for (const [name, password] of Object.entries(principals)) {
    await succeed('kadmin.local', ['-q', `addprinc ${password === null ? '-randkey' : `-pw ${password}`} ${name}`]);
  }
  const running = start('krb5kdc', ['-n'], { env });
  await running.listening(port);
  return { configuration: file('krb5.conf'), stop: () => running.stop() };
}
