import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT } from '../../../backends/contract/flags.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import { KEY_USAGE } from '../../../backends/wasm/kerberos/codes/key-usage.ts';
import { kerberosEstablished, importKerberosContext, type KerberosFacts } from '../../../backends/wasm/kerberos/established.ts';
import { createKerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { asExchange } from '../../../backends/wasm/kerberos/exchange/as.ts';
import { readKrbCred, writeKrbCred } from '../../../backends/wasm/kerberos/exchange/krb-cred.ts';
import { runExchange } from '../../../backends/wasm/kerberos/exchange/question.ts';
import { tgsExchange } from '../../../backends/wasm/kerberos/exchange/tgs.ts';
import { GSS_FLAG, readAuthenticatorChecksum, writeAuthenticatorChecksum } from '../../../backends/wasm/kerberos/gss/authenticator-checksum.ts';
import { frame, TOK_AP_REP, TOK_ERROR } from '../../../backends/wasm/kerberos/gss/framing.ts';
import { createKerberosCredential } from '../../../backends/wasm/kerberos/index.ts';
import { createNetworkTransport } from '../../../backends/wasm/kerberos/kdc/transport.ts';
import { wrapKdcProxyMessage } from '../../../backends/wasm/kerberos/kdc/kdc-proxy.ts';
import { ApRep } from '../../../backends/wasm/kerberos/messages/ap-rep.ts';
import { ApReq } from '../../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode, encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../../backends/wasm/kerberos/messages/authenticator.ts';
import { EncTicketPart } from '../../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { AsRep, TgsRep } from '../../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { TgsReq } from '../../../backends/wasm/kerberos/messages/kdc-req.ts';
import { KrbCred } from '../../../backends/wasm/kerberos/messages/krb-cred.ts';
import { AuthorizationData } from '../../../backends/wasm/kerberos/messages/sequences.ts';
import { readLogonInfo } from '../../../backends/wasm/kerberos/pac/logon-info.ts';
import { PAC_TYPE, readPac, verifyPac } from '../../../backends/wasm/kerberos/pac/pac.ts';
import { readCcache, writeCcache, type CachedCredential } from '../../../backends/wasm/kerberos/store/ccache.ts';
import { readKeytab } from '../../../backends/wasm/kerberos/store/keytab.ts';
import { readKrb5Conf } from '../../../backends/wasm/kerberos/store/krb5-conf.ts';
import { parsePrincipal } from '../../../backends/wasm/kerberos/store/principal.ts';
import { answerKdc, type KdcOptions } from '../../../src/testing/kdc.ts';
import { mutate, rng, type Rng } from '../../fuzz.ts';
import { alice, database, keytab, makeAcceptor, makeApReq, MUTUAL, random, serviceKey, SPN } from './ap-req-maker.ts';
import { krbError, ticketFor } from './hostile-kdc.ts';

const test = suite('Kerberos under mutation');

/** Runs `count` cases; each succeeds or throws an SspiError. Both have to occur, so that the cases reach inside. */
async function fuzz(seed: number, count: number, run: (source: Rng, n: number) => unknown, { least = 1 } = {}): Promise<void> {
  const source = rng(seed);
  let succeeded = 0;
  let refused = 0;
  for (let n = 0; n < count; n++) {
    try {
      const result = run(source, n);
      if (result instanceof Promise) await result;
      succeeded++;
    } catch (error) {
      if (!(error instanceof SspiError)) assert.unreachable(`seed ${seed}, case ${n}: ${error instanceof Error ? error.stack : String(error)}`);
      refused++;
    }
  }
  assert.ok(succeeded >= least && refused > 0, `${succeeded} went through, ${refused} were refused`);
}

const kdc: KdcOptions = { database, now: () => new Date(), random, ticketLifetime: 36_000, renewLifetime: 604_800, skew: 300, minimumPasswordLength: 1 };
const client = alice.principal;
const aliceKey = database.key(alice, 18)!.bytes.slice();
const keys = { etypes: [18], keyFor: (etype: number) => (etype === 18 ? createKerberosKey(18, aliceKey) : null) };
const honest = { send: async (_realm: string, message: Uint8Array) => answerKdc(message, kdc) };
const options = () => ({ client, keys, etypes: [18], clock: { now: () => new Date(), offset: 0 }, random });

test('KDC replies, from outside and under the seal', async () => {
  await fuzz(4120, 2_000, (source, n) => {
    const send = async (_realm: string, message: Uint8Array) => {
      const reply = answerKdc(message, kdc);
      if (reply[0] !== 0x6b) return n % 4 === 0 ? mutate(reply, source) : reply;
      if (n % 2 === 0) return mutate(reply, source);
      const answer = decode(AsRep, reply);
      const key = createKerberosKey(18, aliceKey);
      answer.encPart.cipher = key.encrypt(KEY_USAGE.AS_REP_ENC_PART, mutate(key.decrypt(KEY_USAGE.AS_REP_ENC_PART, answer.encPart.cipher), source));
      return encode(answer);
    };
    return runExchange(asExchange(options()), { send });
  });
});

test('TGS replies, from outside and under the seal', async () => {
  const tgt = await runExchange(asExchange(options()), honest);
  const server = { nameType: 2, realm: '', components: SPN.split('/') };
  const createKey = (etype: number, bytes: Uint8Array) => createKerberosKey(etype, bytes);
  await fuzz(4120, 500, async (source, n) => {
    const send = async (_realm: string, message: Uint8Array) => {
      const reply = answerKdc(message, kdc);
      if (n % 2 === 0) return mutate(reply, source);
      const sent = decode(ApReq, decode(TgsReq, message).padata![0]!.padataValue);
      const { subkey } = decode(Authenticator, createKey(tgt.etype, tgt.key).decrypt(KEY_USAGE.TGS_REQ_AUTH, sent.authenticator.cipher));
      const key = createKey(subkey!.keytype, subkey!.keyvalue);
      const answer = decode(TgsRep, reply);
      answer.encPart.cipher = key.encrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, mutate(key.decrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, answer.encPart.cipher), source));
      return encode(answer);
    };
    const ticket = await runExchange(tgsExchange({ tgt, server, etypes: [18], createKey, clock: { now: () => new Date(), offset: 0 }, random }), { send });
    assert.is(ticket.client.components.join('/'), 'alice');
  });
});

