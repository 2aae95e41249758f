import type { ContextSizes, EstablishedNames, KeyInfo } from '../../contract/attributes.ts';
import { SECQOP_WRAP_NO_ENCRYPT } from '../../contract/constants.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ALTERED, EXTENDED, OK, OUT_OF_SEQUENCE, protect, SEAL_CHECKSUM, sessionKeys, SIGNATURE_LENGTH, unprotect,
  unwrapSealed, wrapMessage,
} from '../core/ntlm-session.ts';
import type { Established, MessagePart } from '../mechanism.ts';
import { part } from '../parts.ts';
import {
  NTLMSSP_NEGOTIATE_128, NTLMSSP_NEGOTIATE_56, NTLMSSP_NEGOTIATE_ALWAYS_SIGN, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, NTLMSSP_NEGOTIATE_KEY_EXCH,
  NTLMSSP_NEGOTIATE_LM_KEY, NTLMSSP_NEGOTIATE_SEAL, NTLMSSP_NEGOTIATE_SIGN,
} from './flags.ts';
import { unpackSession } from './packed-session.ts';
import type { Directions, SessionFacts } from './session-facts.ts';

/** An established NTLM session: GSS_Wrap, GSS_GetMIC and SSPI's verbs (MS-NLMP 3.4). */
export class NtlmSession implements Established {
  readonly mechanism = 'NTLM';
  readonly attributes: number;
  readonly expiry = null;
  readonly names: EstablishedNames;
  readonly sizes: ContextSizes = { maxToken: 2888, maxSignature: SIGNATURE_LENGTH, blockSize: 0, securityTrailer: SIGNATURE_LENGTH };
  readonly channelBindingsVerified: boolean;
  readonly clientSpecifiedTarget: string | null;
  readonly mechListMicRequired: boolean;
  readonly mechListMicPossible: boolean;
  readonly #facts: SessionFacts;
  readonly #mode: number;
  #directions: Directions | null;
  #disposed = false;

  constructor(facts: SessionFacts, directions: Directions | null = null) {
    this.#facts = facts;
    this.#directions = directions;
    this.attributes = facts.attributes;
    this.names = facts.names;
    this.channelBindingsVerified = facts.channelBindingsVerified;
    this.clientSpecifiedTarget = facts.clientSpecifiedTarget;
    this.mechListMicPossible = this.#isSigned();
    this.mechListMicRequired = facts.mic && this.mechListMicPossible;
    this.#mode = has(facts.flags, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)
      ? EXTENDED | (has(facts.flags, NTLMSSP_NEGOTIATE_KEY_EXCH) ? SEAL_CHECKSUM : 0) : 0;
  }

  get sessionKey(): Uint8Array {
    this.#requireOpen();
    return this.#facts.exportedSessionKey.slice();
  }

