import type { AcquireCredentialsOptions, BackendName, PackageName } from '../../../src/index.ts';
import type { World } from '../../contract/world.ts';
import { differenceUnderWine } from '../wine-is-not-windows.ts';
import { readDomain } from './environment.ts';
import { reports } from './run-suites.ts';

/** One world of the domain that Wine's Secur32 stands on. Secur32 takes its accounts and its keytab from the system, the Wasm engine from here. */
export function domainWorld(client: BackendName, server: BackendName, packages: readonly PackageName[]): World {
  const { domain, realm, user, password, target, krb5Conf, keytab } = readDomain();
  const account = { user, domain, password };
  const native = client === 'secur32' || server === 'secur32';
  const name = client === server ? client : `${client} client, ${server} server`;
  return {
    name, client, server, packages, user, password, domain, realm, target, negotiates: 'Kerberos', // Wine's Negotiate prefers it, too
    capabilities: { exports: !native, replaceableHost: !native, suppliedCredentials: !native, sessionKeys: !native, acceptorData: server === 'wasm' },
    async clientOptions(packageName): Promise<AcquireCredentialsOptions> {
      if (client === 'wasm') return { authData: packageName === 'Kerberos' ? { user: `${user}@${realm}`, password } : account, kerberos: { krb5Conf } };
      return { authData: packageName === 'NTLM' ? account : { ...account, domain: realm } };
    },
    async serverOptions(packageName): Promise<AcquireCredentialsOptions> {
      if (server === 'secur32') return {};
      if (packageName === 'Kerberos') return { authData: { keytab: new Uint8Array(Buffer.from(keytab, 'base64')) }, kerberos: { krb5Conf } };
      return { authData: { accounts: (asked) => (asked.user.toLowerCase() === user ? { password } : null) } };
    },
    difference: (packageName, title) => differenceUnderWine(client, server, packageName, title),
    ...reports,
  };
}
