import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { ApRep } from '../../../../backends/wasm/kerberos/messages/ap-rep.ts';
import { ApReq } from '../../../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode, encode } from '../../../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../../../backends/wasm/kerberos/messages/authenticator.ts';
import { EncApRepPart } from '../../../../backends/wasm/kerberos/messages/enc-ap-rep-part.ts';
import { EncAsRepPart, EncTgsRepPart } from '../../../../backends/wasm/kerberos/messages/enc-kdc-rep-part.ts';
import { EncKrbCredPart } from '../../../../backends/wasm/kerberos/messages/enc-krb-cred-part.ts';
import { EncKrbPrivPart } from '../../../../backends/wasm/kerberos/messages/enc-krb-priv-part.ts';
import { EncTicketPart } from '../../../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { EncryptedData } from '../../../../backends/wasm/kerberos/messages/encrypted-data.ts';
import { EncryptionKey } from '../../../../backends/wasm/kerberos/messages/encryption-key.ts';
import { KdcReqBody } from '../../../../backends/wasm/kerberos/messages/kdc-req-body.ts';
import { AsRep, TgsRep } from '../../../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { AsReq, TgsReq } from '../../../../backends/wasm/kerberos/messages/kdc-req.ts';
import { KrbCred } from '../../../../backends/wasm/kerberos/messages/krb-cred.ts';
import { KrbError } from '../../../../backends/wasm/kerberos/messages/krb-error.ts';
import { KrbPriv } from '../../../../backends/wasm/kerberos/messages/krb-priv.ts';
import { PaEncTsEnc } from '../../../../backends/wasm/kerberos/messages/pa-enc-ts-enc.ts';
import { AuthorizationData, EtypeInfo, EtypeInfo2, MethodData } from '../../../../backends/wasm/kerberos/messages/sequences.ts';
import { Ticket } from '../../../../backends/wasm/kerberos/messages/ticket.ts';

const test = suite('Kerberos messages');

/** MIT krb5's reference_encode.out: its own encodings of one sample of each message. */
const REFERENCE = new Map(
  readFileSync(new URL('../../../vectors/kerberos/asn1-reference.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => {
    const [name, hex] = line.split(/:(?= [0-9A-F])/) as [string, string];
    return [name, hex.replace(/ /g, '').toLowerCase()];
  }),
);
const captures = JSON.parse(readFileSync(new URL('../../../vectors/captures.json', import.meta.url), 'utf8'));
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

/** The capture's messages stand there without their [APPLICATION n] header. */
function withTag(tag: number, inner: Uint8Array): Uint8Array {
  return new Uint8Array([0x60 | tag, 0x83, inner.length >> 16, inner.length >> 8, inner.length, ...inner]);
}

const PRODUCTIONS: [prefix: string, type: new () => object][] = [
  ['encode_krb5_authenticator', Authenticator], ['encode_krb5_ticket', Ticket], ['encode_krb5_keyblock', EncryptionKey],
  ['encode_krb5_enc_tkt_part', EncTicketPart], ['encode_krb5_enc_kdc_rep_part', EncTgsRepPart], ['encode_krb5_as_rep', AsRep], ['encode_krb5_tgs_rep', TgsRep],
  ['encode_krb5_ap_req', ApReq], ['encode_krb5_ap_rep_enc_part', EncApRepPart], ['encode_krb5_ap_rep', ApRep], ['encode_krb5_as_req', AsReq], ['encode_krb5_tgs_req', TgsReq],
  ['encode_krb5_kdc_req_body', KdcReqBody], ['encode_krb5_enc_priv_part', EncKrbPrivPart], ['encode_krb5_priv', KrbPriv], ['encode_krb5_enc_cred_part', EncKrbCredPart],
  ['encode_krb5_cred', KrbCred], ['encode_krb5_error', KrbError], ['encode_krb5_authorization_data', AuthorizationData], ['encode_krb5_padata_sequence', MethodData],
  ['encode_krb5_etype_info2', EtypeInfo2], ['encode_krb5_etype_info', EtypeInfo], ['encode_krb5_pa_enc_ts', PaEncTsEnc], ['encode_krb5_enc_data', EncryptedData],
];

