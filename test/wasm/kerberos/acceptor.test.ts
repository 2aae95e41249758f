import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AcceptorData } from '../../../backends/contract/credentials.ts';
import { SspiError, type SspiErrorCode } from '../../../backends/contract/errors.ts';
import { ASC_RET_DELEGATE, ASC_RET_INTEGRITY, ASC_RET_MUTUAL_AUTH, ASC_RET_USED_DCE_STYLE } from '../../../backends/contract/flags.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import { apRepMessage, readApRep } from '../../../backends/wasm/kerberos/ap-exchange/ap-rep.ts';
import { AP_OPT, TKT_FLAG } from '../../../backends/wasm/kerberos/codes/flags.ts';
import { KEY_USAGE } from '../../../backends/wasm/kerberos/codes/key-usage.ts';
import { createKerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { writeKrbCred } from '../../../backends/wasm/kerberos/exchange/krb-cred.ts';
import { GSS_FLAG, writeAuthenticatorChecksum } from '../../../backends/wasm/kerberos/gss/authenticator-checksum.ts';
import { frame, TOK_AP_REP, unframe } from '../../../backends/wasm/kerberos/gss/framing.ts';
import { bindingsHash } from '../../../backends/wasm/kerberos/initiator.ts';
import { createKerberosCredential } from '../../../backends/wasm/kerberos/index.ts';
import { decode, encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { AuthorizationDataElement } from '../../../backends/wasm/kerberos/messages/authorization-data.ts';
import { KrbError } from '../../../backends/wasm/kerberos/messages/krb-error.ts';
import { AuthorizationData } from '../../../backends/wasm/kerberos/messages/sequences.ts';
import { PAC_TYPE } from '../../../backends/wasm/kerberos/pac/pac.ts';
import { memoryReplayCache, replayKey } from '../../../backends/wasm/kerberos/replay-cache.ts';
import { writeKeytab } from '../../../backends/wasm/kerberos/store/keytab.ts';
import { readCcache } from '../../../backends/wasm/kerberos/store/ccache.ts';
import type { AcceptorRequest } from '../../../backends/wasm/mechanism.ts';
import { ASC_REQ_EXTENDED_ERROR, createAcceptor } from '../../../src/index.ts';
import { alice, database, keytab, makeAcceptor, makeApReq, MUTUAL, random, service, serviceKey, SPN, type ApReqEdits } from './ap-req-maker.ts';
import { named, ticketFor } from './hostile-kdc.ts';

const test = suite('the Kerberos acceptor');

const now = () => Math.floor(Date.now() / 1000);
const utf8 = (text: string) => new TextEncoder().encode(text);

async function accept(edits: ApReqEdits, acceptor: AcceptorData = {}, request: Partial<AcceptorRequest> = {}, allowWeakCrypto = false) {
  const made = makeApReq(edits);
  const step = await makeAcceptor(acceptor, request, allowWeakCrypto).step(made.token);
  return { ...made, step };
}

/** The refusal, with the KRB-ERROR that goes to the client. */
async function refused(code: SspiErrorCode, krbCode: number, edits: ApReqEdits, acceptor: AcceptorData = {}, request: Partial<AcceptorRequest> = {}) {
  const error = await accept(edits, acceptor, request).then(() => new Error('it was accepted'), (one: unknown) => one);
  assert.instance(error, SspiError, String(error));
  const { token, kerberos } = error as SspiError;
  assert.is((error as SspiError).code, code, String(error));
  if (krbCode !== 60) assert.is(kerberos?.errorCode, krbCode);
  const krb = decode(KrbError, edits.raw ? token! : unframe(token!).inner);
  assert.is(krb.errorCode, krbCode);
  assert.ok(krb.realm.length > 0 && krb.sname.nameString.length > 0);
  assert.ok(Math.abs(krb.stime - now()) < 5);
  assert.is(krb.eText, undefined);
  return error as SspiError;
}

test('an honest AP-REQ: AP-REP, keys, names, PAC', async () => {
  const { step, session, authenticator } = await accept({});
  const { tokenId, inner } = unframe(step.token!);
  assert.is(tokenId, TOK_AP_REP);
  const rep = readApRep(inner, session);
  assert.is(rep.ctime, authenticator.ctime);
  assert.is(rep.cusec, authenticator.cusec);
  const { names, attributes, accessToken, expiry } = step.established!;
  assert.is(names.client, 'alice@TEST.REALM');
  assert.ok((attributes & ASC_RET_MUTUAL_AUTH) !== 0);
  assert.is(accessToken?.userSid, `${database.domainSid}-${alice.rid}`);
  assert.ok(Math.abs(expiry!.getTime() / 1000 - now() - 3600) < 5, "the ticket's end");
});

const NAMES: [string, SspiErrorCode, number, ApReqEdits, AcceptorData?][] = [
  ['a ticket under another key', 'SEC_E_LOGON_DENIED', 31, { key: createKerberosKey(18, random(32)) }],
  ['an unknown kvno', 'SEC_E_NO_KERB_KEY', 44, { ticket: (ticket) => void (ticket.encPart.kvno = 9) }],
  ['an etype that the keytab lacks', 'SEC_E_NO_KERB_KEY', 45, { key: createKerberosKey(20, random(32)) }],
  ['an etype that nobody knows', 'SEC_E_KDC_UNKNOWN_ETYPE', 14, { ticket: (ticket) => void (ticket.encPart.etype = 99) }],
  ['another service', 'SEC_E_NO_KERB_KEY', 45, { ticket: (ticket) => void (ticket.sname = named(['cifs', 'web.test.realm'])) }],
  ['another realm', 'SEC_E_NO_KERB_KEY', 45, { ticket: (ticket) => void (ticket.realm = 'EVIL') }],
  ['a service that serviceNames leaves out', 'SEC_E_WRONG_PRINCIPAL', 35, {}, { serviceNames: ['HTTP/other.test.realm'] }],
  ['user-to-user', 'SEC_E_NO_TGT_REPLY', 69, { message: (message) => void (message.apOptions = AP_OPT.USE_SESSION_KEY) }],
  ['an expired ticket', 'SEC_E_CONTEXT_EXPIRED', 32, { part: (part) => void Object.assign(part, { authtime: now() - 9000, starttime: now() - 9000, endtime: now() - 600 }) }],
  ['a ticket of tomorrow', 'SEC_E_TIME_SKEW', 33, { part: (part) => void (part.starttime = now() + 86400) }],
  ['a ticket that is INVALID', 'SEC_E_TIME_SKEW', 33, { part: (part) => void (part.flags = TKT_FLAG.INVALID) }],
  ['a clock that is behind', 'SEC_E_TIME_SKEW', 37, { authenticator: (one) => void (one.ctime -= 400) }],
  ['a clock that is ahead', 'SEC_E_TIME_SKEW', 37, { authenticator: (one) => void (one.ctime += 400) }],
  ["another client's authenticator", 'SEC_E_LOGON_DENIED', 36, { authenticator: (one) => void (one.cname = named(['bob'], 1)) }],
  ["another realm's authenticator", 'SEC_E_LOGON_DENIED', 36, { authenticator: (one) => void (one.crealm = 'EVIL') }],
  ['an authenticator under another key', 'SEC_E_LOGON_DENIED', 31, { message: (message) => void (message.authenticator.cipher[20]! ^= 1) }],
  ['an authenticator of another etype', 'SEC_E_INVALID_TOKEN', 60, { message: (message) => void (message.authenticator.etype = 17) }],
  ['a subkey of RC4', 'SEC_E_KDC_UNKNOWN_ETYPE', 60, { authenticator: (one) => void Object.assign(one.subkey!, { keytype: 23, keyvalue: new Uint8Array(16) }) }],
  ['a subkey that is too short', 'SEC_E_INVALID_TOKEN', 60, { authenticator: (one) => void (one.subkey!.keyvalue = new Uint8Array(5)) }],
  ['a session key of RC4', 'SEC_E_KDC_UNKNOWN_ETYPE', 60, { sessionEtype: 23 }],
  ['a session key that is too short', 'SEC_E_INVALID_TOKEN', 60, { part: (part) => { part.key = Object.assign(part.key, { keyvalue: random(16), keytype: 17 }); }, sessionEtype: 17, authenticator: (one) => void (one.subkey!.keyvalue = new Uint8Array(0)) }],
  ['a checksum of an unknown type', 'SEC_E_INVALID_TOKEN', 50, { authenticator: (one) => void (one.cksum!.cksumtype = 7) }],
  ['an ordinary checksum that is wrong', 'SEC_E_INVALID_TOKEN', 50, { authenticator: (one) => void Object.assign(one.cksum!, { cksumtype: 16, checksum: new Uint8Array(12) }) }],
  ['a GSS checksum of 23 bytes', 'SEC_E_INVALID_TOKEN', 60, { checksum: gss(0).subarray(0, 23) }],
  ['a GSS checksum whose Lgth is not 16', 'SEC_E_INVALID_TOKEN', 60, { checksum: gss(0).with(0, 17) }],
  ['a delegation that is not there', 'SEC_E_INVALID_TOKEN', 60, { checksum: gss(GSS_FLAG.DELEG) }],
  ['a delegation past the end', 'SEC_E_INVALID_TOKEN', 60, { checksum: new Uint8Array([...gss(GSS_FLAG.DELEG), 1, 0, 0xff, 0xff, 1, 2, 3]) }],
  ['a delegation that is no KRB-CRED', 'SEC_E_INVALID_TOKEN', 60, { checksum: new Uint8Array([...gss(GSS_FLAG.DELEG), 1, 0, 3, 0, 1, 2, 3]) }],
];
for (const [name, code, krbCode, edits, acceptor] of NAMES) {
  test(`refuses ${name}`, async () => void (await refused(code, krbCode, edits, acceptor)));
}

test('what is no AP-REQ is refused before anything is asked', async () => {
  for (const token of [new Uint8Array(0), new Uint8Array([0x60]), new Uint8Array([0x6e, 0x84, 0xff, 0xff, 0xff, 0xff]), frame(TOK_AP_REP, new Uint8Array(3))]) {
    const error = await makeAcceptor().step(token).catch((one: unknown) => one);
    assert.is((error as SspiError).code, 'SEC_E_INVALID_TOKEN');
  }
});

test('the KRB-ERROR is shown to a caller who asked for extended errors, and to no other', async () => {
  for (const [flags, told] of [[ASC_REQ_EXTENDED_ERROR, true], [0, false]] as const) {
    const acceptor = await createAcceptor({ package: 'Kerberos', credential: { keytab: keytab() }, flags });
    const { token } = makeApReq({ authenticator: (one) => void (one.ctime -= 400) });
    const error = await acceptor.step(token).catch((one: unknown) => one) as SspiError;
    assert.is(error.code, 'SEC_E_TIME_SKEW');
    assert.is(error.token !== undefined, told);
  }
});

test('a replay is refused however its cleartext is spelt', async () => {
  const replayCache = memoryReplayCache(() => new Date());
  const made = makeApReq({});
  await makeAcceptor({ replayCache }).step(made.token);
  const spellings = [(name: string[]) => name, (name: string[]) => name.map((one) => one.toUpperCase()), (name: string[]) => [name[0]!.toLowerCase(), name[1]!]];
  for (const spell of spellings) {
    made.ticket.sname.nameString = spell(SPN.split('/'));
    made.message.ticket = encode(made.ticket);
    const error = await makeAcceptor({ replayCache }).step(encode(made.message)).catch((one: unknown) => one) as SspiError;
    assert.is(error.kerberos?.errorCode, 34, String(error));
  }
});

test('two acceptors with credentials of their own share what they have seen', async () => {
  const { token } = makeApReq({});
  const open = () => createAcceptor({ package: 'Kerberos', credential: { keytab: keytab() } });
  assert.ok((await (await open()).step(token)) !== null);
  const error = await (await open()).step(token).catch((one: unknown) => one) as SspiError;
  assert.is(error.kerberos?.name, 'KRB_AP_ERR_REPEAT');
});

test('the replay cache is bounded, forgets what has ended, and refuses when it is full', async () => {
  let time = 0;
  const cache = memoryReplayCache(() => new Date(time), 3);
  for (const key of ['a', 'b', 'c']) assert.is(await cache.add(key, new Date(1000)), true);
  assert.is(await cache.add('a', new Date(1000)), false);
  assert.is(await cache.add('d', new Date(1000)), false, 'full');
  time = 1000;
  assert.is(await cache.add('a', new Date(2000)), true);
  assert.is(await cache.add('d', new Date(2000)), true);
});

test('what the replay cache remembers is 32 digits, and takes no more memory than that', async () => {
  assert.is(replayKey(new Uint8Array(0)), 'e3b0c44298fc1c149afbf4c8996fb924');
  setFlagsFromString('--expose_gc');
  const gc = runInNewContext('gc') as () => void;
  const count = 20_000;
  const cache = memoryReplayCache(() => new Date());
  const used = () => (gc(), process.memoryUsage().heapUsed);
  const before = used();
  for (let n = 0; n < count; n++) await cache.add(replayKey(new Uint8Array(new Uint32Array([n]).buffer)), new Date(8e12));
  const each = (used() - before) / count;
  assert.ok(each < 250, `${each} bytes for each authenticator`);
  assert.is(await cache.add(replayKey(new Uint8Array(4)), new Date(8e12)), false);
});

test('channel bindings: never, when supported, always', async () => {
  const mine = utf8('tls-server-end-point:mine');
  const outcome = async (sent: Uint8Array | null, policy: AcceptorData['channelBindingPolicy'], own: Uint8Array | null) => {
    const edits = sent === null ? {} : { bindings: bindingsHash(sent) };
    const { step } = await accept(edits, policy === undefined ? {} : { channelBindingPolicy: policy }, { channelBindings: own });
    return step.established!.channelBindingsVerified;
  };
  const bad = (sent: Uint8Array | null, channelBindingPolicy: NonNullable<AcceptorData['channelBindingPolicy']>, own: Uint8Array | null) =>
    refused('SEC_E_BAD_BINDINGS', 60, sent === null ? {} : { bindings: bindingsHash(sent) }, { channelBindingPolicy }, { channelBindings: own });
  const other = utf8('tls-server-end-point:other');
  assert.is(await outcome(other, 'never', mine), false);
  assert.is(await outcome(mine, 'whenSupported', mine), true);
  assert.is(await outcome(null, 'whenSupported', mine), false);
  assert.is(await outcome(other, 'whenSupported', null), false);
  assert.is(await outcome(mine, 'always', mine), true);
  await bad(other, 'whenSupported', mine);
  await bad(null, 'always', mine);
  await bad(other, 'always', mine);
  await bad(mine, 'always', null);

  // A client that says it knows of them, as Windows's do (MS-KILE 3.2.5.8).
  const aware: ApReqEdits = { authenticator: (one) => void (one.authorizationData = [options([0, 0x40, 0, 0])]) };
  await refused('SEC_E_BAD_BINDINGS', 60, aware, {}, { channelBindings: mine });
  for (const [edits, policy, own] of [[aware, 'never', mine], [aware, 'whenSupported', null]] as const) {
    assert.is((await accept(edits, { channelBindingPolicy: policy }, { channelBindings: own })).step.established!.channelBindingsVerified, false);
  }
  assert.is((await accept({ ...aware, bindings: bindingsHash(mine) }, {}, { channelBindings: mine })).step.established!.channelBindingsVerified, true);
  for (const bytes of [[0, 0, 0, 0], [0], []]) await accept({ authenticator: (one) => void (one.authorizationData = [options(bytes)]) }, {}, { channelBindings: mine });

  function options(bytes: number[]): AuthorizationDataElement {
    const inner = AuthorizationData.from([Object.assign(new AuthorizationDataElement(), { adType: 143, adData: Uint8Array.from(bytes) })]);
    return Object.assign(new AuthorizationDataElement(), { adType: 1, adData: encode(inner) });
  }
});

test('no checksum, and an ordinary one, are let through (MS-KILE 3.4.5.2)', async () => {
  const none = await accept({ authenticator: (one) => void delete one.cksum });
  assert.is(none.step.established!.attributes & ASC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH);
  const { step } = await accept({ part: (part) => void (part.key.keyvalue = new Uint8Array(32)), authenticator: (one) => void Object.assign(one.cksum!, { cksumtype: 16, checksum: createKerberosKey(18, new Uint8Array(32)).checksum(KEY_USAGE.AP_REQ_AUTH_CKSUM, new Uint8Array(0)) }) });
  assert.ok(step.established);
  // They bind nothing, so a server that demands it refuses them.
  await refused('SEC_E_BAD_BINDINGS', 60, { authenticator: (one) => void delete one.cksum }, { channelBindingPolicy: 'always' }, { channelBindings: utf8('x') });
});

test('extensions behind the flags, and behind a delegation, are passed over (RFC 4121 §4.1.1)', async () => {
  const extension = [0, 0, 0, 9, 0, 0, 0, 2, 7, 7];
  const plain = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags: MUTUAL });
  assert.ok((await accept({ checksum: new Uint8Array([...plain, ...extension]) })).step.established);
  for (const checksum of [plain.subarray(0, 23), plain.with(0, 15), Uint8Array.from(plain).with(20, MUTUAL | GSS_FLAG.DELEG)]) await refused('SEC_E_INVALID_TOKEN', 60, { checksum });
});

