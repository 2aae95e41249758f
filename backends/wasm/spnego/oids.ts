import { sameBytes } from '../../contract/bytes.ts';

/** Mechanisms by the content octets of their OIDs. Kerberos has three that mean the same (MS-SPNG 3.1.5.2, RFC 4559). */
const oid = (...octets: number[]): Uint8Array => Uint8Array.from(octets);

/** 1.2.840.48018.1.2.2: Windows lists it first; one bit of 113554 was lost in Windows 2000 and stayed. */
export const MS_KRB5 = oid(0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02);
/** 1.2.840.113554.1.2.2 */
export const KRB5 = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02);
/** 1.3.5.1.5.2: understood, never offered. */
export const KRB5_DRAFT = oid(0x2b, 0x05, 0x01, 0x05, 0x02);
/** 1.3.6.1.4.1.311.2.2.10 */
export const NTLMSSP = oid(0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a);
/** 1.3.6.1.4.1.311.2.2.30 (MS-NEGOEX): passed over in a peer's list. */
export const NEGOEX = oid(0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e);
/** 1.2.840.113554.1.2.2.3, Kerberos user to user. */
export const KRB5_USER_TO_USER = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03);

export function includesOid(oids: readonly Uint8Array[], one: Uint8Array): boolean {
  return oids.some((other) => sameBytes(other, one));
}

/** '1.3.6.1.4.1.311.2.2.10 (NTLM)' */
export function describeOid(octets: Uint8Array): string {
  const name = NAMES.find(([known]) => sameBytes(known, octets))?.[1];
  return name === undefined ? dottedOid(octets) : `${dottedOid(octets)} (${name})`;
}

/** X.690 8.19: base 128, the first two arcs in one. Arcs past 2^53 lose their last digits. */
export function dottedOid(octets: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of octets) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet & 0x80) continue;
    if (arcs.length === 0) {
      const top = Math.min(Math.floor(arc / 40), 2);
      arcs.push(top);
      arc -= top * 40;
    }
    arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

const NAMES: readonly (readonly [Uint8Array, string])[] = [
  [MS_KRB5, 'Microsoft Kerberos'], [KRB5, 'Kerberos'], [KRB5_DRAFT, 'Kerberos draft'], [NTLMSSP, 'NTLM'], [NEGOEX, 'NEGOEX'],
  [KRB5_USER_TO_USER, 'Kerberos user to user'],
];
