import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OctetString } from '@peculiar/asn1-schema';
import { SspiError } from '../../../backends/contract/errors.ts';
import {
  ACCEPT_INCOMPLETE, decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit, encodeNegTokenResp, looksLikeSpnego,
} from '../../../backends/wasm/core/spnego.ts';
import { describeOid, dottedOid, KRB5, KRB5_DRAFT, KRB5_USER_TO_USER, MS_KRB5, NEGOEX, NTLMSSP } from '../../../backends/wasm/spnego/oids.ts';
import { decodeChoice, element, encodeChoice, MechTypeList, NegHints, NegTokenInit, NegTokenInit2, NegTokenResp } from './asn1.ts';

const test = suite('SPNEGO tokens');

interface Captured {
  name: string;
  token: string;
  fields: {
    kind: string; mechs?: string[]; negState?: number | null; supportedMech?: string | null;
    token: string | null; mechListMic: string | null; hintName?: string | null;
  };
}
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));
const captures: { tokens: Captured[] } = read('spnego-captures.json');
const ntlmCaptures: { name: string; tokens?: string[]; mechTypesDER: string | null; mechListMICs: string[] }[] = read('captures.json').ntlm;

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array | ArrayBuffer | null | undefined) => (data ? Buffer.from(data as Uint8Array).toString('hex') : null);
const octets = (data: Uint8Array) => new OctetString(data.slice().buffer);

/** Encodes again what was decoded, by the hot encoder. */
function reencode(decoded: ReturnType<typeof decodeNegotiationToken>): Uint8Array {
  return decoded.kind === 'NegTokenInit'
    ? encodeNegTokenInit({ ...decoded, mechTypes: decoded.mechTypes! })
    : encodeNegTokenResp(decoded);
}

function refuses(token: Uint8Array | string, offset: number, message: RegExp): void {
  try {
    decodeNegotiationToken(typeof token === 'string' ? bytes(token) : token);
  } catch (error) {
    assert.instance(error, SspiError);
    assert.is((error as SspiError).code, 'SEC_E_INVALID_TOKEN');
    assert.match((error as SspiError).message, message);
    assert.is((error as SspiError).offset, offset);
    return;
  }
  assert.unreachable('the token must be refused');
}

for (const { name, token, fields } of captures.tokens) {
  test(`reads and writes again to the byte: ${name}`, () => {
    const decoded = decodeNegotiationToken(bytes(token));
    assert.is(decoded.kind, fields.kind);
    assert.is(hex(decoded.mechListMic), fields.mechListMic);
    if (decoded.kind === 'NegTokenInit') {
      assert.equal(decoded.mechs.map(hex), fields.mechs);
      assert.is(hex(decoded.mechToken), fields.token);
      assert.is(decoded.hintName, fields.hintName);
    } else {
      assert.is(decoded.negState, fields.negState);
      assert.is(hex(decoded.supportedMech), fields.supportedMech);
      assert.is(hex(decoded.responseToken), fields.token);
    }
    assert.is(hex(reencode(decoded)), token);
  });
}

for (const { name, tokens, mechTypesDER, mechListMICs } of ntlmCaptures.filter((capture) => capture.mechTypesDER)) {
  test(`reads and writes again to the byte: ${name}`, () => {
    const decoded = tokens!.map((token) => decodeNegotiationToken(bytes(token)));
    assert.equal(decoded.map((token) => hex(reencode(token))), tokens!.map((token) => token.toLowerCase()));
    assert.is(decoded[0]!.kind === 'NegTokenInit' && hex(decoded[0]!.mechTypes), mechTypesDER);
    assert.equal(decoded.map((token) => hex(token.mechListMic)).filter((mic) => mic !== null), mechListMICs.map((mic) => mic.toLowerCase()));
  });
}

test('NegTokenInit as the ASN.1 library writes and reads it', () => {
  for (const size of [0, 1, 100, 127, 128, 200, 255, 256, 5000, 65000]) {
    for (const mic of [null, new Uint8Array(16).fill(7)]) {
      const token = new Uint8Array(size).fill(0x5a);
      const reference = new NegTokenInit();
      reference.mechTypes = new MechTypeList([MS_KRB5, KRB5, NTLMSSP].map(dottedOid));
      if (size > 0) reference.mechToken = octets(token);
      if (mic) reference.mechListMIC = octets(mic);
      const mechTypes = encodeMechTypes([MS_KRB5, KRB5, NTLMSSP]);
      const ours = encodeNegTokenInit({ mechTypes, mechToken: token, mechListMic: mic });
      assert.is(hex(ours), hex(encodeChoice(reference)));

      const back = decodeNegotiationToken(ours);
      const oracle = decodeChoice(ours, NegTokenInit);
      if (back.kind !== 'NegTokenInit') return assert.unreachable();
      assert.equal(back.mechs.map(dottedOid), [...oracle.mechTypes!]);
      assert.is(hex(back.mechToken), hex(oracle.mechToken?.buffer));
      assert.is(hex(back.mechListMic), hex(oracle.mechListMIC?.buffer));
      assert.is(hex(back.mechTypes), hex(mechTypes));
    }
  }
});

