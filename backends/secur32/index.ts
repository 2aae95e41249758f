import type { Backend } from '../contract/backend.ts';
import { SspiError } from '../contract/errors.ts';
import { publishFallback } from './announce.ts';
import { cannotTake } from './cannot-take.ts';
import { Secur32Context } from './context.ts';
import type { Secur32Counts } from './counts.ts';
import { acquireCredential } from './credential.ts';
import { createKoffiLibrary } from './koffi-library.ts';
import { koffiPackages, loadKoffi } from './koffi.ts';
import type { Secur32Library } from './library.ts';
import { unpackContext } from './packed-context.ts';
import { changePassword } from './password.ts';
import { Secur32 } from './secur32.ts';

export interface Secur32Backend extends Backend {
  readonly name: 'secur32';
  /** What was taken from the system and given back, so far. */
  readonly counts: Secur32Counts;
}

/**
 * The system's own Negotiate, through koffi; or why there is none here, which is also published on the diagnostics channel, unless the
 * caller named this backend and gets the error itself.
 */
export async function probeSecur32(platform: string, isNamed: boolean): Promise<Secur32Backend | SspiError> {
  try {
    return createSecur32Backend(createKoffiLibrary(await loadKoffi(koffiPackages(platform, architecture()))));
  } catch (cause) {
    const error = cause instanceof SspiError ? cause : new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Secur32 does not load', { cause, remedy: USE_WASM });
    if (!isNamed) await publishFallback({ reason: 'unavailable', message: error.message, remedy: error.remedy ?? USE_WASM, error });
    return error;
  }
}

/** Tells that a call goes to the Wasm engine, for what Secur32 does not take. */
export function announce(what: string): void {
  void publishFallback({ reason: 'options', message: `Secur32 does not take ${what}: the Wasm engine does`, remedy: `Leave it out for Secur32, or write backend: 'wasm'.` });
}

/** The same over any library: tests give one whose calls are recorded. */
export function createSecur32Backend(library: Secur32Library): Secur32Backend {
  const secur32 = new Secur32(library);
  return {
    name: 'secur32',
    counts: secur32.counts,
    cannotTake,
    async enumerateSecurityPackages() {
      return secur32.framed(0, (frame) => {
        const count = frame.reserve(4);
        const packages = frame.reserve(8);
        secur32.check('EnumerateSecurityPackagesW', count, packages);
        return secur32.takePackages(frame.getPointer(packages), frame.getUint32(count)).filter(({ name }) => OFFERED.includes(name));
      });
    },
    acquireCredentials: (options) => acquireCredential(secur32, options),
    importContext: (packageName, packed) => Secur32Context.imported(secur32, unpackContext(packed, packageName)),
    changeAccountPassword: (options) => changePassword(secur32, options),
  };
}

/** As Node names it. */
function architecture(): string {
  const { process, Deno } = globalThis as { process?: { arch?: string }; Deno?: { build: { arch: string } } };
  return process?.arch ?? (Deno?.build.arch === 'aarch64' ? 'arm64' : 'x64');
}

const USE_WASM = "Use backend: 'wasm'.";

/** Windows has more (Schannel, CredSSP); these are what this API speaks. */
const OFFERED: readonly string[] = ['Negotiate', 'Kerberos', 'NTLM'];
