// Every option that there is, against Secur32: it reaches the DLL, or this package does it itself, or it is refused by its name. None is passed over.
// The lists are checked by the compiler: a new option does not compile before it is told here what becomes of it.
import { channel } from 'node:diagnostics_channel';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AcquireOptions, ChangePasswordOptions } from '../../backends/contract/backend.ts';
import type { AcceptorData, AuthData } from '../../backends/contract/credentials.ts';
import { type Fallback, FALLBACK_CHANNEL } from '../../backends/secur32/announce.ts';
import { announce, createSecur32Backend } from '../../backends/secur32/index.ts';
import {
  type AcceptContextOptions, type AcceptorOptions, type AcquireCredentialsOptions, initializeSecurityContext, type InitializeContextOptions, type InitiatorOptions, ISC_REQ_INTEGRITY, SECBUFFER_TOKEN,
  SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP,
} from '../../src/index.ts';
import { createDispatcher } from '../../src/sspi/dispatcher.ts';
import { ALICE, TARGET } from '../contract/in-memory.ts';
import { failure } from '../contract/support.ts';
import { FakeLibrary } from './fake-library.ts';
import { bench, until } from './support.ts';

const test = suite('secur32: every option');

type KeyOf<Union> = Union extends unknown ? keyof Union : never;
/** `dll`: a test below sees it arrive. `here`: done above the DLL. `engines`: chooses between them. `verbs`: becomes another one of these. Else what is refused. */
type Fate = 'dll' | 'here' | 'engines' | 'verbs' | { refused: unknown };
type Fates<Key extends string> = Readonly<Record<Key, Fate>>;

const AUTH_DATA: Fates<KeyOf<AuthData> | keyof AcceptorData> = {
  user: 'dll', domain: 'dll', password: 'dll',
  channelBindingPolicy: 'dll',
  ntHash: { refused: new Uint8Array(16) },
  keytab: { refused: new Uint8Array([5, 2]) },
  ccache: { refused: 'FILE:/tmp/krb5cc' },
  anonymous: { refused: true },
  accounts: { refused: () => null },
  replayCache: { refused: { add: () => true } },
  serviceNames: { refused: [TARGET] },
  allowAnonymous: { refused: true },
};

const ACQUIRE: Fates<keyof AcquireOptions | keyof AcquireCredentialsOptions> = {
  package: 'dll', principal: 'dll', credentialUse: 'dll', authData: 'verbs', packageList: 'dll', backend: 'engines',
  kerberos: { refused: { defaultRealm: 'AD.TEST' } },
  ntlm: { refused: { lmCompatibilityLevel: 5 } },
  host: { refused: { now: () => new Date() } },
};

const CHANGE_PASSWORD: Fates<keyof ChangePasswordOptions> = {
  package: 'dll', user: 'dll', domain: 'dll', oldPassword: 'dll', newPassword: 'dll', kerberos: { refused: { defaultRealm: 'AD.TEST' } },
};

const CONTEXT: Fates<keyof InitiatorOptions | keyof AcceptorOptions> = {
  target: 'verbs', credential: 'verbs', package: 'verbs', packageList: 'verbs', flags: 'verbs', channelBindings: 'verbs', kerberos: 'verbs', ntlm: 'verbs', host: 'verbs', backend: 'engines',
};

const LEG: Fates<keyof InitializeContextOptions | keyof AcceptContextOptions> = {
  credential: 'dll', context: 'dll', targetName: 'dll', contextReq: 'dll', targetDataRep: 'dll', input: 'dll', output: 'here', signal: 'here',
};

const acquiring = (more: object): AcquireOptions => ({ package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, ...more });

/** Named `backend: 'secur32'` it is an error with a remedy before the DLL is called; by itself the Wasm engine takes it, and says so. */
async function refuses(name: string, options: AcquireOptions | ChangePasswordOptions, call: (it: ReturnType<typeof bench>) => Promise<unknown>): Promise<void> {
  const it = bench();
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', call(it));
  assert.match(error.message, new RegExp(`Secur32 does not take .*\\(.*${name}\\)`));
  assert.match(error.remedy!, /backend: 'wasm'/);
  assert.equal(it.library.calls, []);

  const heard: Fallback[] = [];
  const listener = (message: unknown): void => void heard.push(message as Fallback);
  channel(FALLBACK_CHANNEL).subscribe(listener);
  const dispatcher = createDispatcher({ platform: () => 'win32', load: async () => ({ probeSecur32: async () => createSecur32Backend(new FakeLibrary()), announce }) });
  assert.is((await dispatcher.choose('auto', options)).name, 'wasm');
  await until(() => heard.length > 0);
  channel(FALLBACK_CHANNEL).unsubscribe(listener);
  assert.is(heard.length, 1);
  assert.match(heard[0]!.message, new RegExp(name));
}

