import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gssChannelBindings, packChannelBindings, unpackChannelBindings } from '../../backends/contract/bindings.ts';
import { channelBindingsFromCertificate, SspiError } from '../../src/index.ts';
import { failure } from '../failure.ts';

const test = suite('channel bindings');
interface Row { name: string; signatureAlgorithm: string; hash: string | null; certificate: string; digest: string | null }
const read = async (name: string) => JSON.parse(await readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
const { certificates } = (await read('certificates.json')) as { certificates: Row[] };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const PREFIX = hex(new TextEncoder().encode('tls-server-end-point:'));

for (const { name, signatureAlgorithm, certificate, digest } of certificates) {
  if (digest === null) {
    test(`${name} (${signatureAlgorithm}) has no binding`, async () => {
      const error = await failure(channelBindingsFromCertificate(Buffer.from(certificate, 'base64')));
      assert.is(error.code, 'SEC_E_UNSUPPORTED_FUNCTION');
      assert.ok(error.remedy);
    });
  } else {
    test(`${name} (${signatureAlgorithm})`, async () => {
      assert.is(hex(await channelBindingsFromCertificate(Buffer.from(certificate, 'base64'))), PREFIX + digest);
    });
  }
}

test('what is no certificate is SEC_E_INVALID_TOKEN', async () => {
  const whole = Buffer.from(certificates[0]!.certificate, 'base64');
  for (const bytes of [new Uint8Array(0), new Uint8Array(64), whole.subarray(0, 100), whole.subarray(1), new TextEncoder().encode('-----BEGIN CERTIFICATE-----')]) {
    assert.is((await failure(channelBindingsFromCertificate(bytes))).code, 'SEC_E_INVALID_TOKEN');
  }
  await channelBindingsFromCertificate('der' as unknown as Uint8Array).then(() => assert.unreachable(), (error) => assert.instance(error, TypeError));
});

test('the structure that is hashed is the one that Windows hashed', async () => {
  const { ntlm } = (await read('captures.json')) as { ntlm: Record<string, string>[] };
  const capture = ntlm.find(({ name }) => name === 'ws2008r2_cbt')!;
  const applicationData = Buffer.from(PREFIX + capture.certSha256!, 'hex');
  const structure = gssChannelBindings(applicationData);
  assert.is(hex(structure), capture.gss_channel_bindings_struct);
  assert.is(createHash('md5').update(structure).digest('hex'), capture.MsvAvChannelBindings);
});

test('SEC_CHANNEL_BINDINGS goes there and back, and is refused when it points out of itself', () => {
  const data = new TextEncoder().encode('tls-unique:abc');
  const packed = packChannelBindings(data);
  assert.is(packed.length, 32 + data.length);
  assert.is(hex(unpackChannelBindings(packed)), hex(data));
  const damage: [at: number, value: number][] = [[24, 0xffffffff], [28, 0xffffffff], [28, 33], [28, 8], [4, 1], [16, 1]];
  for (const [at, value] of damage) {
    const damaged = packed.slice();
    new DataView(damaged.buffer).setUint32(at, value, true);
    assert.throws(() => unpackChannelBindings(damaged), (error: unknown) => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN');
  }
  assert.throws(() => unpackChannelBindings(packed.subarray(0, 31)), /at byte 31/);
});

test.run();
