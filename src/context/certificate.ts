import { elementAt, type DerElement } from '../../backends/wasm/wire/der.ts';

/** What tls-server-end-point needs of a certificate: how it is signed. */
export interface SignatureAlgorithm {
  /** Dotted. */
  oid: string;
  /** RSASSA-PSS only: the dotted hash of its parameters. */
  pssHash: string | null;
}

/*
 * RFC 5280 §4.1:
 *
 *   Certificate          SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 *   AlgorithmIdentifier  SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }
 *
 * RFC 4055 §3.1, of which only the hash counts here:
 *
 *   RSASSA-PSS-params    SEQUENCE { hashAlgorithm [0] AlgorithmIdentifier DEFAULT sha1, … }
 */

/** Throws an Error that says what the bytes lack to be a certificate. */
export function parseSignatureAlgorithm(certificate: Uint8Array): SignatureAlgorithm {
  const whole = enter(certificate, 0, certificate.length, SEQUENCE, 'Certificate');
  if (whole.end !== certificate.length) throw new Error(`Certificate: ${certificate.length - whole.end} bytes stand behind it`);
  const tbs = enter(certificate, whole.start, whole.end, SEQUENCE, 'tbsCertificate');
  const algorithm = enter(certificate, tbs.end, whole.end, SEQUENCE, 'signatureAlgorithm');
  enter(certificate, algorithm.end, whole.end, BIT_STRING, 'signatureValue');
  const oid = enter(certificate, algorithm.start, algorithm.end, OBJECT_IDENTIFIER, 'algorithm');
  const dotted = oidOf(certificate, oid);
  return { oid: dotted, pssHash: dotted === RSASSA_PSS ? pssHashOf(certificate, oid.end, algorithm.end) : null };
}

function pssHashOf(certificate: Uint8Array, at: number, end: number): string {
  const parameters = enter(certificate, at, end, SEQUENCE, 'RSASSA-PSS-params');
  if (certificate[parameters.start] !== HASH_ALGORITHM || parameters.start === parameters.end) return SHA1;
  const tagged = enter(certificate, parameters.start, parameters.end, HASH_ALGORITHM, 'hashAlgorithm');
  const hash = enter(certificate, tagged.start, tagged.end, SEQUENCE, 'hashAlgorithm');
  return oidOf(certificate, enter(certificate, hash.start, hash.end, OBJECT_IDENTIFIER, 'algorithm'));
}

function enter(bytes: Uint8Array, at: number, end: number, tag: number, what: string): DerElement {
  const element = elementAt(bytes, at, end);
  if (element?.tag !== tag) throw new Error(`${what} expected at byte ${at}`);
  return element;
}

function oidOf(bytes: Uint8Array, { start, end }: DerElement): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes.subarray(start, end)) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    // the first number holds two arcs
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2));
    arcs.push(arcs.length === 1 ? arc - 40 * arcs[0]! : arc);
    arc = 0;
  }
  return arcs.join('.');
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
/** [0] */
const HASH_ALGORITHM = 0xa0;
const RSASSA_PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';
