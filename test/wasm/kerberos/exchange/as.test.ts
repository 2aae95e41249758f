import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError, type SspiErrorCode } from '../../../../backends/contract/errors.ts';
import { passwordKeys } from '../../../../backends/wasm/kerberos/client-keys.ts';
import { TKT_FLAG } from '../../../../backends/wasm/kerberos/codes/flags.ts';
import { PA } from '../../../../backends/wasm/kerberos/codes/types.ts';
import type { KerberosKey } from '../../../../backends/wasm/kerberos/etypes/index.ts';
import { asExchange, type AsOptions } from '../../../../backends/wasm/kerberos/exchange/as.ts';
import { runExchange } from '../../../../backends/wasm/kerberos/exchange/question.ts';
import { decode, encode } from '../../../../backends/wasm/kerberos/messages/asn1.ts';
import type { EncAsRepPart } from '../../../../backends/wasm/kerberos/messages/enc-kdc-rep-part.ts';
import { AsReq } from '../../../../backends/wasm/kerberos/messages/kdc-req.ts';
import { EtypeInfo2Entry } from '../../../../backends/wasm/kerberos/messages/etype-info2-entry.ts';
import { HostAddress } from '../../../../backends/wasm/kerberos/messages/host-address.ts';
import type { AsRep } from '../../../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { KerbErrorData } from '../../../../backends/wasm/kerberos/messages/kerb-error-data.ts';
import { PaData } from '../../../../backends/wasm/kerberos/messages/pa-data.ts';
import { EtypeInfo2, MethodData } from '../../../../backends/wasm/kerberos/messages/sequences.ts';
import { parsePrincipal } from '../../../../backends/wasm/kerberos/store/principal.ts';
import { createTestRealm } from '../../../../src/testing/index.ts';
import { rng } from '../../../fuzz.ts';
import { hostileKdc, krbError, named, ticketFor, type HostileKdc, type Lies } from '../hostile-kdc.ts';

const test = suite('the AS exchange with a KDC that lies');

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const realm = await createTestRealm();
const user = { name: 'alice', realm: realm.realm, password: 'Password1' };
const client = parsePrincipal('alice@TEST.REALM');
const password = passwordKeys(client, user.password, random);
const made: KerberosKey[] = [];
const keys: AsOptions['keys'] = {
  etypes: password.etypes,
  keyFor(...wanted) {
    const key = password.keyFor(...wanted);
    if (key !== null) made.push(key);
    return key;
  },
};

async function logOn(lies: Lies, more: Partial<AsOptions> = {}, kdc: HostileKdc = hostileKdc(realm.kerberos.transport!, user, lies)) {
  made.length = 0;
  const clock = { now: () => new Date(), offset: 0 };
  const run = () => runExchange(asExchange({ client, keys, etypes: [18, 17, 20, 19], clock, random, ...more }), kdc);
  return { kdc, clock, result: await run().then((ticket) => ({ ticket, error: undefined }), (error: unknown) => ({ ticket: undefined, error })) };
}

async function refused(code: SspiErrorCode, pattern: RegExp, lies: Lies, more: Partial<AsOptions> = {}) {
  const { result: { error }, kdc } = await logOn(lies, more);
  assert.instance(error, SspiError, `expected ${code}, got ${error}`);
  assert.is((error as SspiError).code, code, String(error));
  assert.match((error as SspiError).message, pattern);
  // Whatever happened: no key of the password outlives the exchange.
  for (const key of made) assert.ok(key.bytes.every((byte) => byte === 0), 'a key was not disposed of');
  return { error: error as SspiError, kdc };
}

test('an honest one gives a ticket in two messages, and the key is gone', async () => {
  const { result, kdc } = await logOn({});
  assert.equal(result.ticket?.server.components, ['krbtgt', 'TEST.REALM']);
  assert.is(kdc.asked.length, 2);
  assert.ok(made.length > 0 && made.every((key) => key.bytes.every((byte) => byte === 0)));
});

