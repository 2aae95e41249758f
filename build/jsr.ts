// dist/jsr/: what jsr.json publishes. JSR takes sources, and compiles them without options: decorators as tsconfig.json means them are compiled here.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './root.ts';
import { buildWasm } from './wasm.ts';

const OUT = `${root}dist/jsr/`;
/** What no JSR package needs, or may hold: the command, and what adds to the types of others. */
const LEFT_OUT = ['src/cli/', 'src/http/incoming-message.ts', 'src/sspi/no-secur32.ts'];
const DECORATED = /^ *@\w+\(/m;

export async function buildJsr(): Promise<void> {
  await buildWasm();
  await rm(OUT, { recursive: true, force: true });
  for (const folder of ['src', 'backends']) {
    for (const name of await readdir(root + folder, { recursive: true })) {
      const file = join(folder, name);
      if (!file.endsWith('.ts') || LEFT_OUT.some((path) => file.startsWith(path))) continue;
      const text = await readFile(root + file, 'utf8');
      await mkdir(dirname(OUT + file), { recursive: true });
      await writeFile(OUT + file, DECORATED.test(text) ? withoutDecorators(text) : text);
    }
  }
  for (const name of ['core-wasm.js', 'core-wasm.d.ts']) await cp(`${root}dist/${name}`, OUT + name);
}

/** `@int32(0) pvno = 5;` in a class T is `pvno = 5;` in it, and `int32(0)(T.prototype, 'pvno');` after it: what the compiler makes, with the types kept. */
export function withoutDecorators(text: string): string {
  const lines: string[] = [];
  let ofClass: string[] = [];
  let calls: string[] = [];
  let name = '';
  for (const line of text.split('\n')) {
    const [, before] = /^@(\w+\(.*\))$/.exec(line) ?? [];
    const [, decorator, field, key] = /^ {2}@(\w+\(.*?\)) ((\w+)(?:[?!]?:| =).*)$/.exec(line) ?? [];
    name = /^(?:export )?class (\w+)/.exec(line)?.[1] ?? name;
    if (before !== undefined) {
      ofClass.push(before);
      continue;
    }
    if (decorator !== undefined) calls.push(`${decorator}(${name}.prototype, '${key}');`);
    lines.push(decorator === undefined ? line : `  ${field}`);
    if (/^(?:}|(?:export )?class .*})$/.test(line)) {
      lines.push(...calls, ...ofClass.map((one) => `${one}(${name});`));
      ofClass = calls = [];
    }
  }
  const plain = lines.join('\n');
  if (DECORATED.test(plain) || ofClass.length + calls.length > 0) throw new Error(`a decorator is written in a way that is not known here:\n${plain}`);
  return plain;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildJsr();
