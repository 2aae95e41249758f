import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultCredentials } from '../../backends/wasm/default-credential.ts';
import type { Host } from '../../backends/contract/host.ts';
import { resolveHost } from '../../backends/wasm/host/index.ts';
import { pooledRandom } from '../../backends/wasm/host/random.ts';
import { failure, hex, utf8 } from './support.ts';

const test = suite('host');

test('random bytes differ, in every size', () => {
  const random = pooledRandom();
  const seen = new Set<string>();
  for (let round = 0; round < 500; round++) {
    const drawn = random(8);
    assert.is(drawn.length, 8);
    seen.add(hex(drawn));
  }
  assert.is(seen.size, 500);
  for (const length of [0, 1, 1023, 1024, 1025, 65536, 70_000]) {
    const drawn = random(length);
    assert.is(drawn.length, length);
    if (length > 16) assert.ok(new Set(drawn).size > 10);
    assert.not.ok(length > 100 && hex(drawn.subarray(-16)) === '00'.repeat(16));
  }
});

test('what was drawn is no longer in the pool', () => {
  const filled: Uint8Array[] = [];
  const real = crypto.getRandomValues;
  try {
    crypto.getRandomValues = ((array: Uint8Array<ArrayBuffer>) => { filled.push(array); return real.call(crypto, array); }) as typeof real;
    const random = pooledRandom();
    const drawn = random(32);
    assert.is(filled.length, 1);
    assert.is(hex(filled[0]!.subarray(0, 32)), '00'.repeat(32));
    assert.not.ok(hex(filled[0]!).includes(hex(drawn)));
    random(32);
    assert.is(filled.length, 1); // the second draw costs no call
  } finally {
    crypto.getRandomValues = real;
  }
});

test('replacements stand in front, as methods of their object', () => {
  class Clock {
    #time = 5;
    now() { return new Date(this.#time); }
  }
  const host = resolveHost(new Clock());
  assert.is(host.now().getTime(), 5);
  assert.is(host.random(3).length, 3);
  assert.is(resolveHost({ readFile: undefined }).readFile, undefined);
});

test('files: the bytes, null for none, an error for what cannot be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-'));
  try {
    await writeFile(join(folder, 'a'), 'text');
    const { readFile } = resolveHost();
    assert.is(hex((await readFile!(join(folder, 'a')))!), hex(utf8('text')));
    assert.is(await readFile!(join(folder, 'b')), null);
    await readFile!(folder).then(() => assert.unreachable(), (error: NodeJS.ErrnoException) => assert.is(error.code, 'EISDIR'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

const defaultCredential = async (host: Host, principal?: string) => {
  const found = await defaultCredentials({ package: 'NTLM', packageList: undefined, kerberos: undefined, host, principal });
  assert.is(found.length, 1);
  return found[0];
};
const userFile = (text: string | null) => resolveHost({ environment: (name) => (name === 'NTLM_USER_FILE' ? '/users' : undefined), readFile: async () => (text === null ? null : utf8(text)) });

test('the default credential is the first line of NTLM_USER_FILE, or the one that is named', async () => {
  const host = userFile('# comment\n\nADTEST:alice:pass:with:colons\r\nOTHER:bob:Pässwörd\n:carol:x\n');
  assert.equal(await defaultCredential(host), { domain: 'ADTEST', user: 'alice', password: 'pass:with:colons' });
  for (const name of ['bob', 'OTHER\\bob', 'bob@other']) {
    assert.equal(await defaultCredential(host, name), { domain: 'OTHER', user: 'bob', password: 'Pässwörd' });
  }
  assert.equal(await defaultCredential(host, 'carol'), { domain: '', user: 'carol', password: 'x' });
});

test('without a default credential the error says what to pass', async () => {
  const none = [
    resolveHost({ environment: () => undefined }), resolveHost({ environment: undefined }), userFile(null), userFile('nothing of use\n'),
    resolveHost({ environment: () => '/users', readFile: undefined }),
    resolveHost({ environment: () => '/users', readFile: async () => { throw new Error('EACCES'); } }),
  ];
  for (const host of none) {
    const error = await failure('SEC_E_NO_CREDENTIALS', defaultCredential(host));
    assert.match(error.remedy!, /a credential, such as/);
  }
  await failure('SEC_E_NO_CREDENTIALS', defaultCredential(userFile('A:b:c'), 'mallory'));
});

test.run();