test('errors of a KDC, with e-data', async () => {
  const preauth = answerKdc(await firstMessage(), kdc);
  await fuzz(75, 2_000, (source) => {
    let asked = 0;
    return runExchange(asExchange(options()), { send: async (_realm, message) => (asked++ === 0 ? mutate(preauth, source) : answerKdc(message, kdc)) });
  });
});

test('what reaches the KDC of a test realm is answered, whatever it is', async () => {
  const tgt = await runExchange(asExchange(options()), honest);
  const messages = [await firstMessage(), await firstMessage(true)];
  assert.ok(tgt);
  const source = rng(88);
  for (let n = 0; n < 2_000; n++) {
    const reply = answerKdc(n % 10 === 0 ? source.bytes(source.below(300)) : mutate(source.pick(messages), source), kdc);
    assert.ok([0x6b, 0x6d, 0x7e].includes(reply[0]!));
  }
});

test('AP-REQs from outside', async () => {
  const { token } = makeApReq({});
  const acceptor = makeAcceptor();
  await fuzz(4121, 5_000, (source) => acceptor.step(mutate(token, source)));
});

test('AP-REQs whose ticket and authenticator were sealed by who knows the keys', async () => {
  const acceptor = makeAcceptor();
  const made = makeApReq({});
  const service = serviceKey();
  const ticketPlain = service.decrypt(KEY_USAGE.KDC_REP_TICKET, made.ticket.encPart.cipher);
  const authenticatorPlain = made.session.decrypt(KEY_USAGE.AP_REQ_AUTH, made.message.authenticator.cipher);
  await fuzz(34, 3_000, (source, n) => {
    const message = decode(ApReq, encode(made.message));
    if (n % 2 === 0) {
      made.ticket.encPart.cipher = service.encrypt(KEY_USAGE.KDC_REP_TICKET, mutate(ticketPlain, source));
      message.ticket = encode(made.ticket);
    } else {
      message.authenticator.cipher = made.session.encrypt(KEY_USAGE.AP_REQ_AUTH, mutate(authenticatorPlain, source));
    }
    return acceptor.step(encode(message));
  });
});

