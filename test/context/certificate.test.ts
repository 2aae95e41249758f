import { AsnParser, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { elementAt } from '../../backends/wasm/wire/der.ts';
import { parseSignatureAlgorithm, type SignatureAlgorithm } from '../../src/context/certificate.ts';
import { mutate, rng } from '../fuzz.ts';

const test = suite('the signature algorithm of a certificate, beside @peculiar/asn1-schema');

interface Row { name: string; certificate: string }
const { certificates } = JSON.parse(await readFile(new URL('../vectors/certificates.json', import.meta.url), 'utf8')) as { certificates: Row[] };

@AsnType({ type: AsnTypeTypes.Sequence })
class AlgorithmIdentifier {
  @AsnProp({ type: AsnPropTypes.ObjectIdentifier }) algorithm = '';
  @AsnProp({ type: AsnPropTypes.Any, optional: true }) parameters?: ArrayBuffer;
}

@AsnType({ type: AsnTypeTypes.Sequence })
class RsassaPssParams {
  @AsnProp({ type: AlgorithmIdentifier, context: 0, optional: true }) hashAlgorithm?: AlgorithmIdentifier;
  @AsnProp({ type: AsnPropTypes.Any, context: 1, optional: true }) maskGenAlgorithm?: ArrayBuffer;
  @AsnProp({ type: AsnPropTypes.Any, context: 2, optional: true }) saltLength?: ArrayBuffer;
  @AsnProp({ type: AsnPropTypes.Any, context: 3, optional: true }) trailerField?: ArrayBuffer;
}

@AsnType({ type: AsnTypeTypes.Sequence })
class Certificate {
  @AsnProp({ type: AsnPropTypes.Any }) tbsCertificate = new ArrayBuffer(0);
  @AsnProp({ type: AlgorithmIdentifier }) signatureAlgorithm = new AlgorithmIdentifier();
  @AsnProp({ type: AsnPropTypes.BitString }) signatureValue = new ArrayBuffer(0);
}

function oracle(certificate: Uint8Array): SignatureAlgorithm {
  const { signatureAlgorithm: { algorithm, parameters } } = AsnParser.parse(certificate as BufferSource, Certificate);
  if (algorithm !== '1.2.840.113549.1.1.10') return { oid: algorithm, pssHash: null };
  return { oid: algorithm, pssHash: AsnParser.parse(parameters!, RsassaPssParams).hashAlgorithm?.algorithm ?? '1.3.14.3.2.26' };
}

for (const { name, certificate } of certificates) {
  const whole = new Uint8Array(Buffer.from(certificate, 'base64'));

  test(`${name} is read as the library reads it`, () => {
    assert.equal(parseSignatureAlgorithm(whole), oracle(whole));
  });

  test(`${name}: of an altered one nothing else is read than the library reads`, () => {
    const source = rng(name.length);
    // The part that is read stands behind the tbsCertificate, which is not entered.
    const tbs = elementAt(whole, elementAt(whole)!.start)!;
    let read = 0;
    let refused = 0;
    for (let n = 0; n < 700; n++) {
      const tail = mutate(whole.subarray(tbs.end), source);
      const length = tbs.end - tbs.at + tail.length;
      const altered = Uint8Array.from([0x30, 0x82, length >> 8, length & 0xff, ...whole.subarray(tbs.at, tbs.end), ...tail]);
      let ours: SignatureAlgorithm;
      try {
        ours = parseSignatureAlgorithm(altered);
      } catch (error) {
        assert.match((error as Error).message, /expected at byte \d+$/);
        refused++;
        continue;
      }
      read++;
      let theirs: SignatureAlgorithm | null = null;
      try {
        theirs = oracle(altered);
      } catch {
        // it enters what is not read here: parameters of another algorithm, what stands behind the hash of PSS, the signature
      }
      if (theirs !== null) assert.equal(ours, theirs, Buffer.from(tail).toString('hex'));
    }
    assert.ok(read > 50 && refused > 50, `${read} read, ${refused} refused`);
  });
}

test('RSASSA-PSS without parameters is refused, with empty ones it is SHA-1 (RFC 4055 §3.1)', () => {
  const pss = certificates.find(({ name }) => name === 'pss-sha256')!;
  const whole = Buffer.from(pss.certificate, 'base64');
  const tbs = elementAt(whole, elementAt(whole)!.start)!;
  const certificate = (parameters: string) => {
    const algorithm = Buffer.from(`06092a864886f70d01010a${parameters}`, 'hex');
    const rest = Buffer.concat([whole.subarray(tbs.at, tbs.end), Buffer.from([0x30, algorithm.length]), algorithm, Buffer.from('03020000', 'hex')]);
    return Buffer.concat([Buffer.from([0x30, 0x82, rest.length >> 8, rest.length & 0xff]), rest]);
  };
  assert.throws(() => parseSignatureAlgorithm(certificate('')), /RSASSA-PSS-params expected at byte/);
  assert.is(parseSignatureAlgorithm(certificate('3000')).pssHash, '1.3.14.3.2.26');
});

test.run();
