import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  acquireCredentialsHandle, createAcceptor, createInitiator, deleteSecurityContext, ISC_REQ_INTEGRITY, ISC_REQ_NO_INTEGRITY, ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH, ISC_RET_REPLAY_DETECT, ISC_RET_SEQUENCE_DETECT, queryContextAttributes, SECPKG_ATTR_NAMES, SECPKG_CRED_INBOUND,
  type SecurityContext,
} from '../../src/index.ts';
import { accounts, ALICE, TARGET } from '../contract/in-memory.ts';
import { failure, hex, utf8 } from '../sspi/support.ts';

const test = suite('createInitiator and createAcceptor');
const PACKAGES = ['Negotiate', 'NTLM'] as const;

/** The loop as people write it. */
async function loop(initiator: SecurityContext, acceptor: SecurityContext): Promise<number> {
  let legs = 0;
  let token = await initiator.step();
  while (token !== null) {
    assert.ok(++legs < 5);
    const answer: Uint8Array | null = await acceptor.step(token);
    token = answer === null ? null : await initiator.step(answer);
  }
  return legs;
}

async function pair(options: Parameters<typeof createInitiator>[0] = {}, accepting: Parameters<typeof createAcceptor>[0] = {}) {
  const initiator = await createInitiator({ backend: 'wasm', target: TARGET, credential: ALICE, ...options });
  const acceptor = await createAcceptor({ backend: 'wasm', package: options.package, credential: { accounts }, ...accepting });
  return { initiator, acceptor };
}

for (const name of PACKAGES) {
  test(`${name}: a loop of steps, then messages both ways`, async () => {
    const { initiator, acceptor } = await pair({ package: name });
    assert.is(initiator.complete, false);
    assert.is(initiator.package, null);
    assert.is(acceptor.peer, null);
    assert.is(await loop(initiator, acceptor), 2);
    assert.ok(initiator.complete && acceptor.complete);
    assert.is(initiator.package, 'NTLM');
    assert.is(acceptor.package, 'NTLM');
    assert.is(initiator.backend, 'wasm');
    assert.is(acceptor.peer, 'ADTEST\\alice');
    assert.is(initiator.expiry, null);
    assert.is(hex(initiator.sessionKey), hex(acceptor.sessionKey));
    for (const [from, to] of [[initiator, acceptor], [acceptor, initiator]] as const) {
      const sealed = from.wrap(utf8('sealed'));
      assert.not.ok(hex(sealed).includes(hex(utf8('sealed'))));
      assert.equal(hexed(to.unwrap(sealed)), { message: hex(utf8('sealed')), encrypted: true });
      assert.equal(hexed(to.unwrap(from.wrap(utf8('signed'), { encrypt: false }))), { message: hex(utf8('signed')), encrypted: false });
      to.verify(utf8('a message'), from.sign(utf8('a message')));
    }
  });

  test(`${name}: the default flags, and what they achieve`, async () => {
    const { initiator, acceptor } = await pair({ package: name });
    await loop(initiator, acceptor);
    const wanted = ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;
    assert.is(initiator.attributes & wanted, wanted);
    // NTLM proves no server, whatever was asked: so there is no proven peer.
    assert.is(initiator.attributes & ISC_RET_MUTUAL_AUTH, 0);
    assert.is(initiator.peer, null);
    const plain = await pair({ package: name, flags: ISC_REQ_INTEGRITY });
    await loop(plain.initiator, plain.acceptor);
    assert.is(plain.initiator.attributes & wanted & ~(ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT), ISC_RET_INTEGRITY);
    // GSS_Wrap seals with the keys of integrity alone, as Windows does; without keys it cannot.
    assert.equal(hexed(plain.acceptor.unwrap(plain.initiator.wrap(utf8('x')))), { message: hex(utf8('x')), encrypted: true });
    const bare = await pair({ package: name, flags: ISC_REQ_NO_INTEGRITY });
    await loop(bare.initiator, bare.acceptor);
    await failure('SEC_E_UNSUPPORTED_FUNCTION', () => bare.initiator.wrap(utf8('x')));
  });

  test(`${name}: messages out of order, repeated, bent or cut are refused, and the context goes on`, async () => {
    const { initiator, acceptor } = await pair({ package: name });
    await loop(initiator, acceptor);
    const [one, two] = [initiator.wrap(utf8('one')), initiator.wrap(utf8('two'))];
    await failure('SEC_E_OUT_OF_SEQUENCE', () => acceptor.unwrap(two));
    const bent = one.slice();
    bent[bent.length - 1]! ^= 1;
    await failure('SEC_E_MESSAGE_ALTERED', () => acceptor.unwrap(bent));
    await failure('SEC_E_INVALID_TOKEN', () => acceptor.unwrap(one.subarray(0, 15)));
    acceptor.unwrap(one);
    await failure('SEC_E_OUT_OF_SEQUENCE', () => acceptor.unwrap(one));
    acceptor.unwrap(two);
    const mic = initiator.sign(utf8('m'));
    await failure('SEC_E_MESSAGE_ALTERED', () => acceptor.verify(utf8('n'), mic));
    acceptor.verify(utf8('m'), mic);
    await failure('SEC_E_OUT_OF_SEQUENCE', () => acceptor.verify(utf8('m'), mic));
  });

  test(`${name}: channel bindings that match, differ or are missing`, async () => {
    const channelBindings = utf8('tls-server-end-point:abc');
    const matching = await pair({ package: name, channelBindings }, { channelBindings });
    await loop(matching.initiator, matching.acceptor);
    const differing = await pair({ package: name, channelBindings }, { channelBindings: utf8('tls-server-end-point:xyz') });
    await failure('SEC_E_BAD_BINDINGS', loop(differing.initiator, differing.acceptor));
    const missing = await pair({ package: name }, { channelBindings, credential: { accounts, channelBindingPolicy: 'always' } });
    await failure('SEC_E_BAD_BINDINGS', loop(missing.initiator, missing.acceptor));
  });

  test(`${name}: a stray token does not end an established context`, async () => {
    const { initiator, acceptor } = await pair({ package: name });
    await loop(initiator, acceptor);
    await failure('SEC_E_INVALID_TOKEN', initiator.step(utf8('stray')));
    assert.ok(initiator.complete);
    acceptor.unwrap(initiator.wrap(utf8('still here')));
  });

  test(`${name}: stepping again without a token authenticates again`, async () => {
    const { initiator, acceptor } = await pair({ package: name });
    await loop(initiator, acceptor);
    const key = hex(initiator.sessionKey);
    const { handle } = initiator;
    await loop(initiator, acceptor);
    assert.is(initiator.handle, handle);
    assert.not(hex(initiator.sessionKey) === key);
    acceptor.unwrap(initiator.wrap(utf8('with the new keys')));
  });
}

