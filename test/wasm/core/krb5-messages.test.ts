import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import {
  decodeApRep, decodeApRepPart, decodeApReq, decodeAuthenticator, decodeAuthorizationData, decodeTicketPart, encodeApRep, encodeApRepPart, encodeApReq, encodeAuthenticator,
} from '../../../backends/wasm/core/krb5-messages.ts';
import { ApRep } from '../../../backends/wasm/kerberos/messages/ap-rep.ts';
import { ApReq } from '../../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode, encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../../backends/wasm/kerberos/messages/authenticator.ts';
import { AuthorizationDataElement } from '../../../backends/wasm/kerberos/messages/authorization-data.ts';
import { Checksum } from '../../../backends/wasm/kerberos/messages/checksum.ts';
import { EncApRepPart } from '../../../backends/wasm/kerberos/messages/enc-ap-rep-part.ts';
import { EncTicketPart } from '../../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { EncryptedData } from '../../../backends/wasm/kerberos/messages/encrypted-data.ts';
import { EncryptionKey } from '../../../backends/wasm/kerberos/messages/encryption-key.ts';
import { HostAddress } from '../../../backends/wasm/kerberos/messages/host-address.ts';
import { PrincipalName } from '../../../backends/wasm/kerberos/messages/principal-name.ts';
import { AuthorizationData } from '../../../backends/wasm/kerberos/messages/sequences.ts';
import { Ticket } from '../../../backends/wasm/kerberos/messages/ticket.ts';
import { leavesNoTrace } from './support.ts';

/* The oracle are the declarations of the cold messages: beside MIT's samples and @peculiar/asn1-schema to the byte (test/wasm/kerberos/messages). */

const test = suite('Kerberos messages in core.wasm');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** mulberry32 */
function seeded(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
  return {
    below, pick,
    maybe: () => next() < 0.5,
    bytes: (length: number) => Uint8Array.from({ length }, () => below(256)),
    text: () => pick(['', 'AD.TEST', 'alice', 'Zoë', 'ユーザー', 'HTTP', 'web.ad.test', 'x'.repeat(below(300))]),
    int32: () => pick([0, 1, 18, 23, -1, -138, 127, 128, 255, 256, 32767, 32768, 0x7fffffff, -0x80000000, below(0x80000000)]),
    uint32: () => pick([0, 1, 127, 128, 255, 256, 999999, 0x7fffffff, 0x80000000, 0xffffffff, below(0x80000000)]),
    time: () => pick([0, 951782400, 1709164800, 4107542399, 4102444800, 253402300799, below(0x7fffffff), below(0x7fffffff)]),
  };
}
type Random = ReturnType<typeof seeded>;

function made<T extends object>(type: new () => T, fields: Partial<T>): T {
  return Object.assign(new type(), fields);
}
const principal = (r: Random) => made(PrincipalName, { nameType: r.int32(), nameString: Array.from({ length: r.below(5) }, () => r.text()) });
const key = (r: Random) => made(EncryptionKey, { keytype: r.int32(), keyvalue: r.bytes(r.pick([0, 16, 32])) });
const encrypted = (r: Random) => made(EncryptedData, { etype: r.int32(), cipher: r.bytes(r.pick([0, 20, 127, 128, 255, 256, 3000])), ...(r.maybe() && { kvno: r.uint32() }) });
const elements = (r: Random) => Array.from({ length: r.below(4) }, () => made(AuthorizationDataElement, { adType: r.int32(), adData: r.bytes(r.below(400)) }));
const ticket = (r: Random) => made(Ticket, { realm: r.text(), sname: principal(r), encPart: encrypted(r) });

const named = ({ nameType, nameString }: PrincipalName, realm: string) => ({ realm, nameType, names: [...nameString] });
const asEncrypted = ({ etype, kvno, cipher }: EncryptedData) => ({ etype, ...(kvno !== undefined && { kvno }), cipher: hex(cipher) });
const asKey = ({ keytype, keyvalue }: EncryptionKey) => ({ type: keytype, bytes: hex(keyvalue) });
const asData = (data: readonly AuthorizationDataElement[]) => data.map(({ adType, adData }) => ({ type: adType, bytes: hex(adData) }));