let covered = 0;
for (const [name, reference] of REFERENCE) {
  const type = PRODUCTIONS.find(([prefix]) => name === prefix || name.startsWith(`${prefix}(`) || name.startsWith(`${prefix} (`))?.[1];
  if (type === undefined) continue;
  covered++;
  test(`${name} is read and written to the byte`, () => {
    assert.is(hex(encode(decode(type, bytes(reference)))), reference);
  });
}

test('the reference covers every production here', () => {
  assert.is(covered, 47);
});

test('the values of MIT\'s sample authenticator', () => {
  const message = decode(Authenticator, bytes(REFERENCE.get('encode_krb5_authenticator')!));
  assert.is(message.crealm, 'ATHENA.MIT.EDU');
  assert.equal(message.cname.nameString, ['hftsai', 'extra']);
  assert.is(message.cusec, 123456);
  assert.is(new Date(message.ctime * 1000).toISOString(), '1994-06-10T06:03:17.000Z');
  assert.is(message.seqNumber, 17);
  assert.is(hex(message.subkey!.keyvalue), hex(new TextEncoder().encode('12345678')));
  assert.equal(message.authorizationData!.map(({ adType }) => adType), [1, 1]);
});

test('flags, a kvno above 2^31 and one that was encoded as -1', () => {
  assert.is(decode(EncTicketPart, bytes(REFERENCE.get('encode_krb5_enc_tkt_part')!)).flags, 0xfedcba98);
  assert.is(decode(EncryptedData, bytes(REFERENCE.get('encode_krb5_enc_data(MSB-set kvno)')!)).kvno, 0xff000000);
  assert.is(decode(EncryptedData, bytes(REFERENCE.get('encode_krb5_enc_data(kvno=-1)')!)).kvno, 0xffffffff);
});

test("an exchange with Windows's KDC is read and written to the byte", () => {
  const { messages, encAsRepPart, authenticatorPlain, encTgsRepPart, paEncTs } = captures.kerberos[0];
  const cases: [capture: string, type: new () => object, tag?: number][] = [
    [messages.KRB_ERROR, KrbError, 30], [messages.AS_REQ, AsReq, 10], [messages.AS_REP, AsRep, 11], [messages.TGS_REQ, TgsReq, 12], [messages.TGS_REP, TgsRep, 13],
    [encAsRepPart, EncAsRepPart], [authenticatorPlain, Authenticator], [encTgsRepPart, EncTgsRepPart], [paEncTs, PaEncTsEnc],
  ];
  for (const [capture, type, tag] of cases) {
    const again = hex(encode(decode(type, tag === undefined ? bytes(capture) : withTag(tag, bytes(capture)))));
    // A decrypted part may end in padding.
    assert.ok(tag === undefined ? capture.toLowerCase().startsWith(again) : again.endsWith(capture.toLowerCase()), `${type.name}: ${again}`);
  }
});

test('an AS-REP whose encrypted part has the tag of a TGS-REP is read', () => {
  assert.is(decode(EncAsRepPart, bytes(REFERENCE.get('encode_krb5_enc_kdc_rep_part')!)).srealm, 'ATHENA.MIT.EDU');
});

test('every truncation and every other message is SEC_E_INVALID_TOKEN', () => {
  const whole = bytes(REFERENCE.get('encode_krb5_as_rep')!);
  for (let length = 0; length < whole.length; length++) {
    try {
      decode(AsRep, whole.subarray(0, length));
      assert.unreachable(`${length} bytes`);
    } catch (error) {
      assert.instance(error, SspiError);
      assert.is((error as SspiError).code, 'SEC_E_INVALID_TOKEN');
    }
  }
  assert.throws(() => decode(TgsRep, whole), /TgsRep: \[APPLICATION 13\] expected, a byte of 0x6b came/);
});

test('a list of any length is read', () => {
  const entry = bytes('3005a003020112');
  const list = Array.from({ length: 300_000 }, () => [...entry]).flat();
  const whole = Uint8Array.from([0x30, 0x83, list.length >> 16, (list.length >> 8) & 0xff, list.length & 0xff].concat(list));
  assert.is(decode(EtypeInfo, whole).length, 300_000);
});

test('a number that no 32 bits hold is refused on both ways', () => {
  assert.throws(() => decode(EncryptionKey, bytes('3010a00a02080102030405060708a1020400')), /SEC_E_INVALID_TOKEN/);
  const key = new EncryptionKey();
  key.keytype = 2 ** 33;
  assert.throws(() => encode(key), RangeError);
});

test.run();
