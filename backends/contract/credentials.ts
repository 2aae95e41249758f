export type PackageName = 'Negotiate' | 'Kerberos' | 'NTLM';
export type BackendName = 'wasm' | 'secur32';
/** The package that Negotiate settled on, or the one that was asked for. */
export type MechanismName = 'Kerberos' | 'NTLM';

/** pAuthData: who the caller is. `undefined` in its place means the host's default credential. */
export type AuthData =
  /** `alice`, `alice@AD.TEST` and `ADTEST\alice` all work in `user`; a `domain` given beside it wins. */
  | { user: string; domain?: string; password: string }
  /** `ntHash`: 16 bytes, MD4 of the UTF-16LE password. */
  | { user: string; domain?: string; ntHash: Uint8Array }
  /** `keytab`: its bytes, or a path where there are files. */
  | { user?: string; domain?: string; keytab: Uint8Array | string }
  /** `ccache`: its bytes, or a path or KRB5CCNAME-style name where there are files. */
  | { ccache: Uint8Array | string; user?: string }
  | { anonymous: true };

export interface Account {
  user: string;
  /** As the client gave it: NetBIOS or DNS name, or empty. */
  domain: string;
}

export type AccountSecret = { password: string } | { ntHash: Uint8Array };

/** For SECPKG_CRED_INBOUND: what an acceptor knows. */
export interface AcceptorData {
  keytab?: Uint8Array | string;
  /** Finds an account's secret; null when there is no such account. */
  accounts?: (account: Account) => Promise<AccountSecret | null> | AccountSecret | null;
  /** Default: in memory, bounded. */
  replayCache?: ReplayCache;
  /** Default `whenSupported`: they must match where the client sends them, or says that it would have; `always` refuses a client that sends none. */
  channelBindingPolicy?: 'never' | 'whenSupported' | 'always';
  /** The SPNs that a client may have meant (NTLM's target name, Kerberos' sname). Default: any. */
  serviceNames?: string[];
  /** Let anonymous NTLM clients in, without keys. Default false. */
  allowAnonymous?: boolean;
}

export interface ReplayCache {
  /** Remembers `key` until `until`; false when it is there already. */
  add(key: string, until: Date): boolean | Promise<boolean>;
}

export interface KerberosConfig {
  defaultRealm?: string;
  /** `kdc`: 'dc1.ad.test', 'udp://dc1:88', 'tcp://dc1:88', 'https://gw/KdcProxy'. */
  realms?: Record<string, { kdc?: string[]; kpasswd?: string[] }>;
  domainRealm?: Record<string, string>;
  /** The text of a krb5.conf. Default: KRB5_CONFIG or the system's, where there are files. */
  krb5Conf?: string;
  /** A DNS server over HTTPS (RFC 8484), such as 'https://dns.corp.example/dns-query': asked for KDCs in place of the runtime's own resolver. */
  dnsOverHttps?: string;
  /** Replaces all of the above, e.g. a test realm's. */
  transport?: KdcTransport;
  etypes?: string[];
  /** RC4-HMAC only with this. Default: what krb5.conf's allow_weak_crypto or allow_rc4 say for clients; false for acceptors. */
  allowWeakCrypto?: boolean;
}

export interface KdcTransport {
  /** Sends one framed-less message for a realm to its KDC, or to its password server, and resolves to the reply. */
  send(realm: string, message: Uint8Array, options: { signal?: AbortSignal; service?: 'kdc' | 'kpasswd' }): Promise<Uint8Array>;
}

export interface NtlmConfig {
  /** MS-NLMP 3.1.1.1. Default 3: NTLMv2 only. An acceptor takes NTLMv1 (to 4) and LM (to 3) only where a level is given. */
  lmCompatibilityLevel?: 0 | 1 | 2 | 3 | 4 | 5;
  workstation?: string;
  /** The acceptor's names. */
  netbiosDomainName?: string;
  netbiosComputerName?: string;
  dnsDomainName?: string;
  dnsComputerName?: string;
  dnsTreeName?: string;
  /** How long a challenge may be answered, in milliseconds. Default 5 minutes. */
  challengeLifetime?: number;
  /** Key strengths to offer, strongest first. Default: 128 alone is required, 56 also offered, as Windows does. */
  minimumKeyStrength?: 128 | 56 | 40;
  /** Send zeros as channel bindings where there are none, as Windows does; some servers refuse that. Default false: send no pair. */
  emptyChannelBindings?: boolean;
}
