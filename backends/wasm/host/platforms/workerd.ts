// `#host` for Workers: fetch, and TCP through cloudflare:sockets. No files, no datagrams, no resolver.
import type { Host } from '../../../contract/host.ts';
import { post } from '../post.ts';
import { exchangeTcp } from '../workerd-network.ts';

/** None: what a Worker is given, it is given as bindings. */
export function hostFiles(): Partial<Host> {
  return {};
}

export function hostNetwork(): Pick<Host, 'exchangeTcp' | 'post'> {
  return { post, exchangeTcp: (address, message, isWhole, signal) => exchangeTcp(address, message, isWhole, signal) };
}

/** None. */
export function hostStores(): Partial<Host> {
  return {};
}
