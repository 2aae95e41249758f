import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectToken } from '../../src/inspect/index.ts';
import type { Expected } from './tree.ts';
import { allTokens, captures, errors, find, kerberosMessage, legs, outline, spnegoCaptures } from './tree.ts';

const test = suite('inspect: captured tokens');

// Every tree below is written from the bytes and MS-NLMP 2.2.1, 2.2.2, RFC 4178 4.2 and RFC 2743 3.1.

/** 0xe20882b7, MS-NLMP 2.2.2.5 from the lowest bit. */
const NEGOTIATE_FLAGS: Expected[] = [
  ['NTLMSSP_NEGOTIATE_UNICODE', '0x00000001', 12, 4],
  ['NTLM_NEGOTIATE_OEM', '0x00000002', 12, 4],
  ['NTLMSSP_REQUEST_TARGET', '0x00000004', 12, 4],
  ['NTLMSSP_NEGOTIATE_SIGN', '0x00000010', 12, 4],
  ['NTLMSSP_NEGOTIATE_SEAL', '0x00000020', 12, 4],
  ['NTLMSSP_NEGOTIATE_LM_KEY', '0x00000080', 12, 4],
  ['NTLMSSP_NEGOTIATE_NTLM', '0x00000200', 12, 4],
  ['NTLMSSP_NEGOTIATE_ALWAYS_SIGN', '0x00008000', 12, 4],
  ['NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY', '0x00080000', 12, 4],
  ['NTLMSSP_NEGOTIATE_VERSION', '0x02000000', 12, 4],
  ['NTLMSSP_NEGOTIATE_128', '0x20000000', 12, 4],
  ['NTLMSSP_NEGOTIATE_KEY_EXCH', '0x40000000', 12, 4],
  ['NTLMSSP_NEGOTIATE_56', '0x80000000', 12, 4],
];

test("Windows' NEGOTIATE_MESSAGE", () => {
  const tree = inspectToken(legs('sspi_ntlm')[0]!);
  assert.is(tree.form, 'bytes');
  assert.equal(errors(tree), []);
  assert.equal(outline(tree), ['NEGOTIATE_MESSAGE', 'NTLM 1 of 3: what the client can do', 0, 40, [
    ['Signature', 'NTLMSSP\\0', 0, 8],
    ['MessageType', '1 (NtLmNegotiate)', 8, 4],
    ['NegotiateFlags', '0xe20882b7', 12, 4, NEGOTIATE_FLAGS],
    ['DomainNameFields', 'empty', 16, 8],
    ['WorkstationFields', 'empty', 24, 8],
    // 0a 00 6345 000000 0f: 10.0, 0x4563 = 17763
    ['Version', '10.0.17763 (Windows 10 1809 or Server 2019)', 32, 8],
  ]]);
});

test("Windows' CHALLENGE_MESSAGE", () => {
  const tree = inspectToken(legs('sspi_ntlm')[1]!);
  assert.equal(errors(tree), []);
  assert.equal(outline(tree), ['CHALLENGE_MESSAGE', 'NTLM 2 of 3: the server answers with a challenge', 0, 206, [
    ['Signature', 'NTLMSSP\\0', 0, 8],
    ['MessageType', '2 (NtLmChallenge)', 8, 4],
    ['TargetNameFields', '12 bytes at 56', 12, 8, [['TargetName', 'DOMAIN', 56, 12]]],
    ['NegotiateFlags', '0xe2898235', 20, 4, [
      ['NTLMSSP_NEGOTIATE_UNICODE', '0x00000001', 20, 4],
      ['NTLMSSP_REQUEST_TARGET', '0x00000004', 20, 4],
      ['NTLMSSP_NEGOTIATE_SIGN', '0x00000010', 20, 4],
      ['NTLMSSP_NEGOTIATE_SEAL', '0x00000020', 20, 4],
      ['NTLMSSP_NEGOTIATE_NTLM', '0x00000200', 20, 4],
      ['NTLMSSP_NEGOTIATE_ALWAYS_SIGN', '0x00008000', 20, 4],
      ['NTLMSSP_TARGET_TYPE_DOMAIN', '0x00010000', 20, 4],
      ['NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY', '0x00080000', 20, 4],
      ['NTLMSSP_NEGOTIATE_TARGET_INFO', '0x00800000', 20, 4],
      ['NTLMSSP_NEGOTIATE_VERSION', '0x02000000', 20, 4],
      ['NTLMSSP_NEGOTIATE_128', '0x20000000', 20, 4],
      ['NTLMSSP_NEGOTIATE_KEY_EXCH', '0x40000000', 20, 4],
      ['NTLMSSP_NEGOTIATE_56', '0x80000000', 20, 4],
    ]],
    ['ServerChallenge', '8e3415a6a6ec237f', 24, 8],
    ['Reserved', '0000000000000000', 32, 8],
    ['TargetInfoFields', '138 bytes at 68', 40, 8, [['TargetInfo', '7 AV_PAIRs', 68, 138, [
      ['MsvAvNbDomainName', 'DOMAIN', 68, 16],
      ['MsvAvNbComputerName', 'DC01', 84, 12],
      ['MsvAvDnsDomainName', 'domain.local', 96, 28],
      ['MsvAvDnsComputerName', 'DC01.domain.local', 124, 38],
      ['MsvAvDnsTreeName', 'domain.local', 162, 28],
      // 0x01d6245b1b4eb4fe, 132 333 212 772 775 166 steps of 100 ns after 1601-01-01
      ['MsvAvTimestamp', '2020-05-07T10:34:37.2775166Z', 190, 12],
      ['MsvAvEOL', 'end of the list', 202, 4],
    ]]]],
    // 0a 00 3938 000000 0f: 10.0, 0x3839 = 14393
    ['Version', '10.0.14393 (Windows 10 1607 or Server 2016)', 48, 8],
  ]]);
});

