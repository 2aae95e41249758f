import { coreDigest, coreWasm } from '#core-wasm';
import { SspiError } from '../../contract/errors.ts';
import type { Krb5Exports } from './krb5-exports.ts';
import type { NtlmExports } from './ntlm-exports.ts';
import type { PrimitiveExports } from './primitive-exports.ts';
import type { SpnegoExports } from './spnego-exports.ts';

/** What assembly/index.ts exports, typed. Every number is an i32 or a window's offset. */
export interface CoreExports extends PrimitiveExports, NtlmExports, SpnegoExports, Krb5Exports {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly KEY: WebAssembly.Global;
  readonly INPUT_CAPACITY: WebAssembly.Global;
  readonly OUTPUT_CAPACITY: WebAssembly.Global;
  readonly KEY_CAPACITY: WebAssembly.Global;
  readonly MAX_TOKEN: WebAssembly.Global;
  readonly CHUNK: WebAssembly.Global;
  wipe(input: number, output: number, key: number): void;
}

export interface Core {
  readonly exports: CoreExports;
  /** The windows of assembly/memory.ts. The memory never grows, so these never detach. */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly key: Uint8Array;
}

let instance: Core | undefined;

/** The one instance of core.wasm, compiled on first use. */
export function core(): Core {
  return (instance ??= instantiate());
}

/** Where core.wasm has to be waited for, before its first use: old Chromium's pages compile 4 KB at once and no more. */
export function coreReady(): Promise<void> | undefined {
  return instance === undefined && 'document' in globalThis ? loadCore() : undefined;
}

/** Compiles core.wasm, the package's own or one from elsewhere, without holding up the thread. The one that is there already stays. */
export async function loadCore(source?: BufferSource | WebAssembly.Module): Promise<void> {
  if (instance !== undefined) return;
  try {
    const given = source ?? coreWasm() as BufferSource | WebAssembly.Module;
    const module = isModule(given) ? given : await WebAssembly.compile(given);
    if (source !== undefined) requireThisVersion(module);
    const loaded = await WebAssembly.instantiate(module);
    instance ??= view(loaded);
  } catch (cause) {
    throw cause instanceof SspiError ? cause : notCompiled(cause);
  }
}

function instantiate(): Core {
  try {
    const source = coreWasm();
    return view(new WebAssembly.Instance(isModule(source) ? source : new WebAssembly.Module(source as BufferSource)));
  } catch (cause) {
    throw notCompiled(cause);
  }
}

/** By its tag: a module may be of another realm, as those of edge-runtime are, and no instance of this one's class. */
export function isModule(source: unknown): source is WebAssembly.Module & object {
  return Object.prototype.toString.call(source) === '[object WebAssembly.Module]';
}

function view(loaded: WebAssembly.Instance): Core {
  const exports = loaded.exports as unknown as CoreExports;
  const window = (start: WebAssembly.Global, length: WebAssembly.Global) => new Uint8Array(exports.memory.buffer, start.value, length.value);
  return {
    exports,
    input: window(exports.INPUT, exports.INPUT_CAPACITY),
    output: window(exports.OUTPUT, exports.OUTPUT_CAPACITY),
    key: window(exports.KEY, exports.KEY_CAPACITY),
  };
}

// offsets and lengths are agreed upon by what was built together, and by nothing else
function requireThisVersion(module: WebAssembly.Module): void {
  const [section] = WebAssembly.Module.customSections(module, 'portable-sspi');
  if (section !== undefined && new TextDecoder().decode(section) === coreDigest) return;
  throw new SspiError('SEC_E_INVALID_PARAMETER', `this is ${section === undefined ? 'no core.wasm of portable-sspi' : 'the core.wasm of another version'}`, {
    remedy: 'Take portable-sspi/core.wasm of the version that is installed, as it is.',
  });
}

function notCompiled(cause: unknown): SspiError {
  return new SspiError('SEC_E_INTERNAL_ERROR', 'core.wasm could not be compiled', {
    cause,
    remedy: 'Allow WebAssembly here (a Content-Security-Policy needs wasm-unsafe-eval), or import portable-sspi/core.wasm as a module and pass it to init().',
  });
}