/** One line a production: a random one, the oracle's reading, ours. Octets as hex. */
interface Production { name: string; sample(r: Random): object; oracle(bytes: Uint8Array): unknown; ours(bytes: Uint8Array): unknown }
const PRODUCTIONS: readonly Production[] = [
  {
    name: 'AP-REQ',
    sample: (r) => made(ApReq, { apOptions: r.pick([0, 0x20000000, 0xffffffff]), ticket: encode(ticket(r)), authenticator: encrypted(r) }),
    oracle(bytes) {
      const { pvno, msgType, apOptions, ticket, authenticator } = decode(ApReq, bytes);
      const { tktVno, realm, sname, encPart } = decode(Ticket, ticket);
      if (pvno !== 5 || msgType !== 14 || tktVno !== 5) throw new Error('another version');
      return { apOptions, ticket: { ...named(sname, realm), encrypted: asEncrypted(encPart) }, encrypted: asEncrypted(authenticator) };
    },
    ours: decodeApReq,
  },
  {
    name: 'EncTicketPart',
    sample: (r) => made(EncTicketPart, {
      flags: r.pick([0, 0x40e10000, 0xffffffff]), key: key(r), crealm: r.text(), cname: principal(r), authtime: r.time(), endtime: r.time(),
      ...(r.maybe() && { starttime: r.time() }), ...(r.maybe() && { renewTill: r.time() }), ...(r.maybe() && { authorizationData: elements(r) }),
      ...(r.maybe() && { caddr: [made(HostAddress, { addrType: 2, address: r.bytes(4) })] }),
    }),
    oracle(bytes) {
      const { flags, key, crealm, cname, authtime, starttime, endtime, renewTill, authorizationData } = decode(EncTicketPart, bytes);
      return {
        ...named(cname, crealm), flags, key: asKey(key), authtime, endtime, ...(starttime !== undefined && { starttime }), ...(renewTill !== undefined && { renewTill }),
        ...(authorizationData !== undefined && { authorizationData: asData(authorizationData) }),
      };
    },
    ours: decodeTicketPart,
  },
  {
    name: 'Authenticator',
    sample: (r) => made(Authenticator, {
      crealm: r.text(), cname: principal(r), cusec: r.uint32(), ctime: r.time(), ...(r.maybe() && { subkey: key(r) }), ...(r.maybe() && { seqNumber: r.uint32() }),
      ...(r.maybe() && { cksum: made(Checksum, { cksumtype: r.int32(), checksum: r.bytes(r.below(40)) }) }), ...(r.maybe() && { authorizationData: elements(r) }),
    }),
    oracle(bytes) {
      const { authenticatorVno, crealm, cname, cksum, cusec, ctime, subkey, seqNumber, authorizationData } = decode(Authenticator, bytes);
      if (authenticatorVno !== 5) throw new Error('another version');
      return {
        ...named(cname, crealm), cusec, ctime, ...(cksum !== undefined && { checksum: { type: cksum.cksumtype, bytes: hex(cksum.checksum) } }),
        ...(subkey !== undefined && { subkey: asKey(subkey) }), ...(seqNumber !== undefined && { seqNumber }),
        ...(authorizationData !== undefined && { authorizationData: asData(authorizationData) }),
      };
    },
    ours: decodeAuthenticator,
  },
  {
    name: 'AP-REP',
    sample: (r) => made(ApRep, { encPart: encrypted(r) }),
    oracle(bytes) {
      const { pvno, msgType, encPart } = decode(ApRep, bytes);
      if (pvno !== 5 || msgType !== 15) throw new Error('another version');
      return asEncrypted(encPart);
    },
    ours: decodeApRep,
  },
  {
    name: 'EncAPRepPart',
    sample: (r) => made(EncApRepPart, { ctime: r.time(), cusec: r.uint32(), ...(r.maybe() && { subkey: key(r) }), ...(r.maybe() && { seqNumber: r.uint32() }) }),
    oracle(bytes) {
      const { ctime, cusec, subkey, seqNumber } = decode(EncApRepPart, bytes);
      return { ctime, cusec, ...(subkey !== undefined && { subkey: asKey(subkey) }), ...(seqNumber !== undefined && { seqNumber }) };
    },
    ours: decodeApRepPart,
  },
  {
    name: 'AuthorizationData',
    sample: (r) => Object.assign(new AuthorizationData(), elements(r)),
    oracle: (bytes) => asData([...decode(AuthorizationData, bytes)]),
    ours: decodeAuthorizationData,
  },
];

