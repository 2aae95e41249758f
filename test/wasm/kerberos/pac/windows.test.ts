import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { KEY_USAGE } from '../../../../backends/wasm/kerberos/codes/key-usage.ts';
import { createKerberosKey } from '../../../../backends/wasm/kerberos/etypes/index.ts';
import { readLogonInfo } from '../../../../backends/wasm/kerberos/pac/logon-info.ts';
import { PAC_TYPE, readPac, readSid, verifyPac } from '../../../../backends/wasm/kerberos/pac/pac.ts';

const test = suite('a PAC of Windows');

const { pac: text, expected }: { pac: string; expected: Record<string, string | number> } = JSON.parse(readFileSync(new URL('../../../vectors/kerberos/windows-pac.json', import.meta.url), 'utf8'));
const pac = Uint8Array.from(Buffer.from(text, 'hex'));
const authtime = Date.parse(expected.clientTime as string) / 1000;

/** The published one has no signature: it is signed here with a key of ours, as the service's KDC would. */
function signed(key = createKerberosKey(23, new Uint8Array(16).fill(7))) {
  const copy = pac.slice();
  const signature = readPac(copy).find(({ type }) => type === PAC_TYPE.SERVER_CHECKSUM)!;
  copy.set(key.checksum(KEY_USAGE.PAC_SIGNATURE, copy), signature.offset + 4);
  return { copy, key };
}

test('KERB_VALIDATION_INFO: names, SIDs, groups', () => {
  const info = readLogonInfo(readPac(pac).find(({ type }) => type === PAC_TYPE.LOGON_INFO)!.data);
  for (const name of ['effectiveName', 'fullName', 'logonServer', 'logonDomainName', 'userId', 'primaryGroupId', 'domainSid', 'userSid', 'userAccountControl'] as const) {
    assert.is(info[name], expected[name], name);
  }
  assert.is(info.groups[0], expected.groupSid);
  assert.is(info.groups.length, (expected.domainGroups as number) + (expected.extraSids as number));
  assert.is(new Set(info.groups).size, info.groups.length);
  assert.ok(info.groups.every((sid) => sid.startsWith(`${expected.domainSid}-`)));
});

test('CLIENT_INFO and UPN_DNS_INFO, under a signature', () => {
  const { copy, key } = signed();
  const identity = verifyPac(copy, key, { clientName: 'User.Test', authtime });
  assert.is(identity.clientName, expected.clientName);
  assert.is(identity.upn, expected.upn);
  assert.is(identity.dnsDomain, expected.dnsDomain);
  assert.is(identity.requestorSid, null);
});

test('another client, another logon, another key, any other byte', () => {
  const { copy, key } = signed();
  const code = (bytes: Uint8Array, ticket = { clientName: 'user.test', authtime }, by = key) => {
    try {
      verifyPac(bytes, by, ticket);
    } catch (error) {
      assert.instance(error, SspiError);
      return (error as SspiError).code;
    }
    return 'SEC_E_OK';
  };
  assert.is(code(copy), 'SEC_E_OK');
  assert.is(code(copy, { clientName: 'user.test2', authtime }), 'SEC_E_MESSAGE_ALTERED');
  assert.is(code(copy, { clientName: 'user.test', authtime: authtime + 1 }), 'SEC_E_MESSAGE_ALTERED');
  assert.is(code(copy, undefined, createKerberosKey(23, new Uint8Array(16))), 'SEC_E_MESSAGE_ALTERED');
  assert.is(code(copy, undefined, createKerberosKey(18, new Uint8Array(32))), 'SEC_E_MESSAGE_ALTERED');
  const kdcSignature = readPac(copy).find(({ type }) => type === PAC_TYPE.PRIVSVR_CHECKSUM)!;
  for (let at = 0; at < copy.length; at++) {
    if (at >= kdcSignature.offset + 4 && at < kdcSignature.offset + 20) continue; // the KDC's own
    assert.is.not(code(copy.with(at, copy[at]! ^ 1)), 'SEC_E_OK', `byte ${at}`);
  }
});

test('a LOGON_INFO that is cut off anywhere', () => {
  const { data } = readPac(pac).find(({ type }) => type === PAC_TYPE.LOGON_INFO)!;
  // What follows the last SID pads it to eight bytes.
  for (let length = 0; length < data.length - 4; length++) assert.throws(() => readLogonInfo(data.subarray(0, length)), (error: unknown) => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN');
});

test('SIDs (MS-DTYP 2.4.2.2)', () => {
  assert.is(readSid(new Uint8Array([1, 1, 0, 0, 0, 0, 0, 18, 1, 0, 0, 0])), 'S-1-18-1');
  assert.is(readSid(new Uint8Array([1, 0, 1, 2, 3, 4, 5, 6])), 'S-1-0x010203040506');
  assert.throws(() => readSid(new Uint8Array([1, 2, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0])), (error: unknown) => error instanceof SspiError);
});

test.run();
