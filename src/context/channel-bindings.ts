import { SspiError } from '../../backends/contract/errors.ts';
import { checkBytes } from '../sspi/checks.ts';
import { parseSignatureAlgorithm, type SignatureAlgorithm } from './certificate.ts';

/**
 * The application data of RFC 5929 tls-server-end-point for a server's certificate: 'tls-server-end-point:' and the certificate's hash.
 *
 * The hash is that of the certificate's own signature (of RSASSA-PSS' parameters), with SHA-256 in place of MD5 and SHA-1 (§4.1).
 * Ed25519 and Ed448 sign without a hash of their own, for which §4.1 defines no binding: SEC_E_UNSUPPORTED_FUNCTION; send none then.
 * Throws SEC_E_INVALID_TOKEN when `der` is no certificate.
 */
export async function channelBindingsFromCertificate(der: Uint8Array): Promise<Uint8Array> {
  checkBytes(der, 'der');
  const hash = hashOf(der);
  const digest = new Uint8Array(await crypto.subtle.digest(hash, der as BufferSource));
  const bindings = new Uint8Array(PREFIX.length + digest.length);
  for (let at = 0; at < PREFIX.length; at++) bindings[at] = PREFIX.charCodeAt(at);
  bindings.set(digest, PREFIX.length);
  return bindings;
}

function hashOf(der: Uint8Array): string {
  let signature: SignatureAlgorithm;
  try {
    signature = parseSignatureAlgorithm(der);
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `an X.509 certificate in DER expected: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const hash = signature.pssHash === null ? SIGNATURES.get(signature.oid) : HASHES.get(signature.pssHash);
  if (hash === undefined) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `tls-server-end-point is not defined for a certificate signed with ${signature.pssHash ?? signature.oid}`, {
      remedy: 'Use no channel bindings with this certificate, or one that is signed with RSA or ECDSA.',
    });
  }
  return hash;
}

const PREFIX = 'tls-server-end-point:';

// MD5 and SHA-1 stand as SHA-256: RFC 5929 §4.1.
const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'SHA-256'], // md5WithRSAEncryption
  ['1.2.840.113549.1.1.5', 'SHA-256'], // sha1WithRSAEncryption
  ['1.3.14.3.2.29', 'SHA-256'], // sha1WithRSASignature (OIW)
  ['1.2.840.10040.4.3', 'SHA-256'], // dsa-with-sha1
  ['1.2.840.10045.4.1', 'SHA-256'], // ecdsa-with-SHA1
  ['1.2.840.113549.1.1.11', 'SHA-256'], // sha256WithRSAEncryption
  ['1.2.840.113549.1.1.12', 'SHA-384'],
  ['1.2.840.113549.1.1.13', 'SHA-512'],
  ['2.16.840.1.101.3.4.3.2', 'SHA-256'], // dsa-with-sha256
  ['1.2.840.10045.4.3.2', 'SHA-256'], // ecdsa-with-SHA256
  ['1.2.840.10045.4.3.3', 'SHA-384'],
  ['1.2.840.10045.4.3.4', 'SHA-512'],
]);

const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.5', 'SHA-256'], // MD5
  ['1.3.14.3.2.26', 'SHA-256'], // SHA-1
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
  ['2.16.840.1.101.3.4.2.3', 'SHA-512'],
]);