type Tamper = (part: EncAsRepPart, answer: AsRep) => void;
const now = () => Math.floor(Date.now() / 1000);
const LIES: [name: string, code: SspiErrorCode, pattern: RegExp, as: Tamper, more?: Partial<AsOptions>][] = [
  ['another nonce', 'SEC_E_INVALID_TOKEN', /nonce/, (part) => void (part.nonce ^= 1)],
  ['another client', 'SEC_E_INVALID_TOKEN', /ticket of bob/, (_, answer) => void (answer.cname = named(['bob'], 1))],
  ["another client's realm", 'SEC_E_INVALID_TOKEN', /realm EVIL/, (_, answer) => void (answer.crealm = 'EVIL')],
  ['another server', 'SEC_E_INVALID_TOKEN', /ticket for krbtgt\/EVIL/, (part, answer) => {
    part.sname = named(['krbtgt', 'EVIL']);
    answer.ticket = encode(ticketFor('TEST.REALM', ['krbtgt', 'EVIL']));
  }],
  ["another server's realm", 'SEC_E_INVALID_TOKEN', /of the realm EVIL/, (part) => void (part.srealm = 'EVIL')],
  ["another server in the ticket's cleartext", 'SEC_E_INVALID_TOKEN', /different servers/, (_, answer) => void (answer.ticket = encode(ticketFor('TEST.REALM', ['krbtgt', 'EVIL'])))],
  ["another realm in the ticket's cleartext", 'SEC_E_INVALID_TOKEN', /different servers/, (_, answer) => void (answer.ticket = encode(ticketFor('EVIL', ['krbtgt', 'TEST.REALM'])))],
  ['a ticket that has ended', 'SEC_E_INVALID_TOKEN', /ended/, (part) => void (part.endtime = now() - 3600)],
  ['a ticket that begins tomorrow', 'SEC_E_INVALID_TOKEN', /begins/, (part) => void (part.starttime = now() + 86400)],
  ['a ticket that ends before it begins', 'SEC_E_INVALID_TOKEN', /ended/, (part) => void (part.endtime = part.starttime! - 1)],
  ['a longer life than asked', 'SEC_E_INVALID_TOKEN', /longer/, (part) => void (part.endtime = now() + 86400), { lifetime: 600 }],
  ['addresses', 'SEC_E_INVALID_TOKEN', /addresses/, (part) => void (part.caddr = [Object.assign(new HostAddress(), { addrType: 2, address: new Uint8Array(4) })])],
  ['the flag INVALID', 'SEC_E_INVALID_TOKEN', /invalid/, (part) => void (part.flags = (part.flags | TKT_FLAG.INVALID) >>> 0)],
  ['a session key of RC4', 'SEC_E_INVALID_TOKEN', /rc4-hmac, which was not asked/, (part) => void Object.assign(part.key, { keytype: 23, keyvalue: new Uint8Array(16) })],
  ['a session key that is too short', 'SEC_E_INVALID_TOKEN', /5 bytes/, (part) => void (part.key.keyvalue = new Uint8Array(5))],
  ['a promised checksum of the request that is not there', 'SEC_E_INVALID_TOKEN', /checksum of the request/, (part) => void delete part.encryptedPaData],
  ['a checksum of another request', 'SEC_E_MESSAGE_ALTERED', /not the one that was sent/, (part) => {
    const element = part.encryptedPaData!.find(({ padataType }) => padataType === PA.REQ_ENC_PA_REP)!;
    element.padataValue[element.padataValue.length - 1]! ^= 1;
  }],
];
for (const [name, code, pattern, as, more] of LIES) {
  test(`refuses ${name}`, async () => void (await refused(code, pattern, { as }, more)));
}

test('a reply in an etype that was not asked for', async () => {
  await refused('SEC_E_INVALID_TOKEN', /aes256-cts-hmac-sha384-192, which was not asked/, { as: (_, answer) => void (answer.encPart.etype = 20) }, { etypes: [18] });
});

test('a reply that does not decrypt is a wrong password', async () => {
  await refused('SEC_E_LOGON_DENIED', /password/, { bytes: (reply) => (reply[0] === 0x6b ? reply.with(reply.length - 1, reply.at(-1)! ^ 1) : reply) });
});

test('replies cut off anywhere, and random ones, are SEC_E_INVALID_TOKEN', async () => {
  const source = rng(4120);
  for (let n = 0; n < 60; n++) {
    await refused('SEC_E_INVALID_TOKEN', /./, { bytes: (reply) => (reply[0] === 0x6b ? reply.subarray(0, source.below(reply.length)) : reply) });
    await refused('SEC_E_INVALID_TOKEN', /./, { instead: () => source.bytes(source.below(200)) });
  }
});