test('a raw AP-REQ is answered raw, and refused raw', async () => {
  const { step } = await accept({ raw: true });
  assert.is(step.token![0], 0x6f);
  await refused('SEC_E_TIME_SKEW', 37, { raw: true, authenticator: (one) => void (one.ctime -= 400) });
});

test('without MUTUAL nothing is answered, and the initiator goes on with its own number', async () => {
  const { step } = await accept({ flags: GSS_FLAG.INTEG });
  assert.is(step.token, null);
  assert.is(step.established!.attributes & (ASC_RET_MUTUAL_AUTH | ASC_RET_INTEGRITY), ASC_RET_INTEGRITY);
});

test('an authenticator without subkey and number', async () => {
  const { step } = await accept({ flags: GSS_FLAG.INTEG, authenticator: (one) => { delete one.subkey; delete one.seqNumber; } });
  assert.is(step.established!.sessionKey.length, 32);
});

test('DCE style has a third leg, which must answer the second', async () => {
  const flags = MUTUAL | GSS_FLAG.DCE_STYLE;
  const made = makeApReq({ flags, raw: true });
  const second = await makeAcceptor().step(made.token);
  const rep = readApRep(second.token!, made.session);
  const good = apRepMessage({ ctime: rep.ctime, cusec: rep.cusec, sequenceNumber: rep.sequenceNumber! }, made.session);
  for (const [leg, code] of [
    [second.token!, 'SEC_E_MUTUAL_AUTH_FAILED'],
    [apRepMessage({ ctime: rep.ctime, cusec: rep.cusec, sequenceNumber: rep.sequenceNumber! ^ 1 }, made.session), 'SEC_E_MUTUAL_AUTH_FAILED'],
    [good.with(good.length - 1, good.at(-1)! ^ 1), 'SEC_E_LOGON_DENIED'],
    [new Uint8Array(0), 'SEC_E_INVALID_TOKEN'],
  ] as const) {
    const error = await second.next!.step(leg).catch((one: unknown) => one) as SspiError;
    assert.is(error.code, code, String(error));
  }
  const { established } = await second.next!.step(good);
  assert.ok((established!.attributes & ASC_RET_USED_DCE_STYLE) !== 0);
});

