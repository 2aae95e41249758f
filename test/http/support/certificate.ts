// A self-signed certificate, made anew for each run: no private key lies in the repository, and none expires there.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/*
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }      RFC 5280 §4.1
 */

/** `cert` and `key` in PEM, for the names and 127.0.0.1; P-256 with SHA-256, or Ed25519. */
export function selfSigned(names: readonly string[], kind: 'P-256' | 'Ed25519' = 'P-256'): { cert: string; key: string } {
  const { publicKey, privateKey } = kind === 'P-256' ? generateKeyPairSync('ec', { namedCurve: kind }) : generateKeyPairSync('ed25519');
  const algorithm = sequence(Buffer.from(kind === 'P-256' ? '06082a8648ce3d040302' : '06032b6570', 'hex')); // ecdsa-with-SHA256
  const commonName = sequence(set(sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(names[0]!)))));
  const alternatives = sequence(...names.map((name) => der(0x82, Buffer.from(name))), der(0x87, Buffer.from([127, 0, 0, 1])));
  const subjectAltName = sequence(Buffer.from('0603551d11', 'hex'), der(0x04, alternatives));
  const day = 86400000;
  const tbs = sequence(
    der(0xa0, Buffer.from('020102', 'hex')), // v3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm, commonName, sequence(time(Date.now() - day), time(Date.now() + 30 * day)), commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subjectAltName)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign(kind === 'P-256' ? 'sha256' : null, tbs, privateKey)]));
  const base64 = sequence(tbs, algorithm, signature).toString('base64').replace(/(.{64})/g, '$1\n').trimEnd();
  return { cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function time(milliseconds: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(milliseconds).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
}
