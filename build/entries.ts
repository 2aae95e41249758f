import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { root } from './root.ts';

/** What is imported or run from outside: the name below dist/, and its source. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  http: 'src/http/index.ts',
  inspect: 'src/inspect/index.ts',
  kerberos: 'src/kerberos/index.ts',
  testing: 'src/testing/index.ts',
  cli: 'src/cli/index.ts',
};

/** The entries whose sources exist. */
export async function entries(): Promise<Record<string, string>> {
  const present: Record<string, string> = {};
  for (const [name, source] of Object.entries(ENTRIES)) {
    if (await access(root + source).then(() => true, () => false)) present[name] = source;
  }
  return present;
}

/** What is built beside the entries: one module for each kind of runtime, among which package.json's "exports" and "imports" choose. */
export const variants: Readonly<Record<string, string>> = JSON.parse(readFileSync(`${root}build/variants.json`, 'utf8')) as Record<string, string>;
