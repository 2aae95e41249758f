import { SspiError } from '../../backends/contract/errors.ts';
import { isModule, loadCore } from '../../backends/wasm/core/instance.ts';

/** core.wasm from elsewhere: a compiled module, its bytes, or the response to a request for `portable-sspi/core.wasm`. */
export type CoreSource = (WebAssembly.Module & object) | ArrayBuffer | ArrayBufferView | Response;

/**
 * Compiles core.wasm ahead of its first use. Nowhere is it necessary that the package knows about: it brings core.wasm, and compiles
 * it when the first token needs it. It serves to do that early, off the main path, or with a core.wasm from elsewhere,
 * where a bundler dropped the one that is imported, or a page fetches and caches it.
 *
 * @param source core.wasm of this very version, or a promise of it, `import('portable-sspi/core.wasm')` among them; default: the package's own.
 *   Once core.wasm is compiled, by this or by first use, that one stays, and `source` is not looked at.
 * @throws {SspiError} SEC_E_INTERNAL_ERROR where the source cannot be fetched or compiled, SEC_E_INVALID_PARAMETER where it is another module or
 *   another version's. A later call may then try again.
 * @throws {TypeError} where the source is none of these.
 */
export async function init(source?: CoreSource | PromiseLike<CoreSource | { default: CoreSource }>): Promise<void> {
  if (source === undefined) return loadCore();
  let given: unknown;
  try {
    given = await source;
    if (isNamespace(given)) given = given.default;
    if (isResponse(given)) given = await bodyOf(given);
  } catch (cause) {
    if (cause instanceof SspiError) throw cause;
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'core.wasm did not arrive', { cause, remedy: 'Check the address that it is fetched from, or call init() without one: the package brings its own.' });
  }
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given) || isModule(given)) return loadCore(given as BufferSource | WebAssembly.Module);
  throw new TypeError(`init() takes a WebAssembly.Module, bytes or a Response, or a promise of one, not ${describe(given)}`);
}

async function bodyOf(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw new Error(`${response.url || 'the server'} answered ${response.status} ${response.statusText}`.trim());
  return response.arrayBuffer();
}

// by what it can do: a Response may be of another realm, or of a library
function isResponse(given: unknown): given is Response {
  return typeof given === 'object' && given !== null && typeof (given as Response).arrayBuffer === 'function' && typeof (given as Response).ok === 'boolean';
}

function isNamespace(given: unknown): given is { default: unknown } {
  return Object.prototype.toString.call(given) === '[object Module]' && 'default' in (given as object);
}

function describe(given: unknown): string {
  if (typeof given === 'string') return 'a string: fetch it, or read the file';
  return given === null ? 'null' : Object.prototype.toString.call(given).slice(8, -1);
}
