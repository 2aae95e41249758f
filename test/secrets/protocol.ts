import type { NtlmConfig } from '../../backends/contract/credentials.ts';

/** What the process does whose memory is read. Secrets are hexadecimal text, or passwords. */
export interface Order {
  target: string;
  packageList: string;
  user: string;
  password?: string;
  ntHash?: string;
  clientKeytab?: string;
  /** The service's. */
  keytab?: string;
  /** The password that the server's accounts callback gives. */
  account?: string;
  client?: { flags?: number; ntlm?: NtlmConfig };
  server?: { ntlm?: NtlmConfig };
  /** After so many the handshake is given up. */
  legs?: number;
  /** The token of this leg is altered on its way. */
  altered?: number;
}

export type Report =
  | { stage: 'kdc'; id: number; message: string }
  /** Credentials and contexts are there. `planted`: random bytes, masked, which stay in memory all the time. */
  | { stage: 'alive'; failure: string; sessionKeys: string[]; planted: string }
  /** They were disposed of. `collections`: how often the collector ran in between. */
  | { stage: 'deleted'; collections: number; planted: string };

/** Hexadecimal text of bytes as nobody else has them in memory. */
export function mask(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte ^ MASK).toString(16).padStart(2, '0')).join('');
}

export function unmask(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'), (byte) => byte ^ MASK);
}

const MASK = 0xa5;