/** With octets as hex and keys in one order, so that both readings compare. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => one instanceof Uint8Array ? hex(one)
    : one !== null && typeof one === 'object' && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one);
}

/** What a reader makes of the bytes; null when it refuses them. Ours may only refuse with an SspiError that says where. */
function verdict(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array, ours: boolean): string | null {
  try {
    return plain(read(bytes));
  } catch (error) {
    if (ours && !(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN')) throw error;
    return null;
  }
}

for (const { name, sample, oracle, ours } of PRODUCTIONS) {
  test(`${name}: random ones are read as the oracle reads them`, () => {
    const r = seeded(name.length);
    for (let i = 0; i < 150; i++) {
      const bytes = encode(sample(r));
      assert.is(leavesNoTrace(() => plain(ours(bytes))), plain(oracle(bytes)));
      assert.is(leavesNoTrace(() => verdict(ours, bytes.subarray(1), true)), null);
    }
  });

  test(`${name}: every truncation is refused`, () => {
    const r = seeded(7);
    for (let i = 0; i < 3; i++) {
      const bytes = encode(sample(r));
      for (let length = bytes.length > 2000 ? bytes.length - 200 : 0; length < bytes.length; length++) {
        assert.is(verdict(ours, bytes.subarray(0, length), true), null, `${length} of ${bytes.length} bytes`);
      }
    }
  });

  test(`${name}: what is accepted of the altered is what the oracle reads`, () => {
    const r = seeded(99);
    let accepted = 0;
    let refused = 0;
    for (let i = 0; i < 1500; i++) {
      const bytes = encode(sample(r));
      for (let changes = 1 + r.below(2); changes > 0 && bytes.length > 0; changes--) bytes[r.below(Math.min(bytes.length, 200))] = r.below(256);
      const own = verdict(ours, bytes, true);
      if (own === null) {
        refused++;
        continue;
      }
      accepted++;
      assert.is(own, verdict(oracle, bytes, false), hex(bytes));
    }
    assert.ok(accepted > 20 && refused > 100, `${accepted} accepted, ${refused} refused`);
  });
}

test('what we write is what the oracle writes', () => {
  const r = seeded(5);
  for (let i = 0; i < 300; i++) {
    const [cname, subkey, sealed, rest] = [principal(r), key(r), encrypted(r), ticket(r)];
    delete sealed.kvno;
    const cksum = made(Checksum, { cksumtype: r.int32(), checksum: r.bytes(r.below(40)) });
    const common = { cusec: r.uint32(), ctime: r.time(), seqNumber: r.uint32() };
    const subkeyHere = { type: subkey.keytype, bytes: subkey.keyvalue };
    const crealm = r.text();
    assert.is(
      hex(encodeAuthenticator({ realm: crealm, nameType: cname.nameType, names: cname.nameString, checksum: { type: cksum.cksumtype, bytes: cksum.checksum }, subkey: subkeyHere, ...common })),
      hex(encode(made(Authenticator, { crealm, cname, cksum, subkey, ...common }))),
    );
    const apOptions = r.pick([0, 0x20000000, 0xffffffff]);
    assert.is(hex(encodeApReq(apOptions, encode(rest), sealed)), hex(encode(made(ApReq, { apOptions, ticket: encode(rest), authenticator: sealed }))));
    assert.is(hex(leavesNoTrace(() => encodeApRep(sealed))), hex(encode(made(ApRep, { encPart: sealed }))));
    const [withSubkey, withNumber] = [r.maybe(), r.maybe()];
    const { ctime, cusec, seqNumber } = common;
    assert.is(
      hex(encodeApRepPart({ ctime, cusec, ...(withSubkey && { subkey: subkeyHere }), ...(withNumber && { seqNumber }) })),
      hex(encode(made(EncApRepPart, { ctime, cusec, ...(withSubkey && { subkey }), ...(withNumber && { seqNumber }) }))),
    );
  }
});

test("MIT's samples are read", () => {
  const samples = readFileSync(new URL('../../vectors/kerberos/asn1-reference.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => line.split(/:(?= [0-9A-F])/) as [string, string]);
  const prefixes: [string, string][] = [
    ['encode_krb5_authenticator', 'Authenticator'], ['encode_krb5_enc_tkt_part', 'EncTicketPart'], ['encode_krb5_ap_req', 'AP-REQ'], ['encode_krb5_ap_rep_enc_part', 'EncAPRepPart'],
    ['encode_krb5_ap_rep', 'AP-REP'], ['encode_krb5_authorization_data', 'AuthorizationData'],
  ];
  let read = 0;
  for (const [name, text] of samples) {
    const kind = prefixes.find(([prefix]) => name === prefix || name.startsWith(`${prefix}(`))?.[1];
    if (kind === undefined) continue;
    const { ours, oracle } = PRODUCTIONS.find((one) => one.name === kind)!;
    const bytes = new Uint8Array(Buffer.from(text.replace(/ /g, ''), 'hex'));
    assert.is(plain(ours(bytes)), plain(oracle(bytes)), name);
    read++;
  }
  assert.ok(read >= 9, `${read} samples`);
});

test('times: every day of a leap century and its eve', () => {
  for (let day = 0; day < 47847; day += 7) {
    const ctime = day * 86400 + (day % 86400);
    const bytes = encodeApRepPart({ ctime, cusec: 1 });
    assert.is(decodeApRepPart(bytes).ctime, ctime);
    assert.ok(Buffer.from(bytes).includes(new Date(ctime * 1000).toISOString().replace(/[-:T]|\.000/g, '')));
  }
});

test('bounds: names, elements, size', () => {
  const many = made(Authenticator, { cname: made(PrincipalName, { nameString: Array.from({ length: 33 }, () => 'x') }) });
  assert.throws(() => decodeAuthenticator(encode(many)), /at most 32 names/);
  const data = Object.assign(new AuthorizationData(), Array.from({ length: 65 }, () => new AuthorizationDataElement()));
  assert.throws(() => decodeAuthorizationData(encode(data)), /at most 64 elements/);
  assert.throws(() => decodeApReq(new Uint8Array(0x10000)), (error: SspiError) => error.code === 'SEC_E_INVALID_TOKEN' && /at most 65535 bytes/.test(error.message));
  assert.throws(() => encodeApRep({ etype: 18, cipher: new Uint8Array(0x10000) }), (error: SspiError) => error.code === 'SEC_E_INTERNAL_ERROR');
});

test('zeros behind an encrypted part are padding, anything else is refused', () => {
  const bytes = encodeApRepPart({ ctime: 1, cusec: 2 });
  assert.is(decodeApRepPart(new Uint8Array([...bytes, 0, 0, 0])).cusec, 2);
  assert.throws(() => decodeApRepPart(new Uint8Array([...bytes, 0, 1])), (error: SspiError) => error.code === 'SEC_E_INVALID_TOKEN');
});

test('a name keeps a byte order mark: without it, it would be another name', () => {
  const authenticator = Object.assign(new Authenticator(), { crealm: '\ufeffAD.TEST', cname: Object.assign(new PrincipalName(), { nameType: 1, nameString: ['\ufeffadministrator'] }) });
  const { names, realm } = decodeAuthenticator(encode(authenticator));
  assert.equal([realm, ...names], ['\ufeffAD.TEST', '\ufeffadministrator']);
  const cold = decode(Authenticator, encode(authenticator));
  assert.equal([cold.crealm, ...cold.cname.nameString], ['\ufeffAD.TEST', '\ufeffadministrator']);
});

test.run();
