/** Who a request was authenticated as: `req.sspi`. */
export interface SspiIdentity {
  /** The account's name without its domain. */
  user: string;
  /** The NetBIOS domain or the Kerberos realm, as the client gave it; empty where it gave none. */
  domain: string;
  /** What authenticated it. */
  package: 'Kerberos' | 'NTLM';
  /** SIDs of the groups, where the token told them. */
  groups?: string[];
}

/** Takes apart `ADTEST\alice`, `alice@AD.TEST` and a bare `alice`. */
export function toIdentity(peer: string, packageName: 'Kerberos' | 'NTLM'): SspiIdentity {
  const backslash = peer.indexOf('\\');
  if (backslash > 0) return { user: peer.slice(backslash + 1), domain: peer.slice(0, backslash), package: packageName };
  const name = backslash === 0 ? peer.slice(1) : peer;
  const at = name.lastIndexOf('@');
  return at > 0 ? { user: name.slice(0, at), domain: name.slice(at + 1), package: packageName } : { user: name, domain: '', package: packageName };
}