// The PAC.

const bufferOf = (pac: Uint8Array, type: number) => {
  const view = new DataView(pac.buffer, pac.byteOffset);
  for (let i = 0; i < view.getUint32(0, true); i++) {
    const at = 8 + 16 * i;
    if (view.getUint32(at, true) === type) return { entry: at, size: view.getUint32(at + 4, true), offset: view.getUint32(at + 8, true) };
  }
  throw new Error(`no buffer ${type}`);
};
const flipped = (type: number) => (pac: Uint8Array) => {
  const { offset, size } = bufferOf(pac, type);
  pac[offset + size - 1]! ^= 1;
  return pac;
};
for (const [name, type] of Object.entries(PAC_TYPE)) {
  if (!['LOGON_INFO', 'CLIENT_INFO', 'UPN_DNS_INFO', 'ATTRIBUTES', 'REQUESTOR', 'TICKET_CHECKSUM', 'FULL_CHECKSUM', 'SERVER_CHECKSUM'].includes(name)) continue;
  test(`a PAC that was tampered with in ${name}`, async () => void (await refused('SEC_E_MESSAGE_ALTERED', 60, { pac: flipped(type) })));
}
test("the KDC's own signature is the KDC's to verify", async () => {
  assert.ok((await accept({ pac: flipped(PAC_TYPE.PRIVSVR_CHECKSUM) })).step.established);
});

