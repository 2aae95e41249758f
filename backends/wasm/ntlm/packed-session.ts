import { SspiError } from '../../contract/errors.ts';
import { DIRECTION_LENGTH, type Direction } from '../core/ntlm-session.ts';
import { type ByteReader, byteReader } from '../wire/byte-reader.ts';
import { byteWriter } from '../wire/byte-writer.ts';
import { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, NTLMSSP_NEGOTIATE_SEAL, NTLMSSP_NEGOTIATE_SIGN } from './flags.ts';
import type { Directions, SessionFacts } from './session-facts.ts';

/*
 * An exported session, big-endian. Secret: it holds the keys.
 *
 *   0 'NTLM'   4 version 1   5 what it is (bits below)   6 flags, 4   10 attributes, 4
 *  14 client's name | target | target that the client named: length in UTF-16 units, 4, and the units; ffffffff: null
 *     exported session key: 16, with KEY
 *     send state, 292, number, 4 | receive state, 292, number, 4: with PROTECTED; one alone without extended session security
 */
const MAGIC = 0x4e544c4d;
const VERSION = 1;
const INITIATOR = 1;
const MIC = 2;
const BINDINGS = 4;
const KEY = 8;
const PROTECTED = 16;
const KNOWN = INITIATOR | MIC | BINDINGS | KEY | PROTECTED;
const ABSENT = 0xffffffff;

export function packSession(facts: SessionFacts, directions: Directions | null): Uint8Array {
  const writer = byteWriter();
  writer.uint32(MAGIC);
  writer.uint8(VERSION);
  writer.uint8((facts.initiator ? INITIATOR : 0) | (facts.mic ? MIC : 0) | (facts.channelBindingsVerified ? BINDINGS : 0)
    | (facts.exportedSessionKey.length > 0 ? KEY : 0) | (directions !== null ? PROTECTED : 0));
  writer.uint32(facts.flags);
  writer.uint32(facts.attributes);
  for (const name of [facts.names.client, facts.names.target, facts.clientSpecifiedTarget]) {
    writer.uint32(name === null ? ABSENT : name.length);
    for (let i = 0; i < (name?.length ?? 0); i++) writer.uint16(name!.charCodeAt(i));
  }
  writer.bytes(facts.exportedSessionKey);
  if (directions !== null) {
    for (const direction of new Set([directions.send, directions.receive])) {
      writer.bytes(direction.state);
      writer.uint32(direction.sequence);
    }
  }
  return writer.finish();
}

/** Throws SEC_E_INVALID_TOKEN with the offset. */
export function unpackSession(packed: Uint8Array): { facts: SessionFacts; directions: Directions | null } {
  const reader = byteReader(packed, { subject: 'exported NTLM session', code: 'SEC_E_INVALID_TOKEN' });
  if (reader.uint32('magic') !== MAGIC) reader.fail("'NTLM' expected at the start", 0);
  const version = reader.uint8('version');
  if (version !== VERSION) reader.fail(`version ${VERSION} expected, ${version} came`, 4);
  const bits = reader.uint8('kind');
  if ((bits & ~KNOWN) !== 0) reader.fail(`unknown bits in 0x${bits.toString(16)}`, 5);
  const flags = reader.uint32('flags');
  const attributes = reader.uint32('attributes');
  const client = readName(reader, "client's name") ?? missingName(reader);
  const target = readName(reader, 'target');
  const clientSpecifiedTarget = readName(reader, 'specified target');
  const protectedBits = (flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) !== 0;
  if (protectedBits !== ((bits & PROTECTED) !== 0)) reader.fail('the flags and the presence of keys contradict each other', 5);

  const exportedSessionKey = (bits & KEY) !== 0 ? new Uint8Array(reader.bytes(16, 'session key')) : new Uint8Array(0);
  let directions: Directions | null = null;
  if (protectedBits) {
    const send = readDirection(reader);
    const receive = (flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0 ? readDirection(reader) : send;
    directions = { send, receive };
  }
  if (reader.remaining !== 0) throw new SspiError('SEC_E_INVALID_TOKEN', `exported NTLM session: ${reader.remaining} bytes too many`, { offset: reader.offset });
  const facts = {
    initiator: (bits & INITIATOR) !== 0, flags, attributes, names: { client, target }, exportedSessionKey,
    mic: (bits & MIC) !== 0, channelBindingsVerified: (bits & BINDINGS) !== 0, clientSpecifiedTarget,
  };
  return { facts, directions };
}

function missingName(reader: ByteReader): never {
  return reader.fail("the client's name is missing", 14);
}

function readDirection(reader: ByteReader): Direction {
  const state = new Uint8Array(reader.bytes(DIRECTION_LENGTH, 'state of a direction'));
  return { state, sequence: reader.uint32('sequence number') };
}

function readName(reader: ByteReader, what: string): string | null {
  const length = reader.uint32(what);
  if (length === ABSENT) return null;
  const units = reader.bytes(2 * length, what);
  let text = '';
  for (let i = 0; i < units.length; i += 2) text += String.fromCharCode((units[i]! << 8) | units[i + 1]!);
  return text;
}
