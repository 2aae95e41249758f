// Sizes and offsets of structs.ts, held against the Windows headers of mingw-w64: the compiler lays each structure out and writes the numbers
// into its assembly, so nothing has to run. arm64 has x64's layout: both are LLP64 with natural alignment, and sspi.h packs nothing there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STRUCTS } from '../../backends/secur32/structs.ts';
import { root } from '../../build/root.ts';
import { run, temporaryFolder } from '../interop/lab/processes.ts';
import type { Report } from './report.ts';

const COMPILERS = [
  { name: 'ia32', program: 'i686-w64-mingw32-gcc', column: 0 },
  { name: 'x64 and arm64', program: 'x86_64-w64-mingw32-gcc', column: 1 },
] as const;

/** One test for each structure on each architecture; prints the table. */
export async function checkStructures(report: Report): Promise<void> {
  console.log('\nStructures: bytes, and offsets of fields, by the Windows headers (ia32; x64 and arm64)');
  const documented = readFileSync(`${root}docs/wine.md`, 'utf8');
  const found = await Promise.all(COMPILERS.map(async ({ program }) => layoutsOf(program)));
  for (const [name, { size, fields }] of Object.entries(STRUCTS)) {
    const wrong: string[] = [];
    for (const { name: architecture, column } of COMPILERS) {
      const layout = found[column]![name]!;
      const ours: Record<string, number> = { size: size[column], ...Object.fromEntries(Object.entries(fields).map(([field, offsets]) => [field, offsets[column]])) };
      for (const [field, offset] of Object.entries(ours)) if (layout[field] !== offset) wrong.push(`${field} is ${layout[field]} on ${architecture}, structs.ts says ${offset}`);
    }
    if (!documented.includes(`| ${name} | ${size[0]} | ${size[1]} |`)) wrong.push(`docs/wine.md has no line | ${name} | ${size[0]} | ${size[1]} |`);
    const [ia32, x64] = found.map((layouts) => layouts[name]!);
    if (wrong.length > 0) report.fail(name, wrong.join('; '));
    else report.pass(name, `${ia32!['size']} ${x64!['size']}  ${Object.keys(fields).map((field) => `${field} ${ia32![field]} ${x64![field]}`).join(', ')}`);
  }
}

/** Of each structure: its size, and the offset of each field. */
async function layoutsOf(compiler: string): Promise<Record<string, Record<string, number>>> {
  const folder = temporaryFolder('structures');
  const [source, assembly] = [join(folder, 'structures.c'), join(folder, 'structures.s')];
  writeFileSync(source, program());
  const { code, stderr } = await run(compiler, ['-S', '-O0', '-o', assembly, source]);
  if (code !== 0) throw new Error(`${compiler} failed:\n${stderr}`);
  const numbers = numbersIn(readFileSync(assembly, 'utf8'));
  const layouts = Object.fromEntries(Object.entries(STRUCTS).map(([name, { fields }]) => [
    name, Object.fromEntries(['size', ...Object.keys(fields)].map((field) => [field, numbers.shift()!])),
  ]));
  if (numbers.length !== 0) throw new Error(`${numbers.length} numbers too many in the assembly of ${compiler}`);
  return layouts;
}

function program(): string {
  const numbers = Object.entries(STRUCTS).flatMap(([name, { fields }]) => [`sizeof(${name})`, ...Object.keys(fields).map((field) => `offsetof(${name}, ${field})`)]);
  return `#define SECURITY_WIN32
#include <winsock2.h>
#include <windows.h>
#include <security.h>
#include <schannel.h>
#include <stddef.h>
/* a mark at the end, so that the last zeros are written out, too */
const unsigned int structures[] = { ${numbers.join(', ')}, 0x5afe5afe };
`;
}

/** The words of the one array; `.space` are zeros. */
function numbersIn(assembly: string): number[] {
  const numbers: number[] = [];
  for (const [, directive, value] of assembly.matchAll(/^\s*\.(long|space)\s+(\d+)/gm)) {
    if (directive === 'long') numbers.push(Number(value));
    else numbers.push(...Array<number>(Number(value) / 4).fill(0));
  }
  if (numbers.pop() !== 0x5afe5afe) throw new Error('the array of structures was not found in the assembly');
  return numbers;
}