  get keyInfo(): KeyInfo {
    const { flags } = this.#facts;
    const extended = has(flags, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
    return {
      signatureAlgorithmName: extended ? 'HMAC-MD5' : 'RSADSI RC4-CRC32',
      encryptAlgorithmName: 'RSADSI RC4',
      keySize: keySize(flags),
      signatureAlgorithm: extended ? KERB_CHECKSUM_HMAC_MD5 : KERB_CHECKSUM_CRC32,
      encryptAlgorithm: KERB_ETYPE_RC4_PLAIN2,
    };
  }

  /** MS-SPNG 3.3.5.1: a mechListMIC does not move the handle. */
  makeMechListMic(mechTypes: Uint8Array): Uint8Array {
    return this.#sign([mechTypes], true);
  }

  verifyMechListMic(mechTypes: Uint8Array, mic: Uint8Array): void {
    this.#verify([mechTypes], mic, true);
  }

  makeSignature(parts: readonly Uint8Array[], qop: number): Uint8Array {
    this.#requireOpen();
    if (qop !== 0) throw unknownQop(qop);
    return this.#sign(parts, false);
  }

  verifySignature(parts: readonly Uint8Array[], signature: Uint8Array): number {
    this.#verify(parts, signature, false);
    return 0;
  }

  encrypt(parts: readonly MessagePart[], qop: number): Uint8Array {
    if (qop === SECQOP_WRAP_NO_ENCRYPT) return this.makeSignature(parts.map(({ data }) => data), 0);
    if (qop !== 0) throw unknownQop(qop);
    this.#requireSeal();
    return protect(this.#keys().send, this.#mode, parts);
  }

  decrypt(parts: readonly MessagePart[], token: Uint8Array): number {
    this.#requireOpen();
    requireSignature(token, 'security trailer');
    const asSigned = () => this.verifySignature(parts.map(({ data }) => data), token);
    if (!this.#isSealed()) {
      asSigned();
      return SECQOP_WRAP_NO_ENCRYPT;
    }
    const { receive } = this.#keys();
    const status = unprotect(receive, this.#mode, parts, token);
    if (status === OK) return 0;
    if (status === ALTERED && unprotect(receive, this.#mode, parts.map(({ data }) => plain(data)), token) === OK) return SECQOP_WRAP_NO_ENCRYPT;
    throw this.#failure(status, token);
  }

  /** Seals where only SIGN was negotiated, too: GSS_Wrap on Windows does whatever was asked, and its LDAP server knows nothing else. */
  wrap(message: Uint8Array, encrypt: boolean): Uint8Array {
    if (encrypt && !this.#isProtected()) this.#requireSeal();
    else this.#requireOpen();
    if (this.#isProtected()) return wrapMessage(this.#keys().send, this.#mode, message, encrypt);
    const token = new Uint8Array(SIGNATURE_LENGTH + message.length);
    token.set(this.#dummySignature());
    token.set(message, SIGNATURE_LENGTH);
    return token;
  }

  /** Nothing in a token tells a sealed message from a merely signed one, so both readings are tried; a failed one moves nothing. */
  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
    this.#requireOpen();
    if (token.length < SIGNATURE_LENGTH) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: a signature of ${SIGNATURE_LENGTH} bytes expected, ${token.length} came`, { offset: token.length });
    }
    const signature = token.subarray(0, SIGNATURE_LENGTH);
    if (!this.#isProtected()) {
      this.#verifyDummy(signature);
      return { message: new Uint8Array(token.subarray(SIGNATURE_LENGTH)), encrypted: false };
    }
    const { receive } = this.#keys();
    const sealed = unwrapSealed(receive, this.#mode, token);
    if (typeof sealed !== 'number') return { message: sealed, encrypted: true };
    if (sealed === ALTERED) {
      const message = new Uint8Array(token.subarray(SIGNATURE_LENGTH));
      if (unprotect(receive, this.#mode, [plain(message)], signature) === OK) return { message, encrypted: false };
    }
    throw this.#failure(sealed, token);
  }

  streamHeaderLength(message: Uint8Array): number {
    if (message.length < SIGNATURE_LENGTH) {
      throw new SspiError('SEC_E_INCOMPLETE_MESSAGE', `NTLM: ${SIGNATURE_LENGTH} bytes of security trailer expected, ${message.length} came`, { offset: message.length });
    }
    return SIGNATURE_LENGTH;
  }

  export(): Uint8Array {
    this.#requireOpen();
    return part('packing').packSession(this.#facts, this.#isProtected() ? this.#keys() : null);
  }

  dispose(): void {
    this.#disposed = true;
    this.#facts.exportedSessionKey.fill(0);
    this.#directions?.send.state.fill(0);
    this.#directions?.receive.state.fill(0);
    this.#directions = null;
  }

  /** Made when the first message needs them: many sessions only authenticate. */
  #keys(): Directions {
    if (this.#directions !== null) return this.#directions;
    const { initiator, flags, exportedSessionKey } = this.#facts;
    const [client, server] = sessionKeys(exportedSessionKey, flags);
    const send = { state: initiator ? client : server, sequence: 0 };
    if (has(flags, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) return (this.#directions = { send, receive: { state: initiator ? server : client, sequence: 0 } });
    (initiator ? server : client).fill(0); // alike without extended session security, and one handle serves both ways
    return (this.#directions = { send, receive: send });
  }

  /** `still`: the RC4 handle stays where it was; the sequence number is used up all the same. */
  #sign(parts: readonly Uint8Array[], still: boolean): Uint8Array {
    this.#requireOpen();
    if (!this.#isSigned()) return this.#dummySignature();
    return protect(this.#keys().send, this.#mode, parts.map(plain), still);
  }

  #verify(parts: readonly Uint8Array[], signature: Uint8Array, still: boolean): void {
    this.#requireOpen();
    requireSignature(signature, 'signature');
    if (!this.#isSigned()) return this.#verifyDummy(signature);
    const status = unprotect(this.#keys().receive, this.#mode, parts.map(plain), signature, still);
    if (status !== OK) throw this.#failure(status, signature);
  }

  #isProtected(): boolean {
    return (this.#facts.flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) !== 0;
  }

  /** MS-NLMP 3.4.2: without SIGN a signature is the dummy one, though SEAL was negotiated. */
  #isSigned(): boolean {
    return has(this.#facts.flags, NTLMSSP_NEGOTIATE_SIGN);
  }

  #isSealed(): boolean {
    return has(this.#facts.flags, NTLMSSP_NEGOTIATE_SEAL);
  }

  #requireSeal(): void {
    this.#requireOpen();
    if (!this.#isSealed()) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'NTLM: sealing was not negotiated', { remedy: 'Ask for ISC_REQ_CONFIDENTIALITY when the context is made.' });
    }
  }

  #requireOpen(): void {
    if (this.#disposed) throw new SspiError('SEC_E_INVALID_HANDLE', 'NTLM: this session was disposed of');
  }

  /** ALWAYS_SIGN without SIGN: version 1 and zeros, which prove nothing (MS-NLMP 3.4.2). */
  #dummySignature(): Uint8Array {
    if (!has(this.#facts.flags, NTLMSSP_NEGOTIATE_ALWAYS_SIGN)) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'NTLM: signing was not negotiated', { remedy: 'Ask for ISC_REQ_INTEGRITY when the context is made.' });
    }
    const signature = new Uint8Array(SIGNATURE_LENGTH);
    signature[0] = 1;
    return signature;
  }

  #verifyDummy(signature: Uint8Array): void {
    const expected = this.#dummySignature();
    if (expected.some((byte, at) => byte !== signature[at])) throw this.#failure(ALTERED, signature);
  }

  #failure(status: number, signature: Uint8Array): SspiError {
    if (status !== OUT_OF_SEQUENCE) return new SspiError('SEC_E_MESSAGE_ALTERED', 'NTLM: the signature does not match the message');
    const expected = this.#keys().receive.sequence;
    if (!(this.#mode & EXTENDED)) return new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: message ${expected} expected, another came`);
    const came = new DataView(signature.buffer, signature.byteOffset).getUint32(12, true);
    return new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: message ${expected} expected, message ${came} came`, { offset: 12 });
  }
}

/** Brings back what `export` of a session gave. Throws SEC_E_INVALID_TOKEN with the offset. */
export function importNtlmContext(packed: Uint8Array): NtlmSession {
  const { facts, directions } = unpackSession(packed);
  return new NtlmSession(facts, directions);
}

function plain(data: Uint8Array): MessagePart {
  return { data, encrypt: false };
}

function has(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}

function requireSignature(signature: Uint8Array, what: string): void {
  if (signature.length !== SIGNATURE_LENGTH) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: a ${what} of ${SIGNATURE_LENGTH} bytes expected, ${signature.length} came`, {
      offset: Math.min(signature.length, SIGNATURE_LENGTH),
    });
  }
}

function unknownQop(qop: number): SspiError {
  return new SspiError('SEC_E_QOP_NOT_SUPPORTED', `NTLM: quality of protection 0 or SECQOP_WRAP_NO_ENCRYPT expected, 0x${(qop >>> 0).toString(16)} came`);
}

/** Effective key length in bits (MS-NLMP 3.4.5.3). */
function keySize(flags: number): number {
  if (has(flags, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) return has(flags, NTLMSSP_NEGOTIATE_128) ? 128 : has(flags, NTLMSSP_NEGOTIATE_56) ? 56 : 40;
  return has(flags, NTLMSSP_NEGOTIATE_LM_KEY) ? (has(flags, NTLMSSP_NEGOTIATE_56) ? 56 : 40) : 128;
}

const KERB_CHECKSUM_CRC32 = 1;
const KERB_CHECKSUM_HMAC_MD5 = 0xffffff76; // -138
const KERB_ETYPE_RC4_PLAIN2 = 0xffffff7f; // -129
