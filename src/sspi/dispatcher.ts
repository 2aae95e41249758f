import type { Backend } from '../../backends/contract/backend.ts';
import type { BackendName } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';

/*
 * The only file that names a backend. The Wasm engine is imported statically, because `importSecurityContext` answers at once;
 * it compiles core.wasm when the first token needs it. A native backend is imported when it is first asked for.
 */

/** 'auto' takes the best backend of this host; a backend that is named and cannot work here is an error, never another one in its place. */
export async function chooseBackend(name: 'auto' | BackendName = 'auto'): Promise<Backend> {
  switch (name) {
    case 'auto':
    case 'wasm':
      return wasmBackend();
    case 'secur32':
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the backend secur32 is not part of this version', {
        remedy: "Use backend: 'wasm', or leave it out.",
      });
    default:
      throw new TypeError(`backend must be 'auto', 'wasm' or 'secur32', not ${JSON.stringify(name)}`);
  }
}

/** The backend whose contexts can be imported without waiting. */
export function wasmBackend(): Backend {
  return (wasm ??= createWasmBackend());
}

let wasm: Backend | undefined;
