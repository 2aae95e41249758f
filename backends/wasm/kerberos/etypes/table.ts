/** What the IANA registry and RFC 3962, 8009, 4757 say of each etype; sizes in bytes. */
export interface EtypeInfo {
  readonly etype: number;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly keyLength: number;
  readonly checksumType: number;
  readonly checksumLength: number;
  /** Only where a caller opts in (allowWeakCrypto). */
  readonly weak: boolean;
}

/** Strongest first, in the order in which Windows and MIT prefer them. */
export const ETYPES: readonly EtypeInfo[] = [
  { etype: 18, name: 'aes256-cts-hmac-sha1-96', aliases: ['aes256-cts', 'aes256-sha1'], keyLength: 32, checksumType: 16, checksumLength: 12, weak: false },
  { etype: 17, name: 'aes128-cts-hmac-sha1-96', aliases: ['aes128-cts', 'aes128-sha1'], keyLength: 16, checksumType: 15, checksumLength: 12, weak: false },
  { etype: 20, name: 'aes256-cts-hmac-sha384-192', aliases: ['aes256-sha2'], keyLength: 32, checksumType: 20, checksumLength: 24, weak: false },
  { etype: 19, name: 'aes128-cts-hmac-sha256-128', aliases: ['aes128-sha2'], keyLength: 16, checksumType: 19, checksumLength: 16, weak: false },
  { etype: 23, name: 'rc4-hmac', aliases: ['arcfour-hmac', 'arcfour-hmac-md5', 'rc4-hmac-nt'], keyLength: 16, checksumType: -138, checksumLength: 16, weak: true },
];

const BY_NUMBER = new Map(ETYPES.map((info) => [info.etype, info]));
const BY_NAME = new Map(ETYPES.flatMap((info) => [info.name, ...info.aliases].map((name) => [name, info] as const)));

export function etypeInfo(etype: number): EtypeInfo | undefined {
  return BY_NUMBER.get(etype);
}

/** By name, alias or number; case-insensitive. */
export function etypeByName(name: string): EtypeInfo | undefined {
  const lower = name.trim().toLowerCase();
  return BY_NAME.get(lower) ?? (/^\d+$/.test(lower) ? BY_NUMBER.get(Number(lower)) : undefined);
}

export function etypeName(etype: number): string {
  return BY_NUMBER.get(etype)?.name ?? `etype ${etype}`;
}