test("MIT's NegTokenInit around gss-ntlmssp's NEGOTIATE_MESSAGE", () => {
  const tree = inspectToken(legs('gssapi_negotiate_ntlm_with_ntlm')[0]!);
  assert.equal(errors(tree), []);
  assert.equal(outline(tree), ['InitialContextToken', 'GSS-API frame of SPNEGO, 66 bytes', 0, 66, [
    ['thisMech', '1.3.6.1.5.5.2 (SPNEGO)', 2, 8],
    ['NegTokenInit', 'the client offers NTLM', 10, 56, [
      ['mechTypes', '1 in order of preference', 14, 16, [['MechType', '1.3.6.1.4.1.311.2.2.10 (NTLM)', 18, 12]]],
      ['mechToken', '32 bytes', 30, 36, [
        ['NEGOTIATE_MESSAGE', 'NTLM 1 of 3: what the client can do', 34, 32, [
          ['Signature', 'NTLMSSP\\0', 34, 8],
          ['MessageType', '1 (NtLmNegotiate)', 42, 4],
          ['NegotiateFlags', '0xe0088237', 46, 4, [
            ['NTLMSSP_NEGOTIATE_UNICODE', '0x00000001', 46, 4],
            ['NTLM_NEGOTIATE_OEM', '0x00000002', 46, 4],
            ['NTLMSSP_REQUEST_TARGET', '0x00000004', 46, 4],
            ['NTLMSSP_NEGOTIATE_SIGN', '0x00000010', 46, 4],
            ['NTLMSSP_NEGOTIATE_SEAL', '0x00000020', 46, 4],
            ['NTLMSSP_NEGOTIATE_NTLM', '0x00000200', 46, 4],
            ['NTLMSSP_NEGOTIATE_ALWAYS_SIGN', '0x00008000', 46, 4],
            ['NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY', '0x00080000', 46, 4],
            ['NTLMSSP_NEGOTIATE_128', '0x20000000', 46, 4],
            ['NTLMSSP_NEGOTIATE_KEY_EXCH', '0x40000000', 46, 4],
            ['NTLMSSP_NEGOTIATE_56', '0x80000000', 46, 4],
          ]],
          ['DomainNameFields', 'empty', 50, 8],
          ['WorkstationFields', 'empty', 58, 8],
        ]],
      ]],
    ]],
  ]]);
});

test("MIT's last NegTokenResp, a mechListMIC alone", () => {
  const tree = inspectToken(legs('gssapi_negotiate_ntlm_with_ntlm')[3]!);
  assert.equal(errors(tree), []);
  assert.equal(outline(tree), ['NegTokenResp', 'an answer: accept-completed', 0, 29, [
    ['negState', '0 (accept-completed)', 4, 5],
    ['mechListMIC', '16 bytes', 9, 20, [
      ['NTLMSSP_MESSAGE_SIGNATURE', 'NTLM signature', 13, 16, [
        ['Version', '1', 13, 4],
        ['Checksum', '2a5e5500123f3818', 17, 8],
        ['SeqNum', '0', 25, 4],
      ]],
    ]],
  ]]);
});

