import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatTokenTree, inspectToken } from '../../src/inspect/index.ts';
import { allTokens, captures, everything, find, legs } from './tree.ts';

const test = suite('inspect: format and redact');

test('the text of a small token', () => {
  assert.is(formatTokenTree(inspectToken(legs('gssapi_negotiate_ntlm_with_ntlm')[3]!)), `\
    0  NegTokenResp  an answer: accept-completed
    4  ├ negState     0 (accept-completed)  the sender is done
    9  └ mechListMIC  16 bytes
   13    └ NTLMSSP_MESSAGE_SIGNATURE  NTLM signature
   13      ├ Version   1
   17      ├ Checksum  2a5e5500123f3818
           │           or RandomPad (4) and Checksum (4), without extended session security
   25      └ SeqNum    0`);
});

test('an error stands on its own line, under its field', () => {
  assert.is(formatTokenTree(inspectToken(legs('sspi_ntlm')[0]!.slice(0, 10))), `\
    0  NTLM message  cut before its type
    0  ├ Signature    NTLMSSP\\0
    8  └ MessageType  0100
           ✗ expected 4 bytes, came 2 bytes, at byte 8`);
});

test('compact: flags in one list, no offsets', () => {
  assert.is(formatTokenTree(inspectToken(legs('gssapi_negotiate_ntlm_with_ntlm')[0]!), { compact: true, width: 80 }), `\
InitialContextToken  GSS-API frame of SPNEGO, 66 bytes
└ NegTokenInit  the client offers NTLM
  ├ mechTypes  1 in order of preference
  │ └ MechType  1.3.6.1.4.1.311.2.2.10 (NTLM)
  └ mechToken  32 bytes
    └ NEGOTIATE_MESSAGE  NTLM 1 of 3: what the client can do
      └ NegotiateFlags  0xe0088237  UNICODE OEM REQUEST_TARGET SIGN SEAL NTLM
                        ALWAYS_SIGN EXTENDED_SESSIONSECURITY 128 KEY_EXCH 56`);
});

test('no line is wider than asked, none ends with a space, and no color without color', () => {
  for (const token of allTokens()) {
    for (const [width, compact] of [[80, true], [80, false], [100, false], [120, true]] as const) {
      for (const line of formatTokenTree(inspectToken(token, { full: compact }), { width, compact }).split('\n')) {
        assert.ok(line.length <= width, `${line.length} of ${width}: ${line}`);
        assert.is(line, line.trimEnd());
        assert.not.match(line, '\x1b');
      }
    }
  }
});