test('delegated tickets that were sealed by who knows the key', async () => {
  const ticket = await serviceTicket();
  const session = random(32);
  const cred = decode(KrbCred, writeKrbCred([ticket, ticket], createKerberosKey(18, session)));
  const plain = createKerberosKey(18, session).decrypt(KEY_USAGE.KRB_CRED_ENC_PART, cred.encPart.cipher);
  const flags = MUTUAL | GSS_FLAG.DELEG;
  await fuzz(22, 500, (source, n) => {
    cred.encPart.cipher = createKerberosKey(18, session).encrypt(KEY_USAGE.KRB_CRED_ENC_PART, mutate(plain, source));
    const delegation = n % 3 === 0 ? mutate(encode(cred), source) : encode(cred);
    const checksum = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags, delegation });
    const { token } = makeApReq({ flags, checksum, part: (part) => void (part.key.keyvalue = session) });
    return makeAcceptor().step(token);
  });
});

test('answers to an initiator: AP-REP from outside and under the seal, KRB-ERROR', async () => {
  const ticket = await serviceTicket();
  const credential = createKerberosCredential({ authData: { ccache: writeCcache({ principal: client, kdcOffset: 0, config: [], credentials: [ticket] }) }, kerberos: { krb5Conf: '' }, host: resolveHost() });
  const first = await credential.initiator({ targetName: SPN, flags: ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT, channelBindings: null, insideNegotiate: false }).step(null);
  const reply = (await makeAcceptor().step(first.token!)).token!;
  const session = createKerberosKey(ticket.etype, ticket.key);
  const inner = reply.subarray(reply.indexOf(0x6f, 12));
  const rep = decode(ApRep, inner);
  const plain = session.decrypt(KEY_USAGE.AP_REP_ENC_PART, rep.encPart.cipher);
  const error = krbError(41, { eText: 'no' });
  await fuzz(27, 5_000, (source, n) => {
    if (n % 4 === 0) return first.next!.step(mutate(frame(TOK_ERROR, error), source));
    if (n % 4 === 1) return first.next!.step(mutate(reply, source));
    rep.encPart.cipher = session.encrypt(KEY_USAGE.AP_REP_ENC_PART, mutate(plain, source));
    return first.next!.step(frame(TOK_AP_REP, encode(rep)));
  });
});

test('PACs', async () => {
  const { ticket } = makeApReq({});
  const part = decode(EncTicketPart, serviceKey().decrypt(KEY_USAGE.KDC_REP_TICKET, ticket.encPart.cipher));
  const pac = decode(AuthorizationData, part.authorizationData![0]!.adData)[0]!.adData;
  const logon = readPac(pac).find(({ type }) => type === PAC_TYPE.LOGON_INFO)!.data;
  const key = serviceKey();
  await fuzz(255, 4_000, (source) => verifyPac(mutate(pac, source), key, { clientName: 'alice', authtime: part.authtime }), { least: 0 });
  await fuzz(256, 12_000, (source) => readPac(mutate(pac, source)));
  await fuzz(257, 12_000, (source) => readLogonInfo(mutate(logon, source)));
});

