// `#secur32` where no native code is: browsers, Workers and edge functions do not ship the backend.
import { SspiError } from '../../backends/contract/errors.ts';

export async function probeSecur32(): Promise<SspiError> {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the backend secur32 is not in a bundle for browsers and edge runtimes', {
    remedy: "Bundle with the condition 'node', or use backend: 'wasm'.",
  });
}

export function announce(): void {}