test('color changes nothing but the color', () => {
  for (const token of allTokens()) {
    const tree = inspectToken(token);
    const colored = formatTokenTree(tree, { color: true });
    assert.match(colored, '\x1b[36m');
    assert.is(colored.replace(/\x1b\[\d+m/g, ''), formatTokenTree(tree));
  }
});

test('redact hides what a guess can be checked against, and nothing else', () => {
  const tree = inspectToken(legs('sspi_ntlm')[2]!, { redact: true, full: true });
  const hidden = everything(tree).filter(({ value }) => value === '(hidden)').map(({ name }) => name);
  assert.equal(hidden, ['NTProofStr', 'EncryptedRandomSessionKey', 'MIC']);
  assert.is(find(tree, 'UserName').value, 'vagrant-domain@DOMAIN.LOCAL');
  assert.equal(everything(inspectToken(legs('gssapi_negotiate_ntlm_with_ntlm')[2]!, { redact: true })).filter(({ value }) => value === '(hidden)').map(({ name }) => name),
    ['NTProofStr', 'EncryptedRandomSessionKey', 'MIC', 'Checksum']);
});

test('redact hides a name that points into the response, and a proof that is cut', () => {
  const proof = '604147f7c888141283a9a1dd0036ef7f';
  const crafted = legs('sspi_ntlm')[2]!.slice();
  crafted[40] = 186; // UserName at NtChallengeResponse
  for (const token of [crafted, crafted.slice(0, 195), legs('sspi_ntlm')[2]!.slice(0, 195)]) {
    const text = JSON.stringify(inspectToken(token, { redact: true, full: true }));
    assert.not.match(text, proof.slice(0, 8));
    assert.not.match(text, /\u4160|䅠/);
  }
});

test("redact hides Kerberos' ciphertexts, also where no table knows them", () => {
  const asRep = captures.kerberos[0]!.messages['AS_REP']!; // as captured, without its APPLICATION tag: walked as plain DER
  const text = JSON.stringify(inspectToken(asRep, { redact: true, full: true }));
  assert.not.match(text, /bf241f8a1bc0003a|aefc3bcb1f6a1835/);
});

test('LM, NTLMv1 and NTLM2 session responses are told apart', () => {
  // an AUTHENTICATE_MESSAGE of 64 + 48 bytes: both responses of 24 bytes at 64 and 88, no other field
  const message = (lm: string, nt: string, flags: string) =>
    `4e544c4d53535000 03000000 18001800 40000000 18001800 58000000 ${'0000000040000000'.repeat(4)} ${flags} ${lm} ${nt}`;
  const values = (lm: string, nt: string, flags: string) => {
    const tree = inspectToken(message(lm, nt, flags));
    return [find(tree, 'LmChallengeResponse').value, find(tree, 'NtChallengeResponse').value];
  };
  // MS-NLMP 4.2.2.2.1, 4.2.2.2.2 (NTLMv1) and 4.2.3.2.1, 4.2.3.2.2 (NTLMv1 with client challenge)
  const lmv1 = '98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13';
  const ntv1 = '67c43011f30298a2ad35ece64f16331c44bdbed927841f94';
  assert.equal(values(lmv1, ntv1, '33820200'), ['LM_RESPONSE', 'NTLM_RESPONSE (NTLMv1)']);
  assert.equal(values('aaaaaaaaaaaaaaaa00000000000000000000000000000000', '7537f803ae367128ca458204bde7caf81e97ed2683267232', '33820a82'),
    ['client challenge of the NTLM2 session response', 'NTLM2 session response (NTLMv1 with extended session security)']);
  assert.match(find(inspectToken(message(ntv1, ntv1, '33820200')), 'LmChallengeResponse').note!, 'no LM hash was used');
});

test('LMv2 beside NTLMv2, and an anonymous logon', () => {
  // MS-NLMP 4.2.4.2.1 (LMv2) and 4.2.4.3 (AUTHENTICATE_MESSAGE)
  const authenticate = '4e544c4d53535000030000001800180 06c00000054005400840000000c000c00480000000800080054000000100010005c00000010001000d8000000358288e20501280a0000000f'
    + '44006f006d00610069006e00550073006500720043004f004d0050005500540045005200'
    + '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa'
    + '68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00530065007200760065007200000000000000000'
    + '0c5dad2544fc9799094ce1ce90bc9d03e';
  const tree = inspectToken(authenticate);
  assert.is(tree.name, 'AUTHENTICATE_MESSAGE');
  assert.equal(find(tree, 'LmChallengeResponse').children!.map(({ name, value }) => [name, value]),
    [['Response', '86c35097ac9cec102554764a57cccc19'], ['ChallengeFromClient', 'aaaaaaaaaaaaaaaa']]);
  assert.is(find(tree, 'NTProofStr').value, '68cd0ab851e51c96aabc927bebef6a1c');
  assert.equal(['DomainName', 'UserName', 'Workstation'].map((name) => find(tree, name).value), ['Domain', 'User', 'COMPUTER']);
  assert.is(find(tree, 'TimeStamp').value, '0 (not set)');
  assert.is(find(tree, 'MIC').value, '(none)');

  const anonymous = inspectToken(`4e544c4d53535000 03000000 01000100 40000000 ${'0000000041000000'.repeat(5)} 058a08a2 00`);
  assert.is(find(anonymous, 'LmChallengeResponse').value, 'Z(1): an anonymous logon');
  assert.is(find(anonymous, 'NTLMSSP_ANONYMOUS').value, '0x00000800');
});

test.run();
