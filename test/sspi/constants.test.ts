import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as sspi from '../../src/index.ts';

const test = suite('constants');
const { constants } = JSON.parse(await readFile(new URL('../vectors/sspi-constants.json', import.meta.url), 'utf8')) as { constants: Record<string, number> };
const ours = new Map(Object.entries(sspi as Record<string, unknown>).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));

/** 64-bit flags of newer headers (the …Ex2 functions), and other names of values that are there. */
const LEFT_OUT = new Set(['ISC_REQ_MESSAGES', 'ISC_RET_MESSAGES', 'ASC_REQ_MESSAGES', 'ASC_RET_MESSAGES', 'SEC_E_NO_SPM', 'SEC_E_NOT_SUPPORTED', 'SECBUFFER_VERSION']);

test('every exported number has the value of the Windows headers', () => {
  assert.ok(ours.size > 300);
  for (const [name, value] of ours) {
    if (name === 'SECPKG_ATTR_DATAGRAM_SIZES') continue;
    assert.is(value, constants[name], name);
  }
  assert.is(sspi.SECPKG_ATTR_DATAGRAM_SIZES, constants.SECPKG_ATTR_STREAM_SIZES);
});

test('every constant of the headers is exported flat', () => {
  const missing = Object.keys(constants).filter((name) => !ours.has(name) && !LEFT_OUT.has(name));
  assert.equal(missing, []);
});

test('an error has the value that its name stands for', () => {
  const error = new sspi.SspiError('SEC_E_INVALID_TOKEN', 'a message', { offset: 7 });
  assert.is(error.status, 0x80090308);
  assert.is(error.message, 'SEC_E_INVALID_TOKEN: a message (at byte 7)');
  assert.is(sspi.statusName(0x80090308 | 0), 'SEC_E_INVALID_TOKEN');
  assert.is(sspi.statusName(0x80091234), '0x80091234');
});

test.run();