test('KRB_AP_ERR_SKEW is believed once', async () => {
  const { kdc } = await refused('SEC_E_TIME_SKEW', /KRB_AP_ERR_SKEW/, { instead: () => krbError(37) });
  assert.is(kdc.asked.length, 2);
});

test('a clock that a stranger told is not kept when the logon fails', async () => {
  const { clock, result } = await logOn({ instead: () => krbError(37, { stime: now() + 1e9 }) });
  assert.is((result.error as SspiError).code, 'SEC_E_TIME_SKEW');
  assert.is(clock.offset, 0);
});

test('pre-authentication is demanded once', async () => {
  const { kdc } = await refused('SEC_E_UNSUPPORTED_PREAUTH', /PREAUTH_REQUIRED/, { instead: () => krbError(25, { eData: methods([entry(18, 'salt')]) }) });
  assert.is(kdc.asked.length, 2);
});

test('without e-data the default salt serves', async () => {
  const { result } = await logOn({ instead: (n) => (n === 0 ? krbError(25) : undefined) });
  assert.ok(result.ticket, String(result.error));
});

for (const [name, eData] of [
  ['random e-data', rng(1).bytes(40)],
  ['a METHOD-DATA that is cut off', methods([entry(18, 'salt')]).subarray(0, 9)],
  ['an ETYPE-INFO2 that is none', encode(Object.assign(new MethodData(), [padata(PA.ETYPE_INFO2, new Uint8Array([0x30, 0x80])), padata(PA.ENC_TIMESTAMP, new Uint8Array(0))]))],
] as const) {
  test(`${name} is SEC_E_INVALID_TOKEN`, async () => void (await refused('SEC_E_INVALID_TOKEN', /./, { instead: () => krbError(25, { eData }) })));
}

for (const [iterations, text] of [[0, '2^32'], [0xffffffff, '2^32 - 1'], [1, '1'], [0x00200000, '2^21']] as const) {
  test(`s2kparams of ${text} iterations are refused at once`, async () => {
    const started = performance.now();
    const s2kparams = new Uint8Array(4);
    new DataView(s2kparams.buffer).setUint32(0, iterations);
    await refused('SEC_E_INVALID_TOKEN', /iterations/, { instead: () => krbError(25, { eData: methods([entry(18, 'salt', s2kparams)]) }) });
    assert.ok(performance.now() - started < 3_000);
  });
}

test('s2kparams of three bytes', async () => {
  await refused('SEC_E_INVALID_TOKEN', /s2kparams/, { instead: () => krbError(25, { eData: methods([entry(18, 'salt', new Uint8Array(3))]) }) });
});

test('etypes that the client has not, or may not use', async () => {
  for (const etype of [23, 3, 99]) await refused('SEC_E_KDC_UNKNOWN_ETYPE', /can use/, { instead: () => krbError(25, { eData: methods([entry(etype, 'salt')]) }) });
});

test('a KDC that takes no timestamp (FAST or a smart card alone) is not sent one, which would read as a wrong password', async () => {
  const PA_FX_FAST = 136;
  const info = encode(Object.assign(new EtypeInfo2(), [entry(18, 'salt')]));
  const eData = encode(Object.assign(new MethodData(), [padata(PA.ETYPE_INFO2, info), padata(PA_FX_FAST, new Uint8Array(0)), padata(16, new Uint8Array(0))]));
  const { kdc, error } = await refused('SEC_E_UNSUPPORTED_PREAUTH', /KDC_ERR_PREAUTH_REQUIRED/, { instead: () => krbError(25, { eData }) });
  assert.equal([kdc.asked.length, /no pre-authentication with a password/.test(error.remedy!)], [1, true]);
});

