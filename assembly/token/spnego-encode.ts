/*
 * One call writes a whole SPNEGO token. INPUT holds its parts, one behind the other in the order of the arguments;
 * a part of no length is left out. The result is its length in OUTPUT, or -1 when it would be longer than MAX_TOKEN.
 *
 *   NegTokenInit   60 | 06 06 2b0601050502 | a0 | 30 | a0 MechTypeList | a2 04 mechToken | a3 04 mechListMIC
 *   NegTokenInit2  60 | 06 06 2b0601050502 | a0 | 30 | a0 MechTypeList | a2 04 mechToken | a3 30 a0 1b hintName | a4 04 mechListMIC
 *   NegTokenResp   a1 | 30 | a0 0a negState | a1 06 supportedMech | a2 04 responseToken | a3 04 mechListMIC
 */
import { INPUT, MAX_TOKEN, OUTPUT } from '../memory';
import { APPLICATION, CONTEXT, ENUMERATED, GENERAL_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, derPut, derSize } from './der';

const SPNEGO_OID_SIZE = 8;

/** `mechTypes` comes with its SEQUENCE header. With a hintName the token is a NegTokenInit2 (MS-SPNG 2.2.1). Wipes INPUT. */
export function spnegoEncodeInit(mechTypes: i32, mechToken: i32, hintName: i32, mechListMic: i32): i32 {
  const hints = hintName == 0 ? 0 : derSize(derSize(hintName));
  const fields = derSize(mechTypes) + fieldSize(mechToken) + fieldSize(mechListMic) + (hints == 0 ? 0 : derSize(derSize(hints)));
  const choice = derSize(fields);
  const inner = SPNEGO_OID_SIZE + derSize(choice);
  const length = derSize(inner);
  let from = INPUT;
  if (length <= MAX_TOKEN) {
    let to = derPut(OUTPUT, APPLICATION, inner);
    to = derPut(to, OBJECT_IDENTIFIER, 6);
    store<u32>(to, 0x0501062b);
    store<u16>(to, 0x0205, 4);
    to = derPut(to + 6, CONTEXT, choice);
    to = derPut(to, SEQUENCE, fields);
    to = derPut(to, CONTEXT, mechTypes);
    memory.copy(to, from, mechTypes);
    to += mechTypes;
    from += mechTypes;
    to = putField(to, 2, OCTET_STRING, from, mechToken);
    from += mechToken;
    if (hints != 0) {
      to = derPut(to, CONTEXT + 3, derSize(hints));
      to = derPut(to, SEQUENCE, hints);
      to = putField(to, 0, GENERAL_STRING, from, hintName);
      from += hintName;
    }
    putField(to, hints == 0 ? 3 : 4, OCTET_STRING, from, mechListMic);
  }
  memory.fill(INPUT, 0, mechTypes + mechToken + mechListMic + hintName);
  return length <= MAX_TOKEN ? length : -1;
}

/** `negState` is -1 to leave it out; `supportedMech` is the content of the OID. Wipes INPUT. */
export function spnegoEncodeResp(negState: i32, supportedMech: i32, responseToken: i32, mechListMic: i32): i32 {
  const fields = (negState < 0 ? 0 : 5) + fieldSize(supportedMech) + fieldSize(responseToken) + fieldSize(mechListMic);
  const choice = derSize(fields);
  const length = derSize(choice);
  let from = INPUT;
  if (length <= MAX_TOKEN) {
    let to = derPut(OUTPUT, CONTEXT + 1, choice);
    to = derPut(to, SEQUENCE, fields);
    if (negState >= 0) {
      to = derPut(to, CONTEXT, 3);
      to = derPut(to, ENUMERATED, 1);
      store<u8>(to++, negState);
    }
    to = putField(to, 1, OBJECT_IDENTIFIER, from, supportedMech);
    from += supportedMech;
    to = putField(to, 2, OCTET_STRING, from, responseToken);
    from += responseToken;
    putField(to, 3, OCTET_STRING, from, mechListMic);
  }
  memory.fill(INPUT, 0, supportedMech + responseToken + mechListMic);
  return length <= MAX_TOKEN ? length : -1;
}

function fieldSize(content: i32): i32 {
  return content == 0 ? 0 : derSize(derSize(content));
}

function putField(to: usize, field: i32, tag: i32, from: usize, length: i32): usize {
  if (length == 0) return to;
  to = derPut(to, CONTEXT + field, derSize(length));
  to = derPut(to, tag, length);
  memory.copy(to, from, length);
  return to + length;
}
