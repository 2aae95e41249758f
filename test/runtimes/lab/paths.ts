import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** test/runtimes/, with a slash at its end. */
export const here = fileURLToPath(new URL('..', import.meta.url));
/** Resolves what test/runtimes/package.json depends on. */
const require = createRequire(`${here}package.json`);

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** A module of an installed package, imported at run time: this repository's compiler need not know it. */
export async function importInstalled<T>(name: string): Promise<T> {
  const module = await import(require.resolve(name)) as { default?: object };
  return { ...module.default, ...module } as T; // of CommonJS the names may all be below `default`
}

/** The program inside the package that a runtime's npm package installs for this machine. */
export function platformProgram(name: string, candidates: readonly string[]): string {
  for (const candidate of candidates) {
    try {
      return createRequire(join(packageFolder(name), 'package.json')).resolve(candidate);
    } catch {
      // not for this machine
    }
  }
  throw new Error(`none of ${candidates.join(', ')} is installed: run npm ci in test/runtimes`);
}
