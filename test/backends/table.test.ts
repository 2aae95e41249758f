// docs/backends.md's table is what test/backends/table.ts says, and that is what the backends do.
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AcquireOptions, BackendContext, BackendCredential } from '../../backends/contract/backend.ts';
import { cannotTake } from '../../backends/secur32/cannot-take.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';
import { root } from '../../build/root.ts';
import {
  exportSecurityContext, ISC_REQ_USE_SUPPLIED_CREDS, packAuthIdentity, queryContextAttributes, SECBUFFER_PKG_PARAMS, SECPKG_ATTR_NAMES, SECPKG_ATTR_SESSION_KEY, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND,
} from '../../src/index.ts';
import { newCredHandle, openContext, openCredential } from '../../src/sspi/handles.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { handshake } from '../contract/drive.ts';
import { accounts, ALICE, inMemory, TARGET } from '../contract/in-memory.ts';
import { bench } from '../secur32/support.ts';
import { markdown, type Row, TABLE } from './table.ts';

const test = suite('what each backend can do');
const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: ALICE.password }, services: [TARGET] });
const document = await readFile(`${root}docs/backends.md`, 'utf8');

/** Whether a cell says yes. */
function says(cell: string): boolean {
  assert.match(cell, /^(?:yes|no)\b/, `'${cell}' says neither yes nor no`);
  return cell.startsWith('yes');
}

const wanted = (options: Partial<AcquireOptions>): AcquireOptions => ({ package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, ...options });

test('docs/backends.md shows the table', () => {
  const shown = document.split('\n').filter((line) => line.startsWith('|')).join('\n');
  assert.ok(shown.includes(markdown()), `the table in docs/backends.md should be\n${markdown()}\n`);
});

test('a row is there once', () => {
  const rows = TABLE.map(({ what }) => what);
  assert.is(new Set(rows).size, rows.length);
  assert.is(TABLE.filter(({ capability }) => capability !== undefined).length, Object.keys(inMemory.capabilities).length);
});

for (const row of TABLE.filter(({ takes }) => takes !== undefined)) {
  test(`options: ${row.what}`, async () => {
    const options = wanted(row.takes!(realm));
    assert.is(cannotTake(options) === null, says(row.secur32), 'secur32');
    // what needs a server's keys besides is given them
    const authData = 'channelBindingPolicy' in (options.authData ?? {}) ? { ...options.authData, accounts } : options.authData;
    const credential = await createWasmBackend().acquireCredentials({ ...options, authData } as AcquireOptions);
    assert.ok(says(row.wasm), 'wasm');
    credential.free();
  });
}

interface Pair {
  contexts: Record<'wasm' | 'secur32', BackendContext>;
  credentials: Record<'wasm' | 'secur32', BackendCredential>;
}

async function pair(): Promise<Pair> {
  const fake = bench();
  const native = await fake.pair({ package: 'NTLM' });
  const engine = createWasmBackend();
  const acquire = async (options: Partial<AcquireOptions>) => newCredHandle(await engine.acquireCredentials(wanted({ package: 'NTLM', ...options })));
  const portable = { clientCredential: await acquire({ authData: ALICE }), serverCredential: await acquire({ credentialUse: SECPKG_CRED_INBOUND, authData: { accounts } }) };
  const [one, other] = [await handshake(native, {}), await handshake(portable, {})];
  return {
    contexts: { secur32: openContext(one.server).context, wasm: openContext(other.server).context },
    credentials: { secur32: openCredential(native.clientCredential), wasm: openCredential(portable.clientCredential) },
  };
}

test('verbs: a context or a credential has the method, or has not', async () => {
  const { contexts, credentials } = await pair();
  for (const backend of ['wasm', 'secur32'] as const) {
    for (const row of TABLE) {
      if (row.context !== undefined) assert.is(typeof contexts[backend][row.context] === 'function', says(row[backend]), `${backend}: ${row.what}`);
      if (row.credential !== undefined) assert.is(typeof credentials[backend][row.credential] === 'function', says(row[backend]), `${backend}: ${row.what}`);
    }
  }
});

test('the switches of the contract suite: the Wasm engine\'s world has them as the table says', () => {
  for (const { capability, wasm } of TABLE) if (capability !== undefined) assert.is(inMemory.capabilities[capability], says(wasm), capability);
});

test('the switches of the contract suite: so has Secur32, over a DLL whose packages can do it', async () => {
  const can: Record<string, () => Promise<boolean>> = {
    async exports() {
      const { client } = await handshake(await bench().pair({ package: 'NTLM' }), {});
      return exportSecurityContext(client).length > 12;
    },
    async suppliedCredentials() {
      const it = bench();
      const pair = { ...await it.pair(), clientCredential: await it.acquire({ authData: { user: 'nobody', password: 'x' } }) };
      const input = [{ type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity(ALICE) }];
      const { server } = await handshake(pair, { initialize: { contextReq: ISC_REQ_USE_SUPPLIED_CREDS, input } });
      return queryContextAttributes(server, SECPKG_ATTR_NAMES).userName === 'ADTEST\\alice';
    },
    async sessionKeys() {
      const { client } = await handshake(await bench().pair({ package: 'NTLM' }), {});
      return queryContextAttributes(client, SECPKG_ATTR_SESSION_KEY).sessionKey.length === 16;
    },
    replaceableHost: async () => cannotTake(wanted({ host: { now: () => new Date() } })) === null,
    acceptorData: async () => cannotTake(wanted({ authData: { accounts } })) === null,
  };
  for (const { capability, secur32 } of TABLE) if (capability !== undefined) assert.is(await can[capability]!(), says(secur32), capability);
});

test('packages and architectures: those of the manifest', async () => {
  const { optionalDependencies } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { optionalDependencies: Record<string, string> };
  const row = (what: string): Row => TABLE.find((one) => one.what === what)!;
  assert.equal(Object.keys(optionalDependencies).map((name) => name.split('-').at(-1)).sort(), ['arm64', 'ia32', 'x64']);
  for (const arch of ['x64', 'ia32', 'arm64']) assert.ok(row('runs on').secur32.includes(arch));
  for (const backend of [createWasmBackend(), bench().backend]) {
    const names = (await backend.enumerateSecurityPackages()).map(({ name }) => name).sort();
    assert.equal(names, row('packages')[backend.name].split(', ').slice(0, 3).sort());
  }
});

test.run();
