// The parameters of library.ts, held against the prototypes in the Windows headers: how many there are, which are as wide as a pointer, and on ia32 the
// convention of the call, without which the stack would be off. The compiler compares them; nothing has to run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTIONS } from '../../backends/secur32/library.ts';
import { run, temporaryFolder } from '../interop/lab/processes.ts';
import type { Report } from './report.ts';

const TARGETS = { ia32: 'i686-w64-windows-gnu', x64: 'x86_64-w64-windows-gnu', arm64: 'aarch64-w64-windows-gnu' } as const;

/** One test for each function, on all architectures. */
export async function checkFunctions(report: Report): Promise<void> {
  console.log('\nFunctions: results and parameters, by the Windows headers (ia32, x64, arm64)');
  const source = join(temporaryFolder('functions'), 'functions.cc');
  writeFileSync(source, program());
  const wrong = new Map<string, string[]>();
  for (const [architecture, target] of Object.entries(TARGETS)) {
    const { code, stderr } = await run('clang-14', [`--target=${target}`, '-isystem', '/usr/share/mingw-w64/include', '-x', 'c++', '-std=c++17', '-ferror-limit=0', '-fsyntax-only', source]);
    const failed = [...stderr.matchAll(/static_assert failed[^\n]* "(\w+)"/g)].map(([, name]) => name!);
    if (code !== 0 && failed.length === 0) throw new Error(`clang-14 for ${architecture} failed:\n${stderr}`);
    for (const name of failed) wrong.set(name, [...(wrong.get(name) ?? []), architecture]);
  }
  // what must not hold shows that the compiler compares
  if (wrong.get('control')?.length !== Object.keys(TARGETS).length) report.fail('control', `a prototype that is none passes, but on ${wrong.get('control') ?? 'no architecture'}`);
  for (const [name, [dll, parameters]] of Object.entries(FUNCTIONS)) {
    const where = wrong.get(name);
    if (where === undefined) report.pass(name, `${dll}.dll, ${parameters}`);
    else report.fail(name, `its prototype is another than ${parameters} on ${where.join(' and ')}`);
  }
}

function program(): string {
  const claim = (name: string, parameters: string, as = name): string => `static_assert(Function<decltype(${name})>::takes("${parameters}"), "${as}");`;
  return `#define SECURITY_WIN32
#include <winsock2.h>
#include <windows.h>
#include <security.h>
template <class F> struct Function;
/* on ia32 another convention is another type, which has no such member */
template <class R, class... A> struct Function<R __stdcall(A...)> {
  static constexpr bool takes(const char *kinds) {
    constexpr unsigned sizes[] = { sizeof(A)... };
    unsigned at = 0;
    for (; kinds[at]; at++) if (at >= sizeof...(A) || sizes[at] != (kinds[at] == 'p' ? sizeof(void *) : kinds[at] == 'b' ? 1 : 4)) return false;
    return at == sizeof...(A) && sizeof(R) == 4;
  }
};
${claim('CloseHandle', 'pp', 'control')}
${Object.entries(FUNCTIONS).map(([name, [, parameters]]) => claim(name, parameters)).join('\n')}
`;
}