test("Windows' AUTHENTICATE_MESSAGE: names, NTLMv2_RESPONSE, MIC", () => {
  const tree = inspectToken(legs('sspi_ntlm')[2]!);
  assert.equal(errors(tree), []);
  const fields = (tree.children ?? []).map(({ name, offset, length }) => [name, offset, length]);
  assert.equal(fields, [
    ['Signature', 0, 8], ['MessageType', 8, 4], ['LmChallengeResponseFields', 12, 8], ['NtChallengeResponseFields', 20, 8], ['DomainNameFields', 28, 8],
    ['UserNameFields', 36, 8], ['WorkstationFields', 44, 8], ['EncryptedRandomSessionKeyFields', 52, 8], ['NegotiateFlags', 60, 4], ['Version', 64, 8], ['MIC', 72, 16],
  ]);
  assert.equal(outline(find(tree, 'LmChallengeResponse')), ['LmChallengeResponse', 'Z(24): not used', 162, 24]);
  assert.equal(outline(find(tree, 'UserName')), ['UserName', 'vagrant-domain@DOMAIN.LOCAL', 88, 54]);
  assert.equal(outline(find(tree, 'Workstation')), ['Workstation', 'SERVER2019', 142, 20]);
  assert.equal(outline(find(tree, 'EncryptedRandomSessionKey')), ['EncryptedRandomSessionKey', '622379b8a5d93eb74eff58314295224e', 500, 16]);
  assert.equal(outline(find(tree, 'MIC')), ['MIC', '8b0051b4b8bf4f11c8b2cdaac151c410', 72, 16]);
  assert.equal(outline(find(tree, 'NtChallengeResponse')), ['NtChallengeResponse', 'NTLMv2_RESPONSE', 186, 314, [
    ['NTProofStr', '604147f7c888141283a9a1dd0036ef7f', 186, 16],
    ['NTLMv2_CLIENT_CHALLENGE', '298 bytes', 202, 298, [
      ['RespType', '1', 202, 1],
      ['HiRespType', '1', 203, 1],
      ['Reserved1', '0000', 204, 2],
      ['Reserved2', '00000000', 206, 4],
      ['TimeStamp', '2020-05-07T10:34:37.2775166Z', 210, 8],
      ['ChallengeFromClient', '8696bcbfde92e618', 218, 8],
      ['Reserved3', '00000000', 226, 4],
      ['AvPairs', '11 AV_PAIRs', 230, 266, [
        ['MsvAvNbDomainName', 'DOMAIN', 230, 16],
        ['MsvAvNbComputerName', 'DC01', 246, 12],
        ['MsvAvDnsDomainName', 'domain.local', 258, 28],
        ['MsvAvDnsComputerName', 'DC01.domain.local', 286, 38],
        ['MsvAvDnsTreeName', 'domain.local', 324, 28],
        ['MsvAvTimestamp', '2020-05-07T10:34:37.2775166Z', 352, 12],
        ['MsvAvFlags', '0x00000002', 364, 8, [['MIC present', '0x00000002', 368, 4]]],
        ['MsvAvSingleHost', "of the client's machine, 48 bytes", 372, 52, [
          ['Size', '48', 376, 4],
          ['Z4', '0', 380, 4],
          ['CustomData', '0100000000200000', 384, 8],
          ['MachineID', '4135e6ab9d279b8d0642c048e0c1f24d …', 392, 32],
        ]],
        ['MsvAvChannelBindings', '00000000000000000000000000000000', 424, 20],
        ['MsvAvTargetName', 'HOST\\dc01.domain.local', 444, 48],
        ['MsvAvEOL', 'end of the list', 492, 4],
      ]],
      ['Padding', '4 bytes, all zero', 496, 4],
    ]],
  ]]);
  assert.match(find(tree, 'CustomData').note!, 'medium integrity, UAC-restricted token');
});

test('an AUTHENTICATE_MESSAGE with channel bindings', () => {
  const tree = inspectToken(legs('ws2008r2_cbt')[1]!);
  assert.equal(errors(tree), []);
  const bindings = captures.ntlm.find(({ name }) => name === 'ws2008r2_cbt')!.MsvAvChannelBindings!;
  assert.is(find(tree, 'MsvAvChannelBindings').value, bindings);
  assert.is(find(tree, 'MsvAvTargetName').value, 'HTTP/dc-ws2008r2.ws2008r2.local');
  assert.is(find(tree, 'Version').value.slice(0, 19), '6.1.7600 (Windows 7');
});

