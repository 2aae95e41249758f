import { SspiError } from '../../contract/errors.ts';
import { core } from './instance.ts';
import type { CoreExports } from './instance.ts';

/** RFC 4178 §4.2.2. */
export const ACCEPT_COMPLETE = 0;
export const ACCEPT_INCOMPLETE = 1;
export const REJECT = 2;
export const REQUEST_MIC = 3;

/** NegTokenInit (RFC 4178 §4.2.1) or NegTokenInit2 (MS-SPNG 2.2.1). Empty octet strings read as null. */
export interface NegTokenInit {
  kind: 'NegTokenInit';
  /** The DER of MechTypeList as it came, without the [0] around it: what a mechListMIC covers. A copy. */
  mechTypes: Uint8Array | null;
  /** Content octets of each OID of the list, over `mechTypes`. */
  mechs: Uint8Array[];
  mechToken: Uint8Array | null;
  mechListMic: Uint8Array | null;
  hintName: string | null;
}

/** NegTokenResp (RFC 4178 §4.2.2). Empty octet strings read as null: old IIS sends them for absent ones. */
export interface NegTokenResp {
  kind: 'NegTokenResp';
  negState: number | null;
  /** Content octets of the OID. */
  supportedMech: Uint8Array | null;
  responseToken: Uint8Array | null;
  mechListMic: Uint8Array | null;
}

/**
 * Reads a SPNEGO token: one call into core.wasm. Tokens, MICs and supportedMech are views of `token`.
 *
 * Throws SEC_E_INVALID_TOKEN with the offset and what was expected there.
 */
export function decodeNegotiationToken(token: Uint8Array): NegTokenInit | NegTokenResp {
  const { input, spnegoDecode, table, maxToken } = face();
  if (token.length > maxToken) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: at most ${maxToken} bytes expected, ${token.length} came`, { offset: maxToken });
  }
  input.set(token);
  const expected = spnegoDecode(token.length);
  try {
    if (expected !== 0) throw malformed(token, expected, table[FAILED_AT]!);
    return readTable(token, table);
  } finally {
    table.fill(0);
  }
}

function readTable(token: Uint8Array, table: Int32Array): NegTokenInit | NegTokenResp {
  const span = (word: number) => (table[word + 1]! > 0 ? token.subarray(table[word]!, table[word]! + table[word + 1]!) : null);

  if (table[KIND] === KIND_RESP) {
    return {
      kind: 'NegTokenResp',
      negState: table[NEG_STATE]! < 0 ? null : table[NEG_STATE]!,
      supportedMech: span(SUPPORTED_MECH),
      responseToken: span(TOKEN),
      mechListMic: span(MECH_LIST_MIC),
    };
  }
  const start = table[MECH_TYPES]!;
  const mechTypes = span(MECH_TYPES)?.slice() ?? null;
  const mechs: Uint8Array[] = [];
  if (mechTypes !== null) {
    for (let word = MECHS; word < MECHS + 2 * table[COUNT]!; word += 2) {
      const at = table[word]! - start;
      mechs.push(mechTypes.subarray(at, at + table[word + 1]!));
    }
  }
  const hint = span(HINT_NAME);
  return {
    kind: 'NegTokenInit', mechTypes, mechs,
    mechToken: span(TOKEN), mechListMic: span(MECH_LIST_MIC),
    hintName: hint && String.fromCharCode(...hint.subarray(0, MAX_HINT)),
  };
}

/** `mechTypes`: the DER of `encodeMechTypes`, or of a list that was received. With `hintName` (Latin-1) it is a NegTokenInit2. */
export function encodeNegTokenInit(fields: {
  mechTypes: Uint8Array; mechToken?: Uint8Array | null; mechListMic?: Uint8Array | null; hintName?: string | null;
}): Uint8Array {
  const { mechTypes, mechToken, hintName, mechListMic } = fields;
  const hint = hintName ? Uint8Array.from(hintName, (character) => character.charCodeAt(0)) : null;
  const wasm = face();
  put(wasm, put(wasm, put(wasm, put(wasm, 0, mechTypes), mechToken), hint), mechListMic);
  return take(wasm, wasm.spnegoEncodeInit(mechTypes.length, mechToken?.length ?? 0, hint?.length ?? 0, mechListMic?.length ?? 0));
}

export function encodeNegTokenResp(fields: {
  negState: number | null; supportedMech?: Uint8Array | null; responseToken?: Uint8Array | null; mechListMic?: Uint8Array | null;
}): Uint8Array {
  const wasm = face();
  const { negState, supportedMech, responseToken, mechListMic } = fields;
  put(wasm, put(wasm, put(wasm, 0, supportedMech), responseToken), mechListMic);
  return take(wasm, wasm.spnegoEncodeResp(negState ?? -1, supportedMech?.length ?? 0, responseToken?.length ?? 0, mechListMic?.length ?? 0));
}

/** The DER of MechTypeList for OIDs given as content octets. At most 127 bytes each, 65,000 together. */
export function encodeMechTypes(mechs: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const mech of mechs) length += 2 + mech.length;
  const header = length < 0x80 ? [0x30, length] : length < 0x100 ? [0x30, 0x81, length] : [0x30, 0x82, length >> 8, length & 0xff];
  const list = new Uint8Array(header.length + length);
  list.set(header);
  let at = header.length;
  for (const mech of mechs) {
    list[at] = 0x06;
    list[at + 1] = mech.length;
    list.set(mech, at + 2);
    at += 2 + mech.length;
  }
  return list;
}

/** True for a token that says by its first bytes that it is SPNEGO's: the GSS header with its OID, or a bare [0] or [1]. */
export function looksLikeSpnego(token: Uint8Array): boolean {
  if (token[0] === 0xa0 || token[0] === 0xa1) return true;
  if (token[0] !== 0x60) return false;
  const oid = (token[1]! & 0x80) === 0 ? 2 : 2 + (token[1]! & 0x7f);
  return SPNEGO_OID_ELEMENT.every((byte, index) => token[oid + index] === byte);
}

/** Writes one part of a token to be; returns where the next one goes. */
function put(wasm: Face, at: number, part: Uint8Array | null | undefined): number {
  if (!part) return at;
  if (at + part.length > wasm.maxToken) throw tooLong(wasm);
  wasm.input.set(part, at);
  return at + part.length;
}

function take(wasm: Face, length: number): Uint8Array {
  if (length < 0) throw tooLong(wasm);
  const token = wasm.output.slice(0, length);
  wasm.output.fill(0, 0, length);
  return token;
}

function tooLong(wasm: Face): SspiError {
  return new SspiError('SEC_E_INTERNAL_ERROR', `SPNEGO: the token to be sent would be longer than ${wasm.maxToken} bytes`);
}

function malformed(token: Uint8Array, expected: number, offset: number): SspiError {
  const what = EXPECTED[expected] ?? 'a SPNEGO token';
  const came = offset < token.length ? `0x${token[offset]!.toString(16).padStart(2, '0')} came` : 'the token ends';
  return new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: ${what} expected, ${came}`, { offset });
}

