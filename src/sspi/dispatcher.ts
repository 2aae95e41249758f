import type { AcquireOptions, Backend, ChangePasswordOptions } from '../../backends/contract/backend.ts';
import type { BackendName } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { acceptors } from '../../backends/wasm/acceptors.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';
import { packing } from '../../backends/wasm/packing.ts';
import { passwords } from '../../backends/wasm/passwords.ts';
import { bring } from '../../backends/wasm/parts.ts';

/*
 * The only file that names a backend. The Wasm engine is imported statically, because `importSecurityContext` answers at once;
 * it compiles core.wasm when the first token needs it. Secur32 is imported when it is first asked for, on Windows alone.
 */

/** How Secur32 is found; replaced in tests. */
export interface NativeHost {
  /** As `process.platform` says it; undefined where there is no operating system to speak of. */
  platform(): string | undefined;
  load(): Promise<Pick<typeof import('#secur32'), 'probeSecur32' | 'announce'>>;
}

export interface Dispatcher {
  /** 'auto' takes the best backend of this host for these options; one that is named and cannot work here is an error, never another in its place. */
  choose(name?: 'auto' | BackendName, options?: AcquireOptions | ChangePasswordOptions): Promise<Backend>;
  /** The backend that made these bytes, without waiting. */
  importing(packed: Uint8Array): Backend;
}

export function createDispatcher(host: NativeHost): Dispatcher {
  let probing: Promise<Backend | SspiError> | undefined;
  let native: Backend | SspiError | undefined;
  let announce: ((what: string) => void) | undefined;

  /** Once: what is missing now is missing for as long as the process lives. */
  const probe = (isNamed: boolean): Promise<Backend | SspiError> => (probing ??= load(isNamed).then((found) => (native = found)));
  const load = async (isNamed: boolean): Promise<Backend | SspiError> => {
    try {
      const module = await host.load();
      announce = module.announce;
      return await module.probeSecur32(host.platform()!, isNamed);
    } catch (cause) {
      return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the backend secur32 does not load', { cause, remedy: "Use backend: 'wasm'." });
    }
  };

  return {
    async choose(name = 'auto', options) {
      if (name === 'wasm') return wasmBackend();
      if (name === 'auto') {
        if (host.platform() !== 'win32') return wasmBackend();
        const backend = native ?? await probe(false);
        if (backend instanceof SspiError) return wasmBackend();
        const what = options === undefined ? null : backend.cannotTake!(options);
        if (what === null) return backend;
        announce!(what);
        return wasmBackend();
      }
      if (name !== 'secur32') throw new TypeError(`backend must be 'auto', 'wasm' or 'secur32', not ${JSON.stringify(name)}`);
      if (host.platform() !== 'win32') throw noWindows(host.platform());
      const backend = native ?? await probe(true);
      if (backend instanceof SspiError) throw backend;
      return backend;
    },
    importing(packed) {
      if (NATIVE_MAGIC.some((byte, at) => packed[at] !== byte)) return wasmBackend();
      if (host.platform() !== 'win32') throw noWindows(host.platform());
      if (native instanceof SspiError) throw native;
      if (native !== undefined) return native;
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'these bytes are a context of Secur32, which is not loaded yet', {
        remedy: "Call `await enumerateSecurityPackages({ backend: 'secur32' })` once before.",
      });
    },
  };
}

function wasmBackend(): Backend {
  return (wasm ??= createWasmBackend());
}

function noWindows(platform: string | undefined): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 is a part of Windows, and this is ${platform ?? 'no operating system'}`, {
    remedy: "Use backend: 'wasm', or leave it out.",
  });
}

let wasm: Backend | undefined;

/** How an exported context of Secur32 begins: 'SSPN'. */
const NATIVE_MAGIC = [0x53, 0x53, 0x50, 0x4e];

const thisHost: NativeHost = {
  platform() {
    const { Deno } = globalThis as { Deno?: { build: { os: string } } };
    if (Deno !== undefined) return Deno.build.os === 'windows' ? 'win32' : Deno.build.os; // its `process` takes 10 ms to come
    return (globalThis as { process?: { platform?: string } }).process?.platform;
  },
  load: () => import('#secur32'),
};

/** What the verbs ask. */
export const { choose: chooseBackend, importing: importingBackend } = createDispatcher(thisHost);

/** acceptSecurityContext's part of the Wasm engine, which only a program that accepts ships. */
export function bringAcceptors(): void {
  bring({ acceptors });
}

/** ExportSecurityContext's and ImportSecurityContext's. */
export function bringPacking(): void {
  bring({ packing });
}

/** ChangeAccountPassword's. */
export function bringPasswords(): void {
  bring({ passwords });
}
