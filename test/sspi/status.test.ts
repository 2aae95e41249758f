import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError, statusName, type SspiErrorCode } from '../../backends/contract/errors.ts';
import * as statuses from '../../backends/contract/status.ts';

const test = suite('names of statuses');

test('every status has its name, and every error its status', () => {
  const entries = Object.entries(statuses);
  assert.ok(entries.length > 90);
  for (const [name, value] of entries) {
    assert.is(statusName(value), name);
    if (name.startsWith('SEC_E_') && value !== 0) assert.is(new SspiError(name as SspiErrorCode, '').status, value, name);
  }
});

test('a status without a name is its number', () => {
  for (const [value, text] of [[0x80090319, '0x80090319'], [0x80090fff, '0x80090fff'], [0x8009031c, '0x8009031c'], [0x00090300, '0x00090300'], [1, '0x00000001'], [-1, '0xffffffff']] as const) {
    assert.is(statusName(value), text);
  }
});

test.run();
