import { SspiError } from '../contract/errors.ts';
import type { Koffi, KoffiFunction, KoffiLibrary } from './koffi.ts';
import { type Block, type FunctionName, FUNCTIONS, MOST_AT_ONCE, type Secur32Library } from './library.ts';
import type { PointerSize } from './structs.ts';

/** Names of the DLLs; another system's in tests. */
export type DllPaths = Readonly<Record<'secur32' | 'advapi32' | 'kernel32' | 'ntdll', string>>;

/** secur32.dll through koffi. Throws SEC_E_UNSUPPORTED_FUNCTION where it does not load. */
export function createKoffiLibrary(koffi: Koffi, paths?: DllPaths): Secur32Library {
  growStacks(koffi);
  return createLibrary(koffi, paths ?? inSystemFolder(koffi));
}

function createLibrary(koffi: Koffi, paths: DllPaths): Secur32Library {
  const loaded = new Map<string, KoffiLibrary>();
  const functions = new Map<FunctionName, KoffiFunction>();

  const dll = (name: keyof DllPaths): KoffiLibrary => {
    let library = loaded.get(name);
    if (library === undefined) loaded.set(name, library = load(koffi, paths[name]));
    return library;
  };
  const find = (name: FunctionName): KoffiFunction => {
    let found = functions.get(name);
    if (found === undefined) functions.set(name, found = define(dll(FUNCTIONS[name][0]), name));
    return found;
  };
  dll('secur32');

  return {
    pointerSize: koffi.sizeof('void *') as PointerSize,
    isWine: exportsName(koffi, paths.ntdll, 'wine_get_version'),
    allocate(length): Block {
      const bytes = new Uint8Array(new ArrayBuffer(length)); // of its own: an ArrayBuffer's memory never moves, a small typed array's does
      return { bytes, address: Number(koffi.address(bytes)) };
    },
    read: (address, length) => (length === 0 ? new Uint8Array(0) : new Uint8Array(koffi.decode(address, 'uint8', length))),
    readString: (address) => koffi.decode.string16(address),
    wipe: (address, length) => koffi.encode(address, 'uint8', new Uint8Array(length), length),
    call: (name, ...values) => find(name)(...values),
    callAsync: (name, ...values) => new Promise((resolve, reject) => {
      find(name).async(...values, (error: unknown, result: number) => (error == null ? resolve(result) : reject(error)));
    }),
  };
}

function load(koffi: Koffi, path: string): KoffiLibrary {
  try {
    return koffi.load(path);
  } catch (error) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${path} does not load`, { cause: error, remedy: "Use backend: 'wasm', or leave it out." });
  }
}

function define(library: KoffiLibrary, name: FunctionName): KoffiFunction {
  const parameters = [...FUNCTIONS[name][1]].map((kind) => TYPES[kind as keyof typeof TYPES]);
  try {
    return library.func('__stdcall', name, 'uint32', parameters);
  } catch (error) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this system has no ${name}`, { cause: error });
  }
}

function exportsName(koffi: Koffi, path: string, name: string): boolean {
  try {
    koffi.load(path).func('__cdecl', name, 'void *', []);
    return true;
  } catch {
    return false;
  }
}

/**
 * koffi runs an asynchronous call on a stack of 128 KiB; a thread of Windows has 1 MiB. What runs there is not the DLL alone: packages are loaded, and
 * security software hooks itself in. And it keeps 8 such stacks; one more is made and given back for each call beyond, which takes longer than the
 * way to the thread. As long as no library was loaded that can be changed, and what the application chose is not made less.
 */
function growStacks(koffi: Koffi): void {
  try {
    const { async_stack_size: size, resident_async_pools: kept } = koffi.config();
    if (size < ASYNC_STACK || kept < MOST_AT_ONCE) koffi.config({ async_stack_size: Math.max(size, ASYNC_STACK), resident_async_pools: Math.max(kept, MOST_AT_ONCE) });
  } catch {
    // the application has used koffi already: its settings stand
  }
}

const ASYNC_STACK = 1 << 20;

/**
 * Where Windows has its DLLs. By their names alone they would be looked for in the program's own folder first, and secur32.dll is none of those that
 * Windows protects from that (KnownDLLs), as kernel32.dll is.
 */
function inSystemFolder(koffi: Koffi): DllPaths {
  const folder = systemFolder(koffi);
  return { secur32: `${folder}secur32.dll`, advapi32: `${folder}advapi32.dll`, kernel32: 'kernel32.dll', ntdll: 'ntdll.dll' };
}

/** GetSystemDirectoryW, with a backslash behind it; empty where it does not answer. */
function systemFolder(koffi: Koffi): string {
  const room = 260;
  const bytes = new Uint8Array(new ArrayBuffer(2 * room));
  let length: number;
  try {
    length = koffi.load('kernel32.dll').func('__stdcall', 'GetSystemDirectoryW', 'uint32', ['void *', 'uint32'])(Number(koffi.address(bytes)), room);
  } catch {
    return '';
  }
  return length === 0 || length >= room ? '' : `${new TextDecoder('utf-16le').decode(bytes.subarray(0, 2 * length))}\\`;
}

/** How koffi calls what library.ts abbreviates. */
const TYPES = { p: 'void *', u: 'uint32', b: 'uint8' } as const;