/** Signed again by who holds the service's key: what is refused is refused for what it says. */
const signedAgain = (edit: (pac: Uint8Array) => Uint8Array | void) => (pac: Uint8Array) => {
  for (const type of [PAC_TYPE.SERVER_CHECKSUM, PAC_TYPE.PRIVSVR_CHECKSUM]) {
    const { offset, size } = bufferOf(pac, type);
    pac.fill(0, offset + 4, offset + size);
  }
  const edited = edit(pac) ?? pac;
  const signature = serviceKey().checksum(KEY_USAGE.PAC_SIGNATURE, edited);
  edited.set(signature, bufferOf(edited, PAC_TYPE.SERVER_CHECKSUM).offset + 4);
  return edited;
};
const PACS: [string, SspiErrorCode, (pac: Uint8Array) => Uint8Array | void][] = [
  ['of another logon', 'SEC_E_MESSAGE_ALTERED', (pac) => void (pac[bufferOf(pac, PAC_TYPE.CLIENT_INFO).offset + 4]! ^= 1)],
  ['of another client', 'SEC_E_MESSAGE_ALTERED', (pac) => void (pac[bufferOf(pac, PAC_TYPE.CLIENT_INFO).offset + 10] = 0x62)],
  ['with two LOGON_INFOs', 'SEC_E_INVALID_TOKEN', (pac) => void (pac[bufferOf(pac, PAC_TYPE.ATTRIBUTES).entry] = PAC_TYPE.LOGON_INFO)],
  ['with two server signatures', 'SEC_E_INVALID_TOKEN', (pac) => void (pac[bufferOf(pac, PAC_TYPE.ATTRIBUTES).entry] = PAC_TYPE.SERVER_CHECKSUM)],
  ['that does not say whose it is', 'SEC_E_MESSAGE_ALTERED', (pac) => void (pac[bufferOf(pac, PAC_TYPE.CLIENT_INFO).entry] = 0x77)],
  ['without a KDC signature', 'SEC_E_MESSAGE_ALTERED', (pac) => void (pac[bufferOf(pac, PAC_TYPE.PRIVSVR_CHECKSUM).entry] = 0x77)],
  ['of another checksum type', 'SEC_E_MESSAGE_ALTERED', (pac) => void (pac[bufferOf(pac, PAC_TYPE.SERVER_CHECKSUM).offset] = 15)],
  ['of version 1', 'SEC_E_INVALID_TOKEN', (pac) => void (pac[4] = 1)],
  ['with a buffer past its end', 'SEC_E_INVALID_TOKEN', (pac) => void (pac[bufferOf(pac, PAC_TYPE.ATTRIBUTES).entry + 10] = 0xff)],
];
for (const [name, code, edit] of PACS) {
  test(`a PAC ${name}`, async () => void (await refused(code, 60, { pac: signedAgain(edit) })));
}