test('NegTokenInit2 as the ASN.1 library writes and reads it', () => {
  for (const mic of [null, new Uint8Array(16).fill(7)]) {
    const reference = new NegTokenInit2();
    reference.mechTypes = new MechTypeList([KRB5, NTLMSSP].map(dottedOid));
    reference.negHints = new NegHints();
    reference.negHints.hintName = 'not_defined_in_RFC4178@please_ignore';
    if (mic) reference.mechListMIC = octets(mic);
    const ours = encodeNegTokenInit({ mechTypes: encodeMechTypes([KRB5, NTLMSSP]), hintName: 'not_defined_in_RFC4178@please_ignore', mechListMic: mic });
    assert.is(hex(ours), hex(encodeChoice(reference)));
    const back = decodeNegotiationToken(ours);
    const oracle = decodeChoice(ours, NegTokenInit2);
    assert.is(back.kind === 'NegTokenInit' && back.hintName, oracle.negHints!.hintName);
    assert.is(hex(back.mechListMic), hex(oracle.mechListMIC?.buffer));
  }
});

test('NegTokenResp as the ASN.1 library writes and reads it, field by field', () => {
  for (let fields = 0; fields < 16; fields++) {
    for (const size of [1, 127, 128, 256, 3000]) {
      const token = new Uint8Array(size).fill(3);
      const reference = new NegTokenResp();
      if (fields & 1) reference.negState = ACCEPT_INCOMPLETE;
      if (fields & 2) reference.supportedMech = dottedOid(NTLMSSP);
      if (fields & 4) reference.responseToken = octets(token);
      if (fields & 8) reference.mechListMIC = octets(token);
      const ours = encodeNegTokenResp({
        negState: fields & 1 ? ACCEPT_INCOMPLETE : null, supportedMech: fields & 2 ? NTLMSSP : null,
        responseToken: fields & 4 ? token : null, mechListMic: fields & 8 ? token : null,
      });
      assert.is(hex(ours), hex(encodeChoice(reference)));
      const back = decodeNegotiationToken(ours);
      const oracle = decodeChoice(ours, NegTokenResp);
      if (back.kind !== 'NegTokenResp') return assert.unreachable();
      assert.is(back.negState ?? undefined, oracle.negState);
      assert.is(back.supportedMech ? dottedOid(back.supportedMech) : undefined, oracle.supportedMech);
      assert.is(hex(back.responseToken), hex(oracle.responseToken?.buffer));
      assert.is(hex(back.mechListMic), hex(oracle.mechListMIC?.buffer));
    }
  }
});

test('reqFlags are passed over, whatever they hold', () => {
  const reference = new NegTokenInit();
  reference.mechTypes = new MechTypeList([dottedOid(NTLMSSP)]);
  reference.reqFlags = bytes('e2').buffer;
  reference.mechToken = octets(bytes('aabb'));
  const decoded = decodeNegotiationToken(encodeChoice(reference));
  assert.is(decoded.kind === 'NegTokenInit' && hex(decoded.mechToken), 'aabb');
  decodeNegotiationToken(bytes('a0073005a103ffffff'));
});

test('framing that other implementations send is understood', () => {
  const resp = encodeNegTokenResp({ negState: 1, supportedMech: NTLMSSP, responseToken: bytes('0102') });
  const plain = decodeNegotiationToken(resp);
  // The GSS header around a NegTokenResp.
  assert.equal(decodeNegotiationToken(element(0x60, Buffer.concat([bytes('06062b0601050502'), resp]))), plain);
  // A NegTokenResp without its inner SEQUENCE.
  assert.equal(decodeNegotiationToken(element(0xa1, resp.slice(4))), plain);
  // A NegTokenInit without the GSS header.
  const init = decodeNegotiationToken(bytes('a0123010a00e300c060a2b06010401823702020a'));
  assert.is(init.kind, 'NegTokenInit');
  // Lengths longer than they need to be.
  assert.equal(decodeNegotiationToken(bytes('a1840000000a3083000005a0030a0100')), {
    ...plain, negState: 0, supportedMech: null, responseToken: null,
  });
  // Fields that a later version may add at the end.
  assert.is(decodeNegotiationToken(bytes('a1093007a0030a0101a700')).kind, 'NegTokenResp');
});

test('empty octet strings are absent ones', () => {
  const decoded = decodeNegotiationToken(bytes('a10f300da0030a0100a2020400a3020400'));
  assert.equal(decoded, { kind: 'NegTokenResp', negState: 0, supportedMech: null, responseToken: null, mechListMic: null });
});