test('`full` writes every byte', () => {
  const tree = inspectToken(legs('sspi_ntlm')[2]!, { full: true });
  assert.is(find(tree, 'MachineID').value, '4135e6ab9d279b8d0642c048e0c1f24d0a9017a55c35b1a184872fedfa712bdc');
});

for (const { name, token, fields } of spnegoCaptures.tokens) {
  test(`the fields that its source lists: ${name}`, () => {
    const tree = inspectToken(token);
    assert.equal(errors(tree), []);
    const isInit2 = typeof fields.hintName === 'string';
    const message = fields.kind === 'NegTokenInit' ? find(tree, isInit2 ? 'NegTokenInit2' : 'NegTokenInit') : tree;
    assert.is(message.name, isInit2 ? 'NegTokenInit2' : fields.kind);
    if (fields.mechs !== undefined) assert.is(find(message, 'mechTypes').children!.length, fields.mechs.length);
    if (fields.negState !== undefined) assert.is(find(message, 'negState').value[0], String(fields.negState));
    if (isInit2) assert.is(find(message, 'hintName').value, fields.hintName);
    const inner = message.children!.find((child) => child.name === 'mechToken' || child.name === 'responseToken');
    assert.is(inner === undefined ? null : inner.children![0]!.length, fields.token === null ? null : fields.token.length / 2);
    const mic = message.children!.find((child) => child.name === 'mechListMIC')?.children![0];
    assert.is(mic === undefined ? null : find(mic, 'Checksum').value, fields.mechListMic === null ? null : fields.mechListMic.slice(8, 24));
  });
}

test("Windows' NegTokenInit2 by the names of its mechanisms", () => {
  const tree = inspectToken(spnegoCaptures.tokens[0]!.token);
  assert.equal(find(tree, 'mechTypes').children!.map(({ value }) => value), [
    '1.3.6.1.4.1.311.2.2.30 (NEGOEX)', "1.2.840.48018.1.2.2 (Kerberos V5, Microsoft's variant)", '1.2.840.113554.1.2.2 (Kerberos V5)',
    '1.2.840.113554.1.2.2.3 (Kerberos V5 user-to-user)', '1.3.6.1.4.1.311.2.2.10 (NTLM)',
  ]);
});

test("an AP-REP in Kerberos' GSS frame, inside a NegTokenResp", () => {
  const tree = inspectToken(spnegoCaptures.tokens[5]!.token);
  assert.equal(outline(find(tree, 'thisMech')), ['thisMech', '1.2.840.113554.1.2.2 (Kerberos V5)', 33, 11]);
  assert.equal(outline(find(tree, 'TOK_ID')), ['TOK_ID', '0200 (AP-REP)', 44, 2]);
  assert.is(find(tree, 'AP-REP', 'msg-type').value, '15 (AP-REP)');
  assert.is(find(tree, 'AP-REP', 'etype').value, '18 (aes256-cts-hmac-sha1-96)');
});

test("a KDC's messages", () => {
  const inspect = (name: string) => inspectToken(kerberosMessage(name, captures.kerberos[0]!.messages[name]!));
  for (const name of Object.keys(captures.kerberos[0]!.messages)) assert.equal(errors(inspect(name)), [], name);

  const error = inspect('KRB_ERROR');
  assert.is(error.value, '25 (KDC_ERR_PREAUTH_REQUIRED)');
  assert.is(find(error, 'stime').value, '2020-06-13T21:04:23Z');
  assert.is(find(error, 'sname').value, 'krbtgt/DOMAIN.LOCAL, type 2 (NT-SRV-INST)');
  assert.is(find(error, 'ETYPE-INFO2', 'salt').value, 'DOMAIN.LOCALvagrant-domain');

  const apReq = find(inspect('TGS_REQ'), 'PA-DATA', 'AP-REQ');
  assert.is(apReq.value, 'a ticket for krbtgt/DOMAIN.LOCAL@DOMAIN.LOCAL');
  assert.is(find(apReq, 'ticket', 'enc-part').value, '18 (aes256-cts-hmac-sha1-96), kvno 2');
  assert.is(find(apReq, 'authenticator', 'etype').value, '18 (aes256-cts-hmac-sha1-96)');

  assert.is(find(inspect('TGS_REP'), 'ticket').value, 'for HTTP/server2019.domain.local@DOMAIN.LOCAL');
});

