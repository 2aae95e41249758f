import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findTurnedImports, readImports } from '../../build/checks/arrow.ts';
import { root } from '../../build/root.ts';
import { withFiles } from './fixture.ts';

const test = suite('arrow of imports');

test('src → backends → assembly, never back', () => {
  assert.equal(findTurnedImports(readImports(root, 'tsconfig.json')), []);
});

test('assembly imports nothing from outside', () => {
  assert.equal(findTurnedImports(readImports(root, 'assembly/tsconfig.json')), []);
});

const TSCONFIG = JSON.stringify({
  compilerOptions: { module: 'nodenext', target: 'es2022', types: [], allowImportingTsExtensions: true, noEmit: true },
  include: ['assembly', 'backends', 'src'],
});
const SOUND: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'tsconfig.json': TSCONFIG,
  'src/index.ts': `import { a } from '../backends/wasm/index.ts'; export const b = a;`,
  'backends/contract/errors.ts': 'export const c = 1; export type T = string;',
  'backends/wasm/index.ts': `import { c } from '../contract/errors.ts'; export const a = c;`,
  'backends/secur32/index.ts': `import { c } from '../contract/errors.ts'; export const d = c;`,
  'assembly/index.ts': `export { e } from './memory.ts';`,
  'assembly/memory.ts': 'export const e = 1;',
};

const TURNED: Readonly<Record<string, string>> = {
  'assembly/outside.ts': `import { c } from '../backends/contract/errors.ts'; export const e = c;`,
  'backends/contract/dynamic.ts': `export const c = () => import('../wasm/index.ts');`,
  'backends/contract/re-export.ts': `export * from '../secur32/index.ts';`,
  'backends/contract/type-only.ts': `import type { b } from '../../src/index.ts'; export type B = typeof b;`,
  'backends/secur32/engine.ts': `import { a } from '../wasm/index.ts'; export const d = a;`,
  'backends/wasm/engine.ts': `import { d } from '../secur32/index.ts'; export const a = d;`,
  'backends/wasm/source-of-assembly.ts': `import { e } from '../../assembly/index.ts'; export const a = e;`,
  'backends/wasm/upward.ts': `import { b } from '../../src/index.ts'; export const a = b;`,
  'src/development.ts': `import { suite } from 'uvu'; export const b = suite;`,
};

function foundIn(files: Readonly<Record<string, string>>): Promise<string[]> {
  return withFiles({ ...SOUND, ...files }, (directory) => findTurnedImports(readImports(directory, 'tsconfig.json')));
}

test('a sound tree passes, also where a comment or a string looks like an import', async () => {
  const quoted = `// import { b } from '../../src/index.ts'\nexport const f = "import '../../src/index.ts'";`;
  assert.equal(await foundIn({ 'backends/wasm/quoted.ts': quoted }), []);
});

test('every kind of import against the arrow is found', async () => {
  const found = await foundIn(TURNED);
  assert.equal(found.map((sentence) => sentence.split(' ')[0]).sort(), Object.keys(TURNED));
});

test.run();
