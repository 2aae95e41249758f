import type { MessagePart } from '../mechanism.ts';
import { core } from './instance.ts';
import { keep } from './slab.ts';

/** One direction of a session: its RC4 handle and the chaining values of its signing key, and the number of the next message. */
export interface Direction {
  /** NTLM_DIRECTION bytes; secret. */
  readonly state: Uint8Array;
  sequence: number;
}

/** Modes, as assembly/token/ntlm-session.ts numbers them. */
export const EXTENDED = 1;
export const SEAL_CHECKSUM = 2;

/** What comes of a check. */
export const OK = 0;
export const ALTERED = 1;
export const OUT_OF_SEQUENCE = 2;

export const SIGNATURE_LENGTH = 16;

/** Bytes of a direction's state: 260 of RC4, which messages change, then 32 of the signing key. */
export const DIRECTION_LENGTH = 292;
export const HANDLE_LENGTH = 260;
const CHUNK = 0x10000;

const SIGNED = 0;
const SEALED = 1;
const UNSEALED = 2;

/** SIGNKEY and SEALKEY: the client's direction and the server's (MS-NLMP 3.4.5). */
export function sessionKeys(exportedSessionKey: Uint8Array, flags: number): [client: Uint8Array, server: Uint8Array] {
  const { exports, key } = core();
  key.set(exportedSessionKey);
  exports.ntlmSessionKeys(flags);
  const states = keep(key.subarray(0, 2 * DIRECTION_LENGTH));
  key.fill(0, 0, 2 * DIRECTION_LENGTH);
  return [states.subarray(0, DIRECTION_LENGTH), states.subarray(DIRECTION_LENGTH)];
}

/** The signature over the parts, one behind the other; those to `encrypt` are encrypted in place. `still`: the handle stays where it was. */
export function protect(direction: Direction, mode: number, parts: readonly MessagePart[], still = false): Uint8Array {
  const { exports, input, output, key } = core();
  const { state, sequence } = direction;
  const only = parts.length === 1 ? parts[0]! : null;
  key.set(state);
  if (only !== null && only.data.length <= CHUNK) {
    const { data, encrypt } = only;
    input.set(data);
    if (encrypt) {
      exports.ntlmSeal(data.length, sequence, mode);
      data.set(output.subarray(SIGNATURE_LENGTH, SIGNATURE_LENGTH + data.length));
    } else {
      exports.ntlmSign(data.length, sequence, mode);
    }
    const signature = output.slice(0, SIGNATURE_LENGTH);
    output.fill(0, 0, SIGNATURE_LENGTH + data.length);
    advance(direction, still);
    return signature;
  }
  exports.ntlmBegin(sequence, mode);
  passAll(parts, mode, SEALED);
  exports.ntlmEnd(sequence, mode);
  const signature = output.slice(0, SIGNATURE_LENGTH);
  advance(direction, still);
  wipePieces();
  return signature;
}

/** Signature and sealed (or plain) message in one token. */
export function wrapMessage(direction: Direction, mode: number, message: Uint8Array, encrypt: boolean): Uint8Array {
  if (encrypt && message.length <= CHUNK) {
    const { exports, input, output, key } = core();
    key.set(direction.state);
    input.set(message);
    exports.ntlmSeal(message.length, direction.sequence, mode);
    const token = output.slice(0, SIGNATURE_LENGTH + message.length);
    output.fill(0, 0, token.length);
    advance(direction);
    return token;
  }
  const token = new Uint8Array(SIGNATURE_LENGTH + message.length);
  token.set(message, SIGNATURE_LENGTH);
  token.set(protect(direction, mode, [{ data: token.subarray(SIGNATURE_LENGTH), encrypt }]));
  return token;
}

/** Checks the signature and decrypts in place; unless the result is OK, the parts and the direction are as they were. */
export function unprotect(direction: Direction, mode: number, parts: readonly MessagePart[], signature: Uint8Array, still = false): number {
  const { exports, input, output, key } = core();
  const { state, sequence } = direction;
  key.set(state);
  const only = parts.length === 1 ? parts[0]! : null;
  if (only !== null && only.data.length <= CHUNK) {
    const { data, encrypt } = only;
    input.set(signature);
    input.set(data, SIGNATURE_LENGTH);
    const status = encrypt ? exports.ntlmUnseal(data.length, sequence, mode) : exports.ntlmVerifySignature(data.length, sequence, mode);
    if (encrypt) {
      if (status === OK) data.set(output.subarray(0, data.length));
      output.fill(0, 0, data.length);
    }
    return settle(direction, status, still);
  }
  exports.ntlmBegin(sequence, mode);
  passAll(parts, mode, UNSEALED);
  input.set(signature);
  const status = exports.ntlmCheck(sequence, mode);
  const result = settle(direction, status, still);
  if (status !== OK) {
    // the same key stream once more brings back what came
    key.set(state);
    passAll(parts, mode, SEALED);
    key.fill(0, 0, KEY_USED);
  }
  wipePieces();
  return result;
}

/** The message of a sealed token, or the check's result. */
export function unwrapSealed(direction: Direction, mode: number, token: Uint8Array): Uint8Array | number {
  const length = token.length - SIGNATURE_LENGTH;
  if (length > CHUNK) {
    const message = new Uint8Array(token.subarray(SIGNATURE_LENGTH));
    const status = unprotect(direction, mode, [{ data: message, encrypt: true }], token.subarray(0, SIGNATURE_LENGTH));
    return status === OK ? message : status;
  }
  const { exports, input, output, key } = core();
  key.set(direction.state);
  input.set(token);
  const status = exports.ntlmUnseal(length, direction.sequence, mode);
  if (status !== OK) return settle(direction, status);
  const message = output.slice(0, length);
  output.fill(0, 0, length);
  advance(direction);
  return message;
}

function passAll(parts: readonly MessagePart[], mode: number, operation: number): void {
  const { exports, input, output } = core();
  for (const { data, encrypt } of parts) {
    for (let from = 0; from < data.length; from += CHUNK) {
      const piece = data.subarray(from, from + CHUNK);
      input.set(piece);
      exports.ntlmPass(0, piece.length, mode, encrypt ? operation : SIGNED);
      if (encrypt) piece.set(output.subarray(0, piece.length));
    }
  }
}

function settle(direction: Direction, status: number, still = false): number {
  if (status === OK) advance(direction, still);
  else core().key.fill(0, 0, KEY_USED);
  return status;
}

/** Keeps the moved handle, unless it shall stand still, and counts the message. */
function advance(direction: Direction, still = false): void {
  const { key } = core();
  if (!still) direction.state.set(handleView(key));
  direction.sequence = (direction.sequence + 1) >>> 0;
  key.fill(0, 0, KEY_USED);
}

let handle: Uint8Array | undefined;

function handleView(key: Uint8Array): Uint8Array {
  return (handle ??= key.subarray(0, HANDLE_LENGTH));
}

function wipePieces(): void {
  const { input, output } = core();
  input.fill(0, 0, CHUNK);
  output.fill(0, 0, CHUNK);
}

const KEY_USED = 512;
