// docs/runtimes.md promises of each runtime what `npm run test:runtimes` tests there.
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { RUNTIMES } from '../runtimes/kinds/index.ts';
import type { Abilities } from '../runtimes/programs/task.ts';

const test = suite('runtimes of the documentation');

/** A row of the table, and what its cell must be for what a runtime can. */
const ROWS: readonly (readonly [row: string, ability: (can: Abilities) => boolean, yes: RegExp, no: RegExp])[] = [
  ['a KDC by TCP', ({ tcp }) => tcp, /^yes$/, /^no$/],
  ['a KDC by UDP', ({ udp }) => udp, /^(?:yes|with .*)$/, /^no$/],
  ['a KDC proxy (MS-KKDCP)', () => true, /^yes/, /^no$/],
  ['krb5.conf, keytabs and caches as files', ({ files }) => files, /^(?:yes|as permitted)$/, /^bytes$/],
  ['HTTP: Kerberos, NTLM', ({ holdConnections }) => holdConnections, /^both$/, /^Kerberos$/],
];

const COLUMNS: readonly (readonly [runtime: RegExp, column: string])[] = [
  [/^Node/, 'Node'], [/^Deno/, 'Deno'], [/^Bun/, 'Bun'], [/^workerd/, 'Workers (workerd)'], [/^edge-runtime/, 'edge functions'], [/^Chromium/, 'browsers'],
];

test('the table says what is tested', async () => {
  const table = (await readFile(`${root}docs/runtimes.md`, 'utf8')).split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
  const head = table.find((cells) => cells.includes('Workers (workerd)'))!;
  assert.ok(RUNTIMES.length >= 10);
  for (const { name, can } of RUNTIMES) {
    const column = head.indexOf(COLUMNS.find(([runtime]) => runtime.test(name))![1]);
    assert.ok(column > 0, name);
    for (const [row, ability, yes, no] of ROWS) {
      const cell = table.find(([title]) => title === row)?.[column];
      assert.match(cell ?? `${row} is missing`, ability(can) ? yes : no, `${name}: ${row}`);
    }
  }
});

test('each has a row of what was measured', async () => {
  const text = await readFile(`${root}docs/runtimes.md`, 'utf8');
  for (const { name } of RUNTIMES) assert.match(text, new RegExp(`^${name} +\\d`, 'm'), name);
});

test.run();
