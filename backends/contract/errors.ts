import * as statuses from './status.ts';

/** The name of an error status: `'SEC_E_INVALID_TOKEN'`, and its siblings. */
export type SspiErrorCode = Exclude<Extract<keyof typeof statuses, `SEC_E_${string}`>, 'SEC_E_OK'>;

export interface SspiErrorDetails {
  /** What lies behind: another error, kept as `error.cause`. */
  cause?: unknown;
  /** What to send to the peer, when ISC_REQ_EXTENDED_ERROR or ASC_REQ_EXTENDED_ERROR asked for it. */
  token?: Uint8Array;
  /** One sentence that a person can act on. */
  remedy?: string;
  /** Byte offset in the input token at which it stopped making sense; the message names it too. */
  offset?: number;
  /** What the KDC or the Kerberos peer said. */
  kerberos?: KerberosErrorInfo;
}

export interface KerberosErrorInfo {
  errorCode: number;
  name: string;
  text?: string;
  realm?: string;
  serverTime?: Date;
}

/**
 * The one error of this package: a SECURITY_STATUS with its name, its cause and, where known, the remedy.
 *
 * Its message never holds a secret. A wrong argument (not a wrong token) is a TypeError or RangeError instead.
 */
export class SspiError extends Error {
  override readonly name = 'SspiError';
  /** The unsigned SECURITY_STATUS, e.g. 0x80090308. */
  readonly status: number;
  /** Its name, e.g. 'SEC_E_INVALID_TOKEN'. */
  readonly code: SspiErrorCode;
  readonly token?: Uint8Array;
  readonly remedy?: string;
  readonly offset?: number;
  readonly kerberos?: KerberosErrorInfo;

  constructor(code: SspiErrorCode, message: string, details: SspiErrorDetails = {}) {
    const at = details.offset === undefined ? '' : ` (at byte ${details.offset})`;
    super(`${code}: ${message}${at}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = statuses[code];
    this.code = code;
    if (details.token !== undefined) this.token = details.token;
    if (details.remedy !== undefined) this.remedy = details.remedy;
    if (details.offset !== undefined) this.offset = details.offset;
    if (details.kerberos !== undefined) this.kerberos = details.kerberos;
  }
}

/** The name of a SECURITY_STATUS, or its hexadecimal value where it has none. */
export function statusName(status: number): string {
  return NAMES.get(status >>> 0) ?? `0x${(status >>> 0).toString(16).padStart(8, '0')}`;
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(statuses).map(([name, value]) => [value, name]));
