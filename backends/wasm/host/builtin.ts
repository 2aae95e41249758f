import { SspiError } from '../../contract/errors.ts';

interface Builtins {
  'node:dgram': typeof import('node:dgram');
  'node:dns/promises': typeof import('node:dns/promises');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:http': typeof import('node:http');
  'node:net': typeof import('node:net');
}

/** A module of Node's, which Bun and Deno have too, asked for at run time: no bundle for a browser has to resolve it. */
export async function builtin<Name extends keyof Builtins>(name: Name): Promise<Builtins[Name]> {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const found = process?.getBuiltinModule?.(name); // from Node 20.16 on
  if (found !== undefined) return found as Builtins[Name];
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name) as Builtins[Name];
  } catch (cause) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this runtime has no ${name}`, { cause, remedy: 'Do this in Node, Deno or Bun.' });
  }
}