test('an RODCIdentifier behind the signature is signed, and no part of it', async () => {
  const { step } = await accept({
    pac: signedAgain((pac) => {
      // The server signature moves to the end, where it has room for two bytes more.
      const { entry } = bufferOf(pac, PAC_TYPE.SERVER_CHECKSUM);
      const longer = new Uint8Array(pac.length + 24);
      longer.set(pac);
      longer.set([16, 0, 0, 0], pac.length);
      longer.set([0x34, 0x12], pac.length + 16);
      const view = new DataView(longer.buffer);
      view.setUint32(entry + 4, 18, true);
      view.setUint32(entry + 8, pac.length, true);
      return longer;
    }),
  });
  assert.ok(step.established);
});

test("MIT's minimal PAC: a client, signatures, no LOGON_INFO; and no PAC at all", async () => {
  const minimal = signedAgain((pac) => {
    for (const type of [PAC_TYPE.LOGON_INFO, PAC_TYPE.UPN_DNS_INFO, PAC_TYPE.REQUESTOR, PAC_TYPE.ATTRIBUTES]) pac[bufferOf(pac, type).entry] = 0x70 + type;
  });
  for (const pac of [minimal, () => null]) {
    const { accessToken, names } = (await accept({ pac })).step.established!;
    assert.is(names.client, 'alice@TEST.REALM');
    assert.equal(accessToken, { userSid: null, groups: [], upn: null, delegatedCredential: null });
  }
});

