import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_REQ_USE_DCE_STYLE, ISC_RET_DELEGATE,
  ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH, ISC_RET_USED_DCE_STYLE,
} from '../../../backends/contract/flags.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import { apRepMessage, type ApRepParts } from '../../../backends/wasm/kerberos/ap-exchange/ap-rep.ts';
import { openAuthenticator, readApReq } from '../../../backends/wasm/kerberos/ap-exchange/ap-req.ts';
import { AP_OPT, TKT_FLAG } from '../../../backends/wasm/kerberos/codes/flags.ts';
import { createKerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { frame, TOK_AP_REP, TOK_ERROR, unframe } from '../../../backends/wasm/kerberos/gss/framing.ts';
import { createKerberosCredential } from '../../../backends/wasm/kerberos/index.ts';
import { encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { writeCcache, type CachedCredential } from '../../../backends/wasm/kerberos/store/ccache.ts';
import { parsePrincipal } from '../../../backends/wasm/kerberos/store/principal.ts';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { createTestRealm } from '../../../src/testing/index.ts';
import { failure } from '../../failure.ts';
import { makeAcceptor, makeApReq, random, SPN } from './ap-req-maker.ts';
import { hostileKdc, krbError } from './hostile-kdc.ts';

const test = suite('the Kerberos initiator');

const MUTUAL = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
const client = parsePrincipal('alice@TEST.REALM');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const utf8 = (text: string) => new TextEncoder().encode(text);

/** A ticket for the service whose keys are known here. */
function serviceTicket(flags = 0): CachedCredential {
  const made = makeApReq({});
  const now = Math.floor(Date.now() / 1000);
  return {
    client, server: { nameType: 2, realm: 'TEST.REALM', components: SPN.split('/') }, etype: made.session.etype, key: made.session.bytes.slice(), authtime: now - 60, starttime: now - 30, endtime: now + 1234,
    renewTill: 0, isSkey: false, flags, addresses: [], authdata: [], ticket: encode(made.ticket), secondTicket: new Uint8Array(0),
  };
}

/** The first leg with that ticket, opened. */
async function begin(flags = MUTUAL, ticket = serviceTicket()) {
  const credential = createKerberosCredential({ authData: { ccache: writeCcache({ principal: client, kdcOffset: 0, config: [], credentials: [ticket] }) }, kerberos: { krb5Conf: '' }, host: resolveHost() });
  const step = await credential.initiator({ targetName: SPN, flags, channelBindings: null, insideNegotiate: false }).step(null);
  const session = createKerberosKey(ticket.etype, ticket.key);
  const request = readApReq(step.token![0] === 0x6e ? step.token! : unframe(step.token!).inner);
  const authenticator = openAuthenticator(request.authenticator.cipher, session);
  const answer = (parts: Partial<ApRepParts> = {}) => apRepMessage({ ctime: authenticator.ctime, cusec: authenticator.cusec, sequenceNumber: 99, ...parts }, session);
  return { step, session, request, authenticator, answer, ticket };
}

test('an AP-REP proves the server; the expiry is that of the ticket', async () => {
  const { step, answer, ticket, request } = await begin();
  assert.is(request.apOptions, AP_OPT.MUTUAL_REQUIRED);
  const { established, token } = await step.next!.step(frame(TOK_AP_REP, answer({ subkey: { etype: 18, bytes: random(32) } })));
  assert.is(token, null);
  assert.ok((established!.attributes & ISC_RET_MUTUAL_AUTH) !== 0);
  assert.is(established!.expiry!.getTime(), ticket.endtime * 1000);
});

test('an AP-REP with another time, under another key, or of another server is SEC_E_MUTUAL_AUTH_FAILED', async () => {
  const { step, answer, authenticator } = await begin();
  for (const bad of [
    answer({ ctime: authenticator.ctime + 1 }), answer({ cusec: (authenticator.cusec + 1) % 1e6 }),
    apRepMessage({ ctime: authenticator.ctime, cusec: authenticator.cusec }, createKerberosKey(18, random(32))),
    answer().with(answer().length - 1, answer().at(-1)! ^ 1),
  ]) {
    assert.is((await failure(step.next!.step(frame(TOK_AP_REP, bad)))).code, 'SEC_E_MUTUAL_AUTH_FAILED');
  }
});

test('an AP-REP without a subkey: the initiator\'s own key serves; without a number: its own', async () => {
  const made = await begin();
  const parts = made.answer({});
  const { established } = await made.step.next!.step(frame(TOK_AP_REP, parts));
  assert.is(established!.sessionKey.length, 32);
  const again = await begin();
  const bare = apRepMessage({ ctime: again.authenticator.ctime, cusec: again.authenticator.cusec }, again.session);
  assert.ok((await again.step.next!.step(bare)).established, 'raw, too');
});

test('a subkey of RC4, or of a wrong length, is refused', async () => {
  const { step, answer } = await begin();
  assert.is((await failure(step.next!.step(frame(TOK_AP_REP, answer({ subkey: { etype: 23, bytes: random(16) } }))))).code, 'SEC_E_KDC_UNKNOWN_ETYPE');
  assert.is((await failure(step.next!.step(frame(TOK_AP_REP, answer({ subkey: { etype: 18, bytes: random(16) } }))))).code, 'SEC_E_INVALID_TOKEN');
  assert.is((await failure(step.next!.step(frame(TOK_AP_REP, answer({ subkey: { etype: 99, bytes: random(16) } }))))).code, 'SEC_E_INVALID_TOKEN');
});

for (const [errorCode, code] of [
  [31, 'SEC_E_LOGON_DENIED'], [32, 'SEC_E_CONTEXT_EXPIRED'], [34, 'SEC_E_LOGON_DENIED'], [35, 'SEC_E_WRONG_PRINCIPAL'], [37, 'SEC_E_TIME_SKEW'], [41, 'SEC_E_WRONG_PRINCIPAL'], [44, 'SEC_E_NO_KERB_KEY'], [60, 'SEC_E_INTERNAL_ERROR'],
] as const) {
  test(`KRB-ERROR ${errorCode} is ${code}`, async () => {
    const { step } = await begin();
    for (const token of [frame(TOK_ERROR, krbError(errorCode)), krbError(errorCode)]) {
      const error = await failure(step.next!.step(token));
      assert.is(error.code, code);
      assert.is(error.kerberos?.errorCode, errorCode);
    }
  });
}

test('what is no answer', async () => {
  const { step } = await begin();
  for (const token of [null, new Uint8Array(0), new Uint8Array([0x60, 0]), new Uint8Array([0x6f, 0x05]), frame(0x0100, new Uint8Array(9)), utf8('HTTP/1.1')]) {
    assert.is((await failure(step.next!.step(token))).code, 'SEC_E_INVALID_TOKEN');
  }
  const fresh = createKerberosCredential({ authData: { ccache: new Uint8Array(0) }, kerberos: { krb5Conf: '' }, host: resolveHost() });
  assert.is((await failure(fresh.initiator({ targetName: SPN, flags: 0, channelBindings: null, insideNegotiate: false }).step(utf8('x')))).code, 'SEC_E_INVALID_TOKEN');
});

test('without MUTUAL_AUTH there is one leg, and no claim', async () => {
  const { step, request } = await begin(ISC_REQ_INTEGRITY);
  assert.is(request.apOptions, 0);
  assert.is(step.established!.attributes & (ISC_RET_MUTUAL_AUTH | ISC_RET_INTEGRITY), ISC_RET_INTEGRITY);
});

test('DELEGATE needs OK-AS-DELEGATE, a forwardable ticket and MUTUAL_AUTH', async () => {
  for (const [ticketFlags, flags] of [[TKT_FLAG.FORWARDABLE, MUTUAL], [TKT_FLAG.OK_AS_DELEGATE, MUTUAL], [(TKT_FLAG.OK_AS_DELEGATE | TKT_FLAG.FORWARDABLE) >>> 0, ISC_REQ_INTEGRITY]] as const) {
    const { step, answer } = await begin(flags | ISC_REQ_DELEGATE, serviceTicket(ticketFlags));
    const { established } = step.established ? step : await step.next!.step(answer());
    assert.is(established!.attributes & ISC_RET_DELEGATE, 0);
  }
  // The ticket allows it, and no ticket-granting ticket is there to forward: the logon goes on without.
  const { step, answer } = await begin(MUTUAL | ISC_REQ_DELEGATE, serviceTicket((TKT_FLAG.OK_AS_DELEGATE | TKT_FLAG.FORWARDABLE) >>> 0));
  assert.is((await step.next!.step(answer())).established!.attributes & ISC_RET_DELEGATE, 0);
});

test('DCE style: raw legs, the third one answers, messages are padded by a block', async () => {
  const { step, request } = await begin(MUTUAL | ISC_REQ_USE_DCE_STYLE);
  assert.is(step.token![0], 0x6e);
  assert.is(request.apOptions, AP_OPT.MUTUAL_REQUIRED);
  const acceptor = await makeAcceptor().step(step.token!);
  const third = await step.next!.step(acceptor.token!);
  const server = (await acceptor.next!.step(third.token!)).established!;
  const initiator = third.established!;
  assert.ok((initiator.attributes & ISC_RET_USED_DCE_STYLE) !== 0);
  assert.is(hex(initiator.sessionKey), hex(server.sessionKey));
  const token = initiator.wrap(utf8('sealed'), true);
  assert.is(new DataView(token.buffer, token.byteOffset).getUint16(4), 16, 'EC');
  assert.is(new DataView(token.buffer, token.byteOffset).getUint16(6), 28, 'RRC');
  assert.is(new TextDecoder().decode(server.unwrap(token).message), 'sealed');
  assert.is(new TextDecoder().decode(initiator.unwrap(server.wrap(utf8('back'), true)).message), 'back');
  const parts = [{ data: utf8('in place'), encrypt: true }];
  server.decrypt(parts, initiator.encrypt(parts, 0));
  assert.is(new TextDecoder().decode(parts[0]!.data), 'in place');
});

test('a server with an IP address is for NTLM: no KDC hears of it', async () => {
  const realm = await createTestRealm({ services: [SPN] });
  const kdc = hostileKdc(realm.kerberos.transport!, { name: 'alice', realm: realm.realm, password: 'Password1' }, {});
  for (const target of ['HTTP/127.0.0.1', 'HTTP/[::1]', 'cifs/192.0.2.7:445']) {
    const initiator = await createInitiator({ target, credential: realm.authData('alice'), kerberos: { ...realm.kerberos, transport: kdc } });
    const acceptor = await createAcceptor({ credential: { accounts: realm.accounts, keytab: realm.keytab(SPN) } });
    let token = await initiator.step();
    while (token !== null) {
      const answer = await acceptor.step(token);
      token = answer === null ? null : await initiator.step(answer);
    }
    assert.is(initiator.package, 'NTLM', target);
  }
  assert.is(kdc.asked.length, 0);
});

test('the package Kerberos without a target says what is missing', async () => {
  const realm = await createTestRealm({ services: [SPN] });
  const initiator = await createInitiator({ package: 'Kerberos', credential: realm.authData('alice'), kerberos: realm.kerberos });
  assert.is((await failure(initiator.step())).code, 'SEC_E_TARGET_UNKNOWN');
});

test('every way to write a target', async () => {
  const realm = await createTestRealm({ services: [SPN, 'host/web.test.realm'] });
  for (const target of [SPN, `${SPN}@TEST.REALM`, 'HTTP@web.test.realm', 'http/WEB.test.realm']) {
    const initiator = await createInitiator({ package: 'Kerberos', target, credential: realm.authData('alice'), kerberos: realm.kerberos });
    const acceptor = await createAcceptor({ package: 'Kerberos', credential: { keytab: realm.keytab(SPN) } });
    await initiator.step(await acceptor.step(await initiator.step()));
    assert.ok(initiator.complete, target);
  }
  for (const target of ['/', 'HTTP/', '@TEST.REALM']) {
    const initiator = await createInitiator({ package: 'Kerberos', target, credential: realm.authData('alice'), kerberos: realm.kerberos });
    assert.is((await failure(initiator.step())).code, 'SEC_E_TARGET_UNKNOWN', target);
  }
});

test.run();