test('what is malformed is refused at the byte where it breaks', () => {
  refuses('', 0, /NegTokenInit or NegTokenResp expected, the token ends/);
  refuses('4e544c4d53535000', 0, /NegTokenInit or NegTokenResp expected, 0x4e came/);
  refuses('a1', 1, /a length/);
  refuses('a180a0030a01000000', 1, /a length/); // indefinite
  refuses('a1850000000005', 1, /a length/); // five length octets
  refuses('a184ffffffff', 1, /a length/); // past the end, and past 2^31
  refuses('a1847fffffff', 1, /a length/);
  refuses('a10830', 1, /a length/);
  refuses('a1073005a0030a010000', 1, /a length/); // one byte too many
  refuses('a1073004a0030a0100', 3, /a length/); // the SEQUENCE leaves one over
  refuses('a1073005a0030a0104', 8, /negState/);
  refuses('a1083006a0040a020001', 8, /negState/);
  refuses('a1073005a003020100', 6, /negState/);
  refuses('a10c300aa0030a0100a0030a0100', 9, /in its order/);
  refuses('a10d300ba2040402aaaaa0030a0100', 10, /in its order/);
  refuses('a1063004a2022400', 6, /an OCTET STRING/); // constructed
  refuses('600806062b0601050502', 10, /NegTokenInit or NegTokenResp expected, the token ends/);
  refuses('600806062b0601050503', 2, /the OID of SPNEGO/);
  refuses('600b06092a864886f712010202', 2, /the OID of SPNEGO/);
  refuses('600a06062b06010505023000', 10, /NegTokenInit \[0\] or NegTokenResp \[1\]/);
  refuses('a0063004a0020500', 6, /a MechTypeList/);
  refuses('a0083006a00430020600', 8, /an OBJECT IDENTIFIER/);
  refuses('a0083006a00430020100', 8, /an OBJECT IDENTIFIER/);
  refuses('a00a3008a306300430020c00', 8, /NegHints/);
  refuses('a00a3008a3063004a0020c00', 10, /a GeneralString/);
  refuses('a0023100', 2, /a SEQUENCE/);
});

test('a longer token than 65,535 bytes, and a longer list than 64 mechanisms, are refused', () => {
  refuses(new Uint8Array(65536).fill(0xa1), 65535, /at most 65535 bytes/);
  const many = encodeNegTokenInit({ mechTypes: encodeMechTypes(Array.from({ length: 65 }, () => NTLMSSP)) });
  refuses(many, many.length - 12, /at most 64 mechanisms/);
  assert.throws(() => encodeNegTokenResp({ negState: 1, responseToken: new Uint8Array(65530) }), (error: unknown) => error instanceof SspiError);
  assert.throws(() => encodeNegTokenResp({ negState: 1, responseToken: new Uint8Array(90000) }), (error: unknown) => error instanceof SspiError);
});

test('every truncation of every captured token is refused', () => {
  for (const { token } of captures.tokens) {
    for (let length = 0; length < token.length / 2; length++) {
      assert.throws(() => decodeNegotiationToken(bytes(token.slice(0, 2 * length))), (error: unknown) => error instanceof SspiError);
    }
  }
});

test('the windows are wiped after a token was read or written', async () => {
  const { core } = await import('../../../backends/wasm/core/instance.ts');
  const { input, output } = core();
  output.fill(0);
  encodeNegTokenInit({ mechTypes: encodeMechTypes([NTLMSSP]), mechToken: new Uint8Array(300).fill(1), hintName: 'x', mechListMic: new Uint8Array(16).fill(2) });
  encodeNegTokenResp({ negState: 1, supportedMech: NTLMSSP, responseToken: new Uint8Array(300).fill(1), mechListMic: new Uint8Array(16).fill(2) });
  assert.is(output.findIndex((byte) => byte !== 0), -1);
  decodeNegotiationToken(bytes(captures.tokens[3]!.token));
  assert.is(input.findIndex((byte) => byte !== 0), -1);
});

test('SPNEGO is told from raw tokens by its first bytes', () => {
  for (const { token } of captures.tokens) assert.ok(looksLikeSpnego(bytes(token)));
  assert.ok(looksLikeSpnego(bytes('6082059506062b0601050502')));
  assert.not.ok(looksLikeSpnego(bytes('6082055e06092a864886f712010202')));
  assert.not.ok(looksLikeSpnego(bytes('6e82')));
  assert.not.ok(looksLikeSpnego(bytes('4e544c4d5353500001')));
  assert.not.ok(looksLikeSpnego(bytes('60')));
  assert.not.ok(looksLikeSpnego(new Uint8Array()));
});

test('OIDs are told in dots and by name', () => {
  assert.equal([MS_KRB5, KRB5, KRB5_DRAFT, NTLMSSP, NEGOEX, KRB5_USER_TO_USER].map(dottedOid), [
    '1.2.840.48018.1.2.2', '1.2.840.113554.1.2.2', '1.3.5.1.5.2', '1.3.6.1.4.1.311.2.2.10', '1.3.6.1.4.1.311.2.2.30', '1.2.840.113554.1.2.2.3',
  ]);
  assert.is(describeOid(NTLMSSP), '1.3.6.1.4.1.311.2.2.10 (NTLM)');
  assert.is(describeOid(bytes('2b0605')), '1.3.6.5');
  assert.is(dottedOid(bytes('8837')), '2.999');
});

test.run();
