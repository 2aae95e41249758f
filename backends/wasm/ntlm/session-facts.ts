import type { EstablishedNames } from '../../contract/attributes.ts';
import type { Direction } from '../core/ntlm-session.ts';

/** What a handshake proved. */
export interface SessionFacts {
  initiator: boolean;
  /** The negotiated flags; without SIGN and SEAL there are no keys to protect messages with. */
  flags: number;
  /** ISC_RET_* or ASC_RET_*. */
  attributes: number;
  names: EstablishedNames;
  /** Empty for an anonymous logon. */
  exportedSessionKey: Uint8Array;
  /** The AUTHENTICATE carried a MIC. */
  mic: boolean;
  channelBindingsVerified: boolean;
  clientSpecifiedTarget: string | null;
}

export interface Directions {
  send: Direction;
  /** The same object as `send` without extended session security: one handle and one number serve both ways. */
  receive: Direction;
}
