import { hostNetwork, hostStores } from '#host';
import type { Host } from '../../contract/host.ts';
import { resolveHost } from '../host/index.ts';

/** The host with what only Kerberos asks of it: the network, and the stores of tickets. */
export function kerberosHost(host: Host): Host {
  return { ...hostNetwork(), ...hostStores(), ...host };
}

/** The same for who begins with a caller's replacements (undefined: none). */
export function resolveKerberosHost(replacements?: Partial<Host>): Host {
  return kerberosHost(resolveHost(replacements));
}
