import { SspiError } from '../../contract/errors.ts';
import { core } from './instance.ts';
import { ntlmFailure } from './ntlm-errors.ts';

/** A stretch of a message: its offset and length in bytes. */
export interface Field {
  offset: number;
  length: number;
}

export interface NegotiateMessage {
  kind: 'NEGOTIATE';
  flags: number;
  /** Offset of the Version, or null. */
  version: number | null;
  /** In the OEM code page. */
  domain: Field;
  workstation: Field;
}

/** What the AV_PAIRs of a CHALLENGE or an NTLMv2 response say; offsets count from the start of the message. */
export interface AvSummary {
  /** MsvAvFlags, 0 when absent. */
  avFlags: number;
  /** Offset of the FILETIME, or null. */
  timestamp: number | null;
  /** MsvAvTargetName, or null. */
  targetName: Field | null;
  /** Offset of the 16 bytes, or null. */
  channelBindings: number | null;
  singleHost: Field | null;
}

export interface ChallengeMessage extends AvSummary {
  kind: 'CHALLENGE';
  flags: number;
  version: number | null;
  targetName: Field | null;
  name: Field;
  /** The AV_PAIRs without their end; length 0 when there are none. */
  targetInfo: Field;
  serverChallenge: Field;
}

export interface AuthenticateMessage extends AvSummary {
  kind: 'AUTHENTICATE';
  flags: number;
  version: number | null;
  lmResponse: Field;
  ntResponse: Field;
  domain: Field;
  user: Field;
  workstation: Field;
  sessionKey: Field;
  /** The AV_PAIRs within an NTLMv2 response, without their end. */
  targetInfo: Field;
  /** Offset of the MIC, or null when MsvAvFlags tells of none. */
  mic: number | null;
}

export type NtlmMessage = NegotiateMessage | ChallengeMessage | AuthenticateMessage;

/** Reads any of the three messages in one call into core.wasm. Throws SEC_E_INVALID_TOKEN with the offset and the field. */
export function parseNtlmMessage(message: Uint8Array): NtlmMessage {
  const wasm = core();
  if (message.length > MAX_TOKEN) throw tooLong(message.length, 'message');
  wasm.input.set(message);
  const status = wasm.exports.ntlmParse(message.length);
  const result = status === 0 ? readTable(tableOf(wasm.output)) : null;
  wasm.input.fill(0, 0, message.length);
  wasm.output.fill(0, 0, TABLE_LENGTH);
  if (result === null) throw ntlmFailure(status, 'message');
  return result;
}

/** The message that `parseNtlmMessage` must find. Throws SEC_E_INVALID_TOKEN for another. */
export function parseAuthenticate(message: Uint8Array): AuthenticateMessage {
  const parsed = parseNtlmMessage(message);
  if (parsed.kind !== 'AUTHENTICATE') throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: AUTHENTICATE expected, ${parsed.kind} came`, { offset: 8 });
  return parsed;
}

/** A pair of `targetInfo`, which was checked when its message was parsed. */
export interface AvPair {
  id: number;
  /** Offset of the value in the message. */
  offset: number;
  value: Uint8Array;
}

export function* avPairs(message: Uint8Array, list: Field): Generator<AvPair> {
  for (let at = list.offset; at < list.offset + list.length;) {
    const id = message[at]! | (message[at + 1]! << 8);
    const length = message[at + 2]! | (message[at + 3]! << 8);
    at += 4;
    yield { id, offset: at, value: message.subarray(at, at + length) };
    at += length;
  }
}

export const MAX_TOKEN = 0xffff; // assembly/memory.ts

export function tooLong(length: number, message: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `NTLM ${message}: at most ${MAX_TOKEN} bytes expected, ${length} came`, { offset: MAX_TOKEN });
}

/** The words that the core leaves at OUTPUT: the layout is drawn in assembly/token/ntlm-message.ts. */
export function tableOf(output: Uint8Array): Int32Array {
  return (table ??= new Int32Array(output.buffer, output.byteOffset, WORDS));
}

let table: Int32Array | undefined; // one view for good: the memory of core.wasm never grows

export function readTable(table: Int32Array): NtlmMessage {
  const field = (index: number): Field => ({ offset: table[index]!, length: table[index + 1]! });
  const present = (index: number): number | null => table[index] || null;
  const flags = table[1]! >>> 0;
  const version = present(2);
  if (table[0] === 1) return { kind: 'NEGOTIATE', flags, version, domain: field(3), workstation: field(5) };
  const avs: AvSummary = {
    avFlags: table[18]! >>> 0,
    timestamp: present(19),
    targetName: table[20]! < 0 ? null : field(20),
    channelBindings: present(22),
    singleHost: table[23] === 0 ? null : field(23),
  };
  if (table[0] === 2) return { kind: 'CHALLENGE', flags, version, name: field(3), targetInfo: field(5), serverChallenge: field(7), ...avs };
  return {
    kind: 'AUTHENTICATE', flags, version, lmResponse: field(3), ntResponse: field(5), domain: field(7), user: field(9), workstation: field(11),
    sessionKey: field(13), targetInfo: field(15), mic: present(17), ...avs,
  };
}

const WORDS = 25;
const TABLE_LENGTH = 4 * WORDS;