test('a Buffer that is unwrapped keeps its bytes', async () => {
  const { initiator, acceptor } = await pair();
  await loop(initiator, acceptor);
  const sealed = Buffer.from(initiator.wrap(utf8('sealed')));
  const before = sealed.toString('hex');
  assert.is(hex(acceptor.unwrap(sealed).message), hex(utf8('sealed')));
  assert.is(sealed.toString('hex'), before);
});

test('a wrong password is refused by the server, and the context shows no success', async () => {
  const { initiator, acceptor } = await pair({ credential: { ...ALICE, password: 'Tr0ub4dor' } });
  await failure('SEC_E_LOGON_DENIED', loop(initiator, acceptor));
  assert.is(acceptor.complete, false);
  assert.is(acceptor.peer, null);
  assert.is(acceptor.attributes & ISC_RET_CONFIDENTIALITY, 0);
});

test('a failed attempt to authenticate again ends what was established', async () => {
  const { initiator, acceptor } = await pair();
  await loop(initiator, acceptor);
  await failure('SEC_E_INVALID_TOKEN', acceptor.step(utf8('rubbish')));
  assert.is(acceptor.complete, false);
  assert.is(acceptor.package, null);
  await failure('SEC_E_INVALID_HANDLE', () => acceptor.unwrap(initiator.wrap(utf8('x'))));
});

test('the user name is understood in all its forms', async () => {
  const seen: string[] = [];
  const credential = { accounts: ({ user, domain }: { user: string; domain: string }) => { seen.push(`${domain}|${user}`); return { password: 'x' }; } };
  for (const user of ['ADTEST\\alice', 'alice@ad.test', 'alice']) {
    const { initiator, acceptor } = await pair({ credential: { user, password: 'x' } }, { credential });
    await loop(initiator, acceptor);
  }
  const { initiator, acceptor } = await pair({ credential: { user: 'alice', domain: 'ADTEST', password: 'x' } }, { credential });
  await loop(initiator, acceptor);
  assert.equal(seen, ['ADTEST|alice', '|alice@ad.test', '|alice', 'ADTEST|alice']);
});

test('createInitiator and createAcceptor loop over as many legs as the package needs', async () => {
  for (const [name, steps] of [['NTLM', 2], ['Negotiate', 3]] as const) {
    const { initiator, acceptor } = await pair({ package: name });
    let calls = 0;
    for (let token: Uint8Array | null = null; !initiator.complete; calls++) {
      const sent: Uint8Array | null = await initiator.step(token);
      token = sent === null ? null : await acceptor.step(sent);
    }
    assert.is(calls, steps);
    assert.ok(acceptor.complete);
  }
});

test('names keep characters outside of ANSI', async () => {
  const { initiator, acceptor } = await pair({ credential: { user: 'Ядвига', domain: '例え', password: '\u{1d11e}x' } }, { credential: { accounts: () => ({ password: '\u{1d11e}x' }) } });
  await loop(initiator, acceptor);
  assert.is(acceptor.peer, '例え\\Ядвига');
});

