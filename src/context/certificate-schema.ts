import { AsnParser, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';

/** What tls-server-end-point needs of a certificate (RFC 5280 §4.1): how it is signed. */
export interface SignatureAlgorithm {
  /** Dotted. */
  oid: string;
  /** RSASSA-PSS only: the dotted hash of its parameters. */
  pssHash: string | null;
}

/** Throws whatever the parser throws. */
export function parseSignatureAlgorithm(certificate: Uint8Array): SignatureAlgorithm {
  const { signatureAlgorithm } = AsnParser.parse(certificate as BufferSource, Certificate);
  const { algorithm, parameters } = signatureAlgorithm;
  if (algorithm !== RSASSA_PSS) return { oid: algorithm, pssHash: null };
  if (parameters === undefined) throw new Error('RSASSA-PSS without parameters');
  return { oid: algorithm, pssHash: AsnParser.parse(parameters, RsassaPssParams).hashAlgorithm?.algorithm ?? SHA1 };
}

@AsnType({ type: AsnTypeTypes.Sequence })
class AlgorithmIdentifier {
  @AsnProp({ type: AsnPropTypes.ObjectIdentifier }) algorithm = '';
  @AsnProp({ type: AsnPropTypes.Any, optional: true }) parameters?: ArrayBuffer;
}

/** RFC 4055 §3.1; only the hash counts here. */
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

const RSASSA_PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';
