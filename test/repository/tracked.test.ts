import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findForbidden, findResolved, trackedFiles } from '../../build/checks/tracked.ts';
import { root } from '../../build/root.ts';
import { withFiles } from './fixture.ts';

const test = suite('tracked files');

test('none speaks of one machine, is half merged, unfinished, or holds a private key', async () => {
  const files = trackedFiles(root);
  assert.ok(files.includes('package.json') && files.includes('LICENSE'));
  assert.equal(await findForbidden(root, files), []);
});

test('each forbidden line is found', async () => {
  const lines = [
    ['path', 'read', ['', 'Users', 'alice', 'keytab'].join('/')], ['merge', '<'.repeat(7), 'HEAD'], ['work', '//', 'TO' + 'DO later'],
    ['key', '-'.repeat(5) + 'BEGIN', 'PRIVATE', 'KEY' + '-'.repeat(5)], ['windows', 'C:' + String.raw`\Users\alice`],
  ];
  const files = Object.fromEntries(lines.map(([name, ...words]) => [`${name}.txt`, `a line\n${words.join(' ')}\n`]));
  const found = await withFiles(files, (directory) => findForbidden(directory, Object.keys(files)));
  assert.equal(found.map((sentence) => sentence.split(' ')[0]), Object.keys(files).map((file) => `${file}:2`));
});

test('are found without git, too', async () => {
  const files = { 'a.txt': '', 'b/c.ts': '', 'dist/d.js': '', 'node_modules/e/f.js': '', 'g.tgz': '' };
  assert.equal(await withFiles(files, (directory) => trackedFiles(directory)), ['a.txt', 'b/c.ts']);
});

test('no lock file names a registry', async () => {
  const locks = trackedFiles(root).filter((file) => file.endsWith('package-lock.json'));
  assert.ok(locks.includes('package-lock.json'));
  for (const lock of locks) assert.equal(findResolved(await readFile(root + lock, 'utf8')), [], lock);
});

test('a lock file that names one is found', () => {
  const lock = { packages: { '': { name: 'x' }, 'node_modules/a': { resolved: 'https://registry.example/a.tgz' }, 'node_modules/b': { version: '1.0.0' } } };
  assert.equal(findResolved(JSON.stringify(lock)), ['node_modules/a is resolved to https://registry.example/a.tgz']);
});

test.run();