interface Face {
  input: Uint8Array;
  output: Uint8Array;
  table: Int32Array;
  maxToken: number;
  spnegoDecode: CoreExports['spnegoDecode'];
  spnegoEncodeInit: CoreExports['spnegoEncodeInit'];
  spnegoEncodeResp: CoreExports['spnegoEncodeResp'];
}

// Made once: the memory of core.wasm never grows, so the views never detach, and reading a WebAssembly.Global is slow.
let made: Face | undefined;
function face(): Face {
  if (made !== undefined) return made;
  const { input, output, exports } = core();
  const { spnegoDecode, spnegoEncodeInit, spnegoEncodeResp } = exports;
  const table = new Int32Array(output.buffer, output.byteOffset, exports.SPNEGO_TABLE_SIZE.value >> 2);
  return (made = { input, output, table, maxToken: exports.MAX_TOKEN.value, spnegoDecode, spnegoEncodeInit, spnegoEncodeResp });
}

// The words of the table and the numbers of what was expected: assembly/token/spnego-decode.ts.
const FAILED_AT = 0, KIND = 1, NEG_STATE = 2, MECH_TYPES = 3, TOKEN = 5, MECH_LIST_MIC = 7, SUPPORTED_MECH = 9, HINT_NAME = 11, COUNT = 13, MECHS = 14;
const KIND_RESP = 2;
const MAX_HINT = 1024;
const SPNEGO_OID_ELEMENT = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
const EXPECTED = [
  '', 'a length within the element around it', 'NegTokenInit or NegTokenResp', 'the OID of SPNEGO', 'NegTokenInit [0] or NegTokenResp [1]',
  'a SEQUENCE', 'a field of the token in its order', 'a MechTypeList', 'an OBJECT IDENTIFIER', 'at most 64 mechanisms', 'an OCTET STRING',
  'NegHints', 'a GeneralString', 'negState, one byte from 0 to 3',
];
