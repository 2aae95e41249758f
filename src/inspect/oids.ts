/** Mechanisms by the dotted form of their OID. */
export const MECHANISMS: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.2': 'SPNEGO',
  '1.2.840.113554.1.2.2': 'Kerberos V5',
  '1.2.840.48018.1.2.2': "Kerberos V5, Microsoft's variant",
  '1.2.840.113554.1.2.2.3': 'Kerberos V5 user-to-user',
  '1.3.5.1.5.2': 'Kerberos V5, old draft',
  '1.3.6.1.4.1.311.2.2.10': 'NTLM',
  '1.3.6.1.4.1.311.2.2.30': 'NEGOEX',
  '1.3.6.1.5.2.5': 'IAKERB',
};

export function mechanismName(dotted: string): string {
  const name = MECHANISMS[dotted];
  return name === undefined ? dotted : `${dotted} (${name})`;
}

export const SPNEGO = '1.3.6.1.5.5.2';