test('an NT hash in place of the password, on either side', async () => {
  const ntHash = Buffer.from('8846f7eaee8fb117ad06bdd830b7586c', 'hex'); // 'password'
  const one = await pair({ credential: { user: 'alice', ntHash } }, { credential: { accounts: () => ({ password: 'password' }) } });
  await loop(one.initiator, one.acceptor);
  const other = await pair({ credential: { user: 'alice', password: 'password' } }, { credential: { accounts: async () => ({ ntHash }) } });
  await loop(other.initiator, other.acceptor);
  assert.is(ntHash.toString('hex'), '8846f7eaee8fb117ad06bdd830b7586c'); // the caller's bytes are the caller's
});

test('a credential handle serves many contexts and stays the caller\'s', async () => {
  const { credential } = await acquireCredentialsHandle({ authData: ALICE });
  const { credential: serving } = await acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, authData: { accounts } });
  await Promise.all(Array.from({ length: 20 }, async () => {
    const { initiator, acceptor } = await pair({ credential }, { credential: serving });
    await loop(initiator, acceptor);
    initiator.dispose();
    acceptor.dispose();
  }));
  const { initiator, acceptor } = await pair({ credential }, { credential: serving });
  await loop(initiator, acceptor);
});

test('two steps at once: one is refused, the other goes on', async () => {
  const { initiator, acceptor } = await pair({}, { credential: { accounts: async (account) => { await new Promise((resolve) => setTimeout(resolve, 5)); return accounts(account); } } });
  const challenge = await acceptor.step(await initiator.step());
  const proof = await initiator.step(challenge);
  const first = acceptor.step(proof);
  await failure('SEC_E_OUT_OF_SEQUENCE', acceptor.step(proof));
  await first;
  assert.ok(acceptor.complete);
});

test('two first steps at once: one of them is the context\'s', async () => {
  const { initiator, acceptor } = await pair();
  const results = await Promise.allSettled([initiator.step(), initiator.step()]);
  const begun = results.filter((result) => result.status === 'fulfilled');
  assert.is(begun.length, 1);
  const challenge = await acceptor.step((begun[0] as PromiseFulfilledResult<Uint8Array>).value);
  await acceptor.step(await initiator.step(challenge));
});

test('an aborted step can be repeated', async () => {
  const { initiator, acceptor } = await pair();
  const token = await initiator.step();
  const controller = new AbortController();
  controller.abort();
  await acceptor.step(token, { signal: controller.signal }).then(() => assert.unreachable(), (error: Error) => assert.is(error.name, 'AbortError'));
  await initiator.step(await acceptor.step(token));
});

test('before the first step and after disposal there is no handle', async () => {
  const { initiator, acceptor } = await pair();
  await failure('SEC_E_INVALID_HANDLE', () => initiator.handle);
  await failure('SEC_E_INVALID_HANDLE', () => initiator.wrap(utf8('x')));
  await loop(initiator, acceptor);
  assert.is(queryContextAttributes(acceptor.handle, SECPKG_ATTR_NAMES).userName, 'ADTEST\\alice');
  initiator[Symbol.dispose]();
  initiator.dispose();
  assert.is(initiator.complete, false);
  for (const use of [() => initiator.handle, () => initiator.sessionKey, () => initiator.sign(utf8('x')), () => initiator.step()]) {
    await failure('SEC_E_INVALID_HANDLE', async () => use());
  }
  deleteSecurityContext(acceptor.handle); // the handle is the same one that the verbs know
  await failure('SEC_E_INVALID_HANDLE', () => acceptor.wrap(utf8('x')));
  acceptor.dispose();
});

test('a context shows no secret', async () => {
  const { initiator, acceptor } = await pair();
  await loop(initiator, acceptor);
  for (const context of [initiator, acceptor]) {
    const shown = inspect(context, { depth: 9, showHidden: true, getters: false });
    assert.not.match(shown, /Pässw0rd|Uint8Array|Buffer/);
  }
});

test('wrong arguments are TypeErrors and RangeErrors', async () => {
  const { initiator } = await pair();
  const refused: [() => Promise<unknown>, Function][] = [
    [() => initiator.step('token' as never), TypeError], [() => createInitiator({ target: 5 as never, credential: ALICE }), TypeError],
    [() => createInitiator({ credential: ALICE, channelBindings: 'x' as never }), TypeError], [() => createInitiator({ credential: ALICE, flags: 1.5 }), RangeError],
  ];
  for (const [run, kind] of refused) await run().then(() => assert.unreachable(), (error) => assert.instance(error, kind));
});

function hexed({ message, encrypted }: { message: Uint8Array; encrypted: boolean }) {
  return { message: hex(message), encrypted };
}

test.run();