test('a key of one type alone: others for the session key are asked for behind it, once the KDC wants them', async () => {
  const asked: number[][] = [];
  const spy = (answer: () => Uint8Array | undefined): Lies => ({ instead: (_n, _realm, message) => { asked.push(decode(AsReq, message).reqBody.etype); return answer(); } });
  await logOn(spy(() => undefined), { keys: { ...keys, etypes: [17] } });
  assert.equal(asked.splice(0), [[17], [17]]);
  const { result } = await logOn(spy(() => (asked.length === 1 ? krbError(14) : undefined)), { keys: { ...keys, etypes: [17] } });
  assert.equal(asked.splice(0), [[17], [17, 18, 20, 19], [17, 18, 20, 19]]);
  assert.ok([17, 18].includes(result.ticket!.etype));
  await refused('SEC_E_KDC_UNKNOWN_ETYPE', /none of the encryption types/, spy(() => krbError(14)), { keys: { ...keys, etypes: [17] } });
  assert.is(asked.length, 2);
  await refused('SEC_E_NO_KERB_KEY', /has keys of aes128-cts-hmac-sha256-128, and aes256-cts-hmac-sha1-96 are allowed/, {}, { keys: { ...keys, etypes: [19] }, etypes: [18] });
});

test('KDC_ERR_WRONG_REALM without end is bounded', async () => {
  const { kdc, error } = await refused('SEC_E_NO_AUTHENTICATING_AUTHORITY', /WRONG_REALM/, { instead: (_, asked) => krbError(68, { crealm: asked === 'A.TEST' ? 'B.TEST' : 'A.TEST' }) });
  assert.is(error.kerberos?.errorCode, 68);
  assert.is(kdc.asked.length, 6);
});

test('KDC_ERR_WRONG_REALM that names no realm, or the same one', async () => {
  await refused('SEC_E_NO_AUTHENTICATING_AUTHORITY', /WRONG_REALM/, { instead: () => krbError(68) });
  await refused('SEC_E_NO_AUTHENTICATING_AUTHORITY', /WRONG_REALM/, { instead: () => krbError(68, { crealm: 'TEST.REALM' }) });
});

test('a locked account is told from KERB-EXT-ERROR (MS-KILE 2.2.1)', async () => {
  const dataValue = new Uint8Array(12);
  new DataView(dataValue.buffer).setUint32(0, 0xc0000234, true);
  const eData = encode(Object.assign(new KerbErrorData(), { dataType: 3, dataValue }));
  const { error } = await refused('SEC_E_LOGON_DENIED', /STATUS_ACCOUNT_LOCKED_OUT/, { instead: () => krbError(18, { eData }) });
  assert.match(error.remedy!, /unlocked/);
  assert.is(error.kerberos?.name, 'KDC_ERR_CLIENT_REVOKED');
});

test('odd e-data hides no error', async () => {
  for (const eData of [new Uint8Array(0), new Uint8Array(3), rng(2).bytes(30), encode(Object.assign(new KerbErrorData(), { dataType: 3, dataValue: new Uint8Array(3) }))]) {
    await refused('SEC_E_LOGON_DENIED', /CLIENT_REVOKED/, { instead: () => krbError(18, { eData }) });
  }
});

test('codes that nobody knows, and texts that would forge a log', async () => {
  for (const code of [12345, -1, 0]) await refused('SEC_E_INTERNAL_ERROR', /./, { instead: () => krbError(code) });
  const { error } = await refused('SEC_E_LOGON_DENIED', /\?\?fake line/, { instead: () => krbError(6, { eText: '\r\nfake line' }) });
  assert.not.match(error.message, /[\r\n]/);
});

test("a transport's failure leaves no key behind", async () => {
  const { result } = await logOn({ instead: (n) => { if (n === 1) throw new TypeError('no route'); return undefined; } });
  assert.instance((result.error as Error).cause, TypeError, 'an unreachable KDC, with the transport\'s own error behind it');
  assert.ok(made.length > 0 && made.every((key) => key.bytes.every((byte) => byte === 0)));
});

function padata(padataType: number, padataValue: Uint8Array): PaData {
  return Object.assign(new PaData(), { padataType, padataValue });
}

function entry(etype: number, salt: string, s2kparams?: Uint8Array): EtypeInfo2Entry {
  return Object.assign(new EtypeInfo2Entry(), { etype, salt, ...(s2kparams !== undefined && { s2kparams }) });
}

function methods(entries: EtypeInfo2Entry[]): Uint8Array {
  const info = new EtypeInfo2();
  info.push(...entries);
  const list = new MethodData();
  list.push(padata(PA.ETYPE_INFO2, encode(info)), padata(PA.ENC_TIMESTAMP, new Uint8Array(0)));
  return encode(list);
}

test.run();
