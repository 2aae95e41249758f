import { SspiError } from '../contract/errors.ts';

/** The part of koffi's API that is used here (koffi.dev), as its native module exports it. */
export interface Koffi {
  /** The settings, and how to change them before a library is loaded. */
  config(changes?: KoffiSettings): KoffiSettings;
  load(path: string): KoffiLibrary;
  address(bytes: Uint8Array): bigint;
  decode: {
    (pointer: number, type: string, length: number): Uint8Array | number[];
    string16(pointer: number): string;
  };
  encode(pointer: number, type: string, value: Uint8Array, length: number): void;
  sizeof(type: string): number;
}

export interface KoffiSettings {
  /** Bytes, for an asynchronous call. */
  async_stack_size: number;
  /** How many such stacks are kept. */
  resident_async_pools: number;
}

export interface KoffiLibrary {
  func(convention: string, name: string, result: string, parameters: readonly string[]): KoffiFunction;
}

export interface KoffiFunction {
  (...values: number[]): number;
  async(...valuesAndCallback: (number | ((error: unknown, result: number) => void))[]): void;
}

/**
 * Where koffi's native module for a system is. Each is a package of its own, restricted to its `os` and `cpu`, without an install script;
 * those for Windows are optional dependencies. A koffi that the application brings serves as well.
 */
export function koffiPackages(platform: string, arch: string): readonly string[] {
  return [`@koromix/koffi-${platform}-${arch}`, 'koffi'];
}

/** The first of these packages that loads. Throws SEC_E_UNSUPPORTED_FUNCTION, with what each one said. */
export async function loadKoffi(names: readonly string[]): Promise<Koffi> {
  const causes: unknown[] = [];
  for (const name of names) {
    try {
      const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ name) as { default: Koffi };
      if (typeof module.default?.load === 'function') return module.default;
      causes.push(new TypeError(`${name} is no koffi`));
    } catch (error) {
      causes.push(error);
    }
  }
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 needs koffi: neither ${names.join(' nor ')} loads`, {
    cause: new AggregateError(causes, 'none of these packages loads'), remedy: `Run \`npm install ${names[0]}\`, or install without --omit=optional; a bundle has to leave it out, and to have it beside itself.`,
  });
}