test('caches, keytabs, KRB-CREDs, krb5.conf', async () => {
  const ticket = await serviceTicket();
  const ccache = writeCcache({ principal: client, kdcOffset: 5, config: [{ key: 'pa_type', principal: null, value: new Uint8Array([50]) }], credentials: [ticket, ticket] });
  const cred = writeKrbCred([ticket], null);
  const file = keytab();
  const conf = new TextEncoder().encode('[libdefaults]\n default_realm = A.TEST\n clockskew = 5m\n[realms]\n A.TEST = {\n  kdc = dc1.a.test:88\n }\n[domain_realm]\n .a.test = A.TEST\n[capaths]\n A.TEST = {\n  B.TEST = .\n }\n');
  await fuzz(54, 6_000, (source) => readCcache(mutate(ccache, source)));
  await fuzz(52, 6_000, (source) => readKeytab(mutate(file, source)));
  await fuzz(76, 3_000, (source) => readKrbCred(mutate(cred, source), null));
  await fuzz(5, 4_000, (source) => readKrb5Conf(new TextDecoder().decode(mutate(conf, source))));
});

test('a cache of any sort, used', async () => {
  const ticket = await serviceTicket();
  const ccache = writeCcache({ principal: client, kdcOffset: 0, config: [], credentials: [ticket] });
  await fuzz(504, 1_500, async (source) => {
    const credential = createKerberosCredential({ authData: { ccache: mutate(ccache, source) }, kerberos: { krb5Conf: '', transport: honest }, host: resolveHost() });
    await credential.initiator({ targetName: SPN, flags: ISC_REQ_MUTUAL_AUTH, channelBindings: null, insideNegotiate: false }).step(null);
  });
});

test('the checksum 0x8003', async () => {
  const checksum = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags: GSS_FLAG.DELEG, delegation: new Uint8Array(9) });
  await fuzz(0x8003, 10_000, (source) => readAuthenticatorChecksum(mutate(checksum, source)));
});

for (const etype of [18, 20, 23]) {
  test(`messages and packed contexts of etype ${etype}`, async () => {
    const key = random(etype === 23 ? 16 : 32);
    const facts = (acceptor: boolean, mode: number): KerberosFacts => ({
      acceptor, attributes: 0, expiry: null, client: 'alice@TEST.REALM', target: null, etype, key: key.slice(), acceptorSubkey: false, sessionKey: key.slice(), sendNumber: 5n, receiveNumber: 5n,
      replay: (mode & 1) !== 0, sequence: (mode & 2) !== 0, dceStyle: mode === 7, channelBindingsVerified: false, clientSpecifiedTarget: null,
    });
    const extras = { createKey: (type: number, bytes: Uint8Array) => createKerberosKey(type, bytes), random };
    const sender = kerberosEstablished(facts(false, 0), extras);
    const message = new TextEncoder().encode('a message of some length');
    const tokens = [sender.wrap(message, true), sender.wrap(message, false), sender.makeSignature([message], 0)];
    await fuzz(etype, 4_000, (source, n) => {
      const receiver = kerberosEstablished(facts(true, n & 7), extras);
      const token = mutate(tokens[n % 3]!, source);
      if (n % 3 === 2) receiver.verifySignature([message], token);
      else if (n % 2 === 0) assert.equal(receiver.unwrap(token).message, message);
      else {
        const parts = [{ data: token.subarray(receiver.streamHeaderLength(token)), encrypt: true }];
        receiver.decrypt(parts, token.subarray(0, receiver.streamHeaderLength(token)));
        assert.equal(parts[0]!.data.subarray(0, message.length), message); // RC4's pad stays in DCE style, which has none
      }
    }, { least: 0 });
    const mixed = () => [{ data: new Uint8Array(9).fill(1), encrypt: false }, { data: message.slice(), encrypt: true }];
    const sealed = mixed();
    const padding = new Uint8Array(sender.padding ?? 0);
    const token = kerberosEstablished(facts(false, 0), extras).encrypt(sealed, 0, padding);
    await fuzz(etype + 50, 600, (source, n) => {
      const received = sealed.map(({ data, encrypt }) => ({ data: data.slice(), encrypt }));
      const front = n % 2 === 0 ? mutate(token, source) : token;
      if (n % 2 === 1) received[source.below(2)]!.data[source.below(9)]! ^= 1 << source.below(8);
      const before = received.map(({ data }) => data.slice());
      try {
        kerberosEstablished(facts(true, n & 3), extras).decrypt(received, front, padding.slice());
      } catch (error) {
        assert.equal(received.map(({ data }) => data), before, 'nothing unverified is released');
        throw error;
      }
      assert.equal(received.map(({ data }) => data), mixed().map(({ data }) => data));
    }, { least: 0 });
    const packed = kerberosEstablished(facts(true, 0), extras).export();
    await fuzz(etype + 100, 2_000, (source) => {
      const imported = importKerberosContext(mutate(packed, source), { random });
      imported.wrap(message, true);
      try {
        imported.unwrap(tokens[0]!);
      } finally {
        imported.export();
      }
    });
  });
}

