import type { AcquireCredentialsOptions, BackendName } from '../../src/index.ts';
import type { World } from '../contract/world.ts';
import { reports } from '../wine/in-wine/run-suites.ts';
import { differenceOnWindows } from './differences.ts';

export interface LocalAccount {
  user: string;
  password: string;
  /** Of this machine: what a local account is named with. */
  computer: string;
}

/**
 * A local account of this machine: Negotiate comes to NTLM, for there is no domain. With `loggedOn` a Secur32 client uses the account that
 * runs the tests, and the server knows it by that name.
 */
export function localWorld(client: BackendName, server: BackendName, { user, password, computer }: LocalAccount, loggedOn?: string): World {
  const native = client === 'secur32' || server === 'secur32';
  const both = client === 'secur32' && server === 'secur32';
  return {
    name: (client === server ? client : `${client} client, ${server} server`) + (loggedOn === undefined ? '' : ', who is logged on'),
    client, server, packages: ['Negotiate', 'NTLM'], user: loggedOn ?? user, password, domain: computer, realm: computer, target: `HOST/${computer}`, negotiates: 'NTLM',
    capabilities: { exports: !native || both, replaceableHost: !native, suppliedCredentials: !native, sessionKeys: true, acceptorData: server === 'wasm' },
    async clientOptions(): Promise<AcquireCredentialsOptions> {
      return loggedOn === undefined ? { authData: { user, domain: computer, password } } : {};
    },
    async serverOptions(): Promise<AcquireCredentialsOptions> {
      return server === 'secur32' ? {} : { authData: { accounts: (asked) => (asked.user.toLowerCase() === user.toLowerCase() ? { password } : null) } };
    },
    difference: (packageName, title) => differenceOnWindows({ package: packageName, client, server, loggedOn: loggedOn !== undefined }, title),
    ...reports,
  };
}