for (const [name, fate] of Object.entries(AUTH_DATA)) {
  if (typeof fate === 'string') continue;
  for (const credentialUse of [SECPKG_CRED_OUTBOUND, SECPKG_CRED_INBOUND]) {
    test(`authData.${name}, ${credentialUse === SECPKG_CRED_OUTBOUND ? 'of a client' : 'of a server'}: refused`, async () => {
      const options = acquiring({ credentialUse, authData: { [name]: fate.refused } });
      await refuses(name, options, ({ backend }) => backend.acquireCredentials(options));
    });
  }
}

for (const [name, fate] of Object.entries(ACQUIRE)) {
  if (typeof fate === 'string') continue;
  test(`${name}: refused`, async () => {
    const options = acquiring({ authData: ALICE, [name]: fate.refused });
    await refuses(name, options, ({ backend }) => backend.acquireCredentials(options));
  });
}

test('changeAccountPassword: kerberos: refused', async () => {
  const options = { user: 'alice', domain: 'AD.TEST', oldPassword: 'old', newPassword: 'new', kerberos: (CHANGE_PASSWORD.kerberos as { refused: object }).refused };
  await refuses('kerberos', options, ({ backend }) => backend.changeAccountPassword(options));
});

test('options that hold nothing are none', async () => {
  const { acquire, library } = bench();
  await acquire({ kerberos: {}, ntlm: { lmCompatibilityLevel: undefined }, host: {}, authData: { ...ALICE, keytab: undefined } as never });
  assert.ok(library.names.includes('AcquireCredentialsHandleW'));
});

test('what is taken reaches AcquireCredentialsHandleW', async () => {
  for (const pointerSize of [4, 8] as const) {
    const { library, backend } = bench({ pointerSize });
    const { memory } = library;
    const seen: Record<string, unknown> = {};
    library.replace.AcquireCredentialsHandleW = (principal, name, use, logonId, identity, getKey, argument) => {
      const { SEC_WINNT_AUTH_IDENTITY_EXW: layout } = memory.layouts;
      const string = (pointer: number, length: number) => memory.units(memory.pointer(identity! + pointer), memory.uint32(identity! + length));
      Object.assign(seen, {
        principal: memory.string(principal!), package: memory.string(name!), credentialUse: use, reserved: [logonId, getKey, argument], user: string(layout.User, layout.UserLength),
        domain: string(layout.Domain, layout.DomainLength), password: string(layout.Password, layout.PasswordLength), packageList: string(layout.PackageList, layout.PackageListLength),
      });
      return 0;
    };
    await backend.acquireCredentials(acquiring({ principal: 'alice', credentialUse: 3, packageList: '!NTLM', authData: { user: 'alice', domain: 'ADTEST', password: 'pass' } }));
    const reserved = [0, 0, 0];
    assert.equal(seen, { principal: 'alice', package: 'Negotiate', credentialUse: 3, reserved, user: 'alice', domain: 'ADTEST', password: 'pass', packageList: '!NTLM' });
    const arrived = new Set(Object.keys(seen));
    for (const [name, fate] of Object.entries({ ...ACQUIRE, ...AUTH_DATA })) if (fate === 'dll' && name !== 'channelBindingPolicy') assert.ok(arrived.has(name), name);
  }
});

test('what is taken reaches InitializeSecurityContextW', async () => {
  const { library, acquire } = bench();
  const { memory } = library;
  const credential = await acquire({ package: 'NTLM' });
  let seen: unknown[] = [];
  const whole = library.implementation('InitializeSecurityContextW');
  library.replace.InitializeSecurityContextW = (...values) => {
    const [held, context, target, contextReq, , targetDataRep, input] = values;
    seen = [library.credentials.size > 0 && memory.uint32(held!) > 0, context !== 0, memory.string(target!), contextReq, targetDataRep, input === 0 ? [] : memory.buffers(input!).map(({ type, data }) => [type, data.length])];
    return whole(...values);
  };
  const call = { credential, targetName: TARGET, contextReq: ISC_REQ_INTEGRITY, targetDataRep: SECURITY_NATIVE_DREP };
  const { context } = await initializeSecurityContext(call);
  assert.equal(seen, [true, false, TARGET, ISC_REQ_INTEGRITY, SECURITY_NATIVE_DREP, []]);
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ ...call, context, input: [{ type: SECBUFFER_TOKEN, data: new Uint8Array(7) }] }));
  assert.equal(seen, [true, true, TARGET, ISC_REQ_INTEGRITY, SECURITY_NATIVE_DREP, [[SECBUFFER_TOKEN, 7]]]);
  assert.equal(Object.values(LEG).filter((fate) => fate === 'dll').length, seen.length);
});

test('a context\'s options are those of the verbs', () => {
  for (const fate of Object.values(CONTEXT)) assert.ok(fate === 'verbs' || fate === 'engines');
});

test.run();