test('an AP-REQ as HTTP carries it: NegTokenInit, GSS frame, TOK_ID', () => {
  // built around the captured AP-REQ: 60 { SPNEGO, a0 { 30 { a0 mechTypes, a2 { 04 { 60 { Kerberos, 0100, AP-REQ } } } } } }
  const tgsReq = kerberosMessage('TGS_REQ', captures.kerberos[0]!.messages['TGS_REQ']!);
  const at = Buffer.from(tgsReq).indexOf(Buffer.from('6e82', 'hex'));
  const apReq = Buffer.from(tgsReq).toString('hex', at, at + 4 + 0x50e);
  const length = (n: number) => (n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff]).map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const der = (tag: string, ...content: string[]) => `${tag}${length(content.join('').length / 2)}${content.join('')}`;
  const kerberos = '06092a864886f712010202';
  const token = der('60', '06062b0601050502', der('a0', der('30', der('a0', der('30', kerberos)), der('a2', der('04', der('60', kerberos, '0100', apReq))))));

  const tree = inspectToken(`Authorization: Negotiate ${Buffer.from(token, 'hex').toString('base64')}`);
  assert.equal(errors(tree), []);
  assert.is(tree.name, 'Authorization');
  assert.is(find(tree, 'TOK_ID').value, '0100 (AP-REQ)');
  assert.is(find(tree, 'AP-REQ', 'sname').value, 'krbtgt/DOMAIN.LOCAL, type 2 (NT-SRV-INST)');
});

test('a Wrap token of RC4 keys (MS-KILE 4.5)', () => {
  const tree = inspectToken(captures.misc.find(({ headerToken }) => headerToken !== undefined)!.headerToken!);
  assert.equal(errors(tree), []);
  assert.equal(tree.children!.map(({ name, value }) => `${name} ${value}`), [
    'thisMech 1.2.840.113554.1.2.2 (Kerberos V5)', 'TOK_ID 0201 (Wrap, RFC 1964)', 'SGN_ALG 1100 (HMAC with RC4)', 'SEAL_ALG 1000 (RC4)', 'Filler ffff',
    'SND_SEQ e29e8bbc6348e740', 'SGN_CKSUM ebaa619244a156a1', 'Confounder 3b5cf65e3c21b9aa',
  ]);
});

test('a MIC token and a Wrap token of RFC 4121', () => {
  const mic = inspectToken('04 04 05 ff ff ff ff ff 00 00 00 00 2b a1 c3 d4 00112233445566778899aabb');
  assert.equal(outline(mic), ['MIC token', 'Kerberos, RFC 4121', 0, 28, [
    ['TOK_ID', '0404 (MIC, RFC 4121)', 0, 2], ['Flags', '5 (SentByAcceptor, AcceptorSubkey)', 2, 1], ['Filler', 'ffffffffff', 3, 5],
    ['SND_SEQ', '732021716', 8, 8], ['SGN_CKSUM', '00112233445566778899aabb', 16, 12],
  ]]);
  const wrap = inspectToken('05 04 02 ff 00 10 00 1c 00 00 00 00 00 00 00 01 ff');
  assert.equal(outline(wrap), ['Wrap token', 'Kerberos, RFC 4121', 0, 17, [
    ['TOK_ID', '0504 (Wrap, RFC 4121)', 0, 2], ['Flags', '2 (Sealed)', 2, 1], ['Filler', 'ff', 3, 1], ['EC', '16', 4, 2], ['RRC', '28', 6, 2],
    ['SND_SEQ', '1', 8, 8], ['Data', 'ff', 16, 1],
  ]]);
});

test("Samba's signature, alone and before a message", () => {
  const tree = inspectToken('01000000e37f97f2544f4d7e00000000');
  assert.equal(outline(tree), ['NTLMSSP_MESSAGE_SIGNATURE', 'NTLM signature', 0, 16,
    [['Version', '1', 0, 4], ['Checksum', 'e37f97f2544f4d7e', 4, 8], ['SeqNum', '0', 12, 4]]]);
  assert.equal(outline(find(inspectToken('01000000e37f97f2544f4d7e070000006a43494653'), 'Message')), ['Message', '6a43494653', 16, 5]);
});

test('every captured token is explained without an error, and the tree is plain JSON', () => {
  for (const token of allTokens()) {
    const tree = inspectToken(token);
    assert.equal(errors(tree), []);
    assert.equal(JSON.parse(JSON.stringify(tree)), tree);
  }
});

test.run();
