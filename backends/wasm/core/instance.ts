import { coreWasm } from '#core-wasm';
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
  return (instance ??= instantiate(coreWasm()));
}

/** Gives core.wasm from elsewhere, before its first use, where a runtime compiles none from bytes. */
export function provideCore(source: Uint8Array | WebAssembly.Module): void {
  instance ??= instantiate(source);
}

function instantiate(source: Uint8Array | WebAssembly.Module): Core {
  try {
    const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source as BufferSource);
    const exports = new WebAssembly.Instance(module).exports as unknown as CoreExports;
    const window = (start: WebAssembly.Global, length: WebAssembly.Global) => new Uint8Array(exports.memory.buffer, start.value, length.value);
    return {
      exports,
      input: window(exports.INPUT, exports.INPUT_CAPACITY),
      output: window(exports.OUTPUT, exports.OUTPUT_CAPACITY),
      key: window(exports.KEY, exports.KEY_CAPACITY),
    };
  } catch (cause) {
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'core.wasm could not be compiled', {
      cause,
      remedy: 'Allow WebAssembly here (a Content-Security-Policy needs wasm-unsafe-eval), or pass a compiled module.',
    });
  }
}
