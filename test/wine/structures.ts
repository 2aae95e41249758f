// Sizes and offsets of structs.ts, held against the Windows headers of mingw-w64: the compiler lays each structure out and writes the numbers
// into its assembly, so nothing has to run. mingw-w64 has no gcc for arm64: clang reads the same headers for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STRUCTS } from '../../backends/secur32/structs.ts';
import { root } from '../../build/root.ts';
import { run, temporaryFolder } from '../interop/lab/processes.ts';
import type { Report } from './report.ts';

/** `macro`: what the compiler defines for this architecture alone, so that none answers for another. */
const COMPILERS = [
  { name: 'ia32', command: ['i686-w64-mingw32-gcc'], macro: '__i386__', column: 0 },
  { name: 'x64', command: ['x86_64-w64-mingw32-gcc'], macro: '__x86_64__', column: 1 },
  { name: 'arm64', command: ['clang-14', '--target=aarch64-w64-windows-gnu', '-isystem', '/usr/share/mingw-w64/include'], macro: '__aarch64__', column: 1 },
] as const;
type Compiler = typeof COMPILERS[number];

/** One test for each structure on each architecture; prints the table. */
export async function checkStructures(report: Report): Promise<void> {
  console.log('\nStructures: bytes, and offsets of fields, by the Windows headers (ia32, x64, arm64)');
  const documented = readFileSync(`${root}docs/wine.md`, 'utf8');
  const found = await Promise.all(COMPILERS.map(layoutsOf));
  for (const [name, { size, fields }] of Object.entries(STRUCTS)) {
    const wrong: string[] = [];
    for (const [index, { name: architecture, column }] of COMPILERS.entries()) {
      const layout = found[index]![name]!;
      const ours: Record<string, number> = { size: size[column], ...Object.fromEntries(Object.entries(fields).map(([field, offsets]) => [field, offsets[column]])) };
      for (const [field, offset] of Object.entries(ours)) if (layout[field] !== offset) wrong.push(`${field} is ${layout[field]} on ${architecture}, structs.ts says ${offset}`);
    }
    if (!documented.includes(`| ${name} | ${size[0]} | ${size[1]} |`)) wrong.push(`docs/wine.md has no line | ${name} | ${size[0]} | ${size[1]} |`);
    const all = (field: string) => found.map((layouts) => layouts[name]![field]).join(' ');
    if (wrong.length > 0) report.fail(name, wrong.join('; '));
    else report.pass(name, `${all('size')}  ${Object.keys(fields).map((field) => `${field} ${all(field)}`).join(', ')}`);
  }
}

/** Of each structure: its size, and the offset of each field. */
async function layoutsOf({ command: [compiler, ...options], macro }: Compiler): Promise<Record<string, Record<string, number>>> {
  const folder = temporaryFolder('structures');
  const [source, assembly] = [join(folder, 'structures.c'), join(folder, 'structures.s')];
  writeFileSync(source, program(macro));
  const { code, stderr } = await run(compiler, [...options, '-S', '-O0', '-o', assembly, source]);
  if (code !== 0) throw new Error(`${compiler} failed:\n${stderr}`);
  const numbers = numbersIn(readFileSync(assembly, 'utf8'));
  const layouts = Object.fromEntries(Object.entries(STRUCTS).map(([name, { fields }]) => [
    name, Object.fromEntries(['size', ...Object.keys(fields)].map((field) => [field, numbers.shift()!])),
  ]));
  if (numbers.length !== 0) throw new Error(`${numbers.length} numbers too many in the assembly of ${compiler}`);
  return layouts;
}

function program(macro: string): string {
  const numbers = Object.entries(STRUCTS).flatMap(([name, { fields }]) => [`sizeof(${name})`, ...Object.keys(fields).map((field) => `offsetof(${name}, ${field})`)]);
  return `#ifndef ${macro}
#error this compiler is for another architecture
#endif
#define SECURITY_WIN32
#include <winsock2.h>
#include <windows.h>
#include <security.h>
#include <schannel.h>
#include <stddef.h>
/* a mark at the end, so that the last zeros are written out, too */
const unsigned int structures[] = { ${numbers.join(', ')}, 0x5afe5afe };
`;
}

/** The words of the one array, `.word` on arm64; `.space` and `.zero` are zeros. */
function numbersIn(assembly: string): number[] {
  const numbers: number[] = [];
  for (const [, directive, value] of assembly.matchAll(/^\s*\.(long|word|space|zero)\s+(\d+)/gm)) {
    if (directive === 'long' || directive === 'word') numbers.push(Number(value));
    else numbers.push(...Array<number>(Number(value) / 4).fill(0));
  }
  if (numbers.pop() !== 0x5afe5afe) throw new Error('the array of structures was not found in the assembly');
  return numbers;
}
