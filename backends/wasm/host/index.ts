import type { Host } from '../../contract/host.ts';
import { hostFiles } from './files.ts';
import { pooledRandom } from './random.ts';

/** The runtime's own clock, randomness, files and environment, with a caller's replacements in front (undefined: none of it). */
export function resolveHost(replacements?: Partial<Host>): Host {
  standard ??= { now: () => new Date(), random: pooledRandom(), ...hostFiles() };
  if (replacements === undefined) return standard;
  const host: Host = { now: standard.now, random: standard.random };
  // Called on the caller's object, which may be a class of its own.
  if (replacements.now !== undefined) host.now = () => replacements.now!();
  if (replacements.random !== undefined) host.random = (length) => replacements.random!(length);
  host.readFile = 'readFile' in replacements ? replacements.readFile?.bind(replacements) : standard.readFile;
  host.environment = 'environment' in replacements ? replacements.environment?.bind(replacements) : standard.environment;
  return host;
}

let standard: Host | undefined;