// Delegation, and keytabs.

test("a delegated ticket is under the session key (MIT, Windows), under the subkey (Heimdal), or in the clear", async () => {
  const credential = {
    client: alice.principal, server: { nameType: 2, realm: 'TEST.REALM', components: ['krbtgt', 'TEST.REALM'] }, etype: 18, key: random(32), authtime: now(), starttime: now(), endtime: now() + 600, renewTill: 0,
    isSkey: false, flags: TKT_FLAG.FORWARDED, addresses: [], authdata: [], ticket: encode(ticketFor('TEST.REALM', ['krbtgt', 'TEST.REALM'])), secondTicket: new Uint8Array(0),
  };
  const session = random(32);
  const subkey = random(32);
  for (const key of [createKerberosKey(18, session), createKerberosKey(18, subkey), null]) {
    const checksum = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags: MUTUAL | GSS_FLAG.DELEG, delegation: writeKrbCred([credential], key) });
    const { step } = await accept({ part: (part) => void (part.key.keyvalue = session), authenticator: (one) => void (one.subkey!.keyvalue = subkey), checksum });
    assert.ok((step.established!.attributes & ASC_RET_DELEGATE) !== 0);
    const { ccache } = step.established!.accessToken!.delegatedCredential as { ccache: Uint8Array };
    assert.equal(readCcache(ccache).credentials[0]!.key, credential.key);
  }
  const stranger = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags: MUTUAL | GSS_FLAG.DELEG, delegation: writeKrbCred([credential], createKerberosKey(18, random(32))) });
  await refused('SEC_E_LOGON_DENIED', 31, { checksum: stranger });
});

