import { hostFiles } from '#host';
import type { Host } from '../../contract/host.ts';
import { pooledRandom } from './random.ts';

/** The runtime's own clock, randomness, files and environment, with a caller's replacements in front (undefined: none of it). */
export function resolveHost(replacements?: Partial<Host>): Host {
  standard ??= { now: () => new Date(), random: pooledRandom(), ...hostFiles() };
  if (replacements === undefined) return standard;
  const host: Host = { now: standard.now, random: standard.random };
  // Called on the caller's object, which may be a class of its own.
  if (replacements.now !== undefined) host.now = () => replacements.now!();
  if (replacements.random !== undefined) host.random = (length) => replacements.random!(length);
  for (const name of OPTIONAL) {
    const member = name in replacements ? replacements[name] : standard[name];
    if (member !== undefined) Object.assign(host, { [name]: member.bind(replacements) });
  }
  return host;
}

let standard: Host | undefined;

/** What a runtime may lack. */
const OPTIONAL = ['readFile', 'listDirectory', 'writeFile', 'removeFile', 'userId', 'environment', 'withheld', 'lookupSrv', 'exchangeUdp', 'exchangeTcp', 'exchangeUnix', 'post'] as const;