test('answers of a KDC proxy', async () => {
  const framed = new Uint8Array([0, 0, 0, 5, 1, 2, 3, 4, 5]);
  const body = wrapKdcProxyMessage(framed, 'TEST.REALM');
  await fuzz(443, 3_000, async (source) => {
    const host = { ...resolveHost(), post: async () => mutate(body, source) };
    const transport = createNetworkTransport({ config: { realms: { 'TEST.REALM': { kdc: ['https://gw.test/KdcProxy'] } } }, krb5Conf: async () => null, host, isTooBig: () => false });
    await transport.send('TEST.REALM', new Uint8Array(3), {});
  });
});

test('elements that nest thirty thousand deep cost nothing and break nothing', async () => {
  const types: (new () => object)[] = [AsRep, TgsRep, ApReq];
  for (const tag of [0x30, 0xa0, 0x6b]) {
    for (const depth of [33, 1_000, 30_000]) {
      const nested = nest(tag, depth);
      const started = performance.now();
      for (const type of types) {
        try {
          decode(type, new Uint8Array([type === AsRep ? 0x6b : type === TgsRep ? 0x6d : 0x6e, 0x83, nested.length >> 16, (nested.length >> 8) & 0xff, nested.length & 0xff, ...nested]));
          assert.unreachable();
        } catch (error) {
          assert.instance(error, SspiError);
        }
      }
      assert.ok(performance.now() - started < 3_000, `${depth} deep took ${performance.now() - started} ms`);
      assert.throws(() => readKrbCred(nested, null), (error: unknown) => error instanceof SspiError);
    }
  }
  // Indefinite lengths are BER, not DER.
  assert.throws(() => decode(ApReq, new Uint8Array([0x6e, 0x80, 0x30, 0x80, 0, 0, 0, 0])), (error: unknown) => error instanceof SspiError);
});

function nest(tag: number, depth: number): Uint8Array {
  const headers: number[][] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    const header = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : length < 0x10000 ? [tag, 0x82, length >> 8, length & 0xff] : [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
    headers.push(header);
    length += header.length;
  }
  return Uint8Array.from(headers.reverse().flat());
}

/** The AS-REQ without pre-authentication, or with it. */
async function firstMessage(second = false): Promise<Uint8Array> {
  const messages: Uint8Array[] = [];
  await runExchange(asExchange(options()), { send: async (_realm, message) => (messages.push(message), answerKdc(message, kdc)) });
  return messages[second ? 1 : 0]!;
}

/** A ticket for the service and its key, as a cache would hold it. */
async function serviceTicket(): Promise<CachedCredential> {
  const made = makeApReq({});
  const now = Math.floor(Date.now() / 1000);
  return {
    client: parsePrincipal('alice@TEST.REALM'), server: { nameType: 2, realm: 'TEST.REALM', components: SPN.split('/') }, etype: made.session.etype, key: made.session.bytes.slice(),
    authtime: now - 60, starttime: now - 30, endtime: now + 3600, renewTill: 0, isSkey: false, flags: 0, addresses: [], authdata: [], ticket: encode(made.ticket), secondTicket: encode(ticketFor('TEST.REALM', ['x'])),
  };
}

test.run();