test('a keytab with kvno n and n + 1 serves tickets of both', async () => {
  const [entry] = database.keytab(service);
  const next = { ...entry!, kvno: 2, key: random(32) };
  const both = writeKeytab([entry!, next]);
  for (const [key, kvno] of [[serviceKey(), 1], [createKerberosKey(18, next.key), 2]] as const) {
    assert.ok((await accept({ key, ticket: (ticket) => void (ticket.encPart.kvno = kvno) }, { keytab: both })).step.established);
  }
  // Without a kvno the newest counts (RFC 4120 §5.2.9 leaves it optional).
  assert.ok((await accept({ key: createKerberosKey(18, next.key), ticket: (ticket) => void delete ticket.encPart.kvno }, { keytab: both })).step.established);
});

test('a keytab file is read again when a ticket has a key that it lacked, though not for every stranger', async () => {
  const [entry] = database.keytab(service);
  const next = { ...entry!, kvno: 2, key: random(32) };
  let file = writeKeytab([entry!]);
  let reads = 0;
  let time = Date.now();
  const host = { ...resolveHost(), now: () => new Date(time), readFile: async () => (reads++, file) };
  const credential = createKerberosCredential({ acceptor: { keytab: '/etc/krb5.keytab' }, kerberos: { krb5Conf: '' }, host });
  const step = (key = serviceKey(), kvno = 1) => credential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(makeApReq({ key, ticket: (ticket) => void (ticket.encPart.kvno = kvno) }).token);
  await step();
  await step();
  assert.is(reads, 1);
  const newKey = () => createKerberosKey(18, next.key);
  const early = await step(newKey(), 2).catch((error: SspiError) => error.code);
  assert.is(early, 'SEC_E_NO_KERB_KEY');
  assert.is(reads, 2);
  file = writeKeytab([entry!, next]);
  await step(newKey(), 2).catch(() => {});
  assert.is(reads, 2, 'once a second at most');
  time += 1500;
  assert.ok((await step(newKey(), 2)).established);
  assert.is(reads, 3);
  await step();
  assert.is(reads, 3);
});

function gss(flags: number): Uint8Array {
  return writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags });
}

test.run();
