import { concat } from '../../contract/bytes.ts';
import type { AccessToken, ContextSizes, EstablishedNames, KeyInfo } from '../../contract/attributes.ts';
import { SspiError } from '../../contract/errors.ts';
import { SECQOP_WRAP_NO_ENCRYPT } from '../../contract/constants.ts';
import type { Host } from '../../contract/host.ts';
import type { Established, MessagePart } from '../mechanism.ts';
import { byteReader } from '../wire/byte-reader.ts';
import { byteWriter } from '../wire/byte-writer.ts';
import { createKerberosKey, etypeInfo, etypeName, type KerberosKey } from './etypes/index.ts';
import { spread, type MessageTokens } from './gss/message-tokens.ts';
import { OrderWindow } from './gss/order.ts';
import { rfc4121Tokens } from './gss/rfc4121.ts';
import { rfc4757Tokens } from './gss/rfc4757.ts';

/** What the handshake proved, and what export and import carry. */
export interface KerberosFacts {
  acceptor: boolean;
  /** ISC_RET_* or ASC_RET_*. */
  attributes: number;
  expiry: Date | null;
  client: string;
  target: string | null;
  etype: number;
  /** The key of messages: the acceptor's subkey, the initiator's, or the ticket's. */
  key: Uint8Array;
  acceptorSubkey: boolean;
  /** What SECPKG_ATTR_SESSION_KEY tells; GSS-API's session key is the same one. */
  sessionKey: Uint8Array;
  sendNumber: bigint;
  receiveNumber: bigint;
  seen?: bigint;
  replay: boolean;
  sequence: boolean;
  /** CONFIDENTIALITY was granted. */
  dceStyle: boolean;
  channelBindingsVerified: boolean;
  clientSpecifiedTarget: string | null;
  /** Not carried by export: it concerns who accepted. */
  accessToken?: AccessToken;
}

export interface KerberosExtras {
  createKey: (etype: number, bytes: Uint8Array) => KerberosKey;
  random: (length: number) => Uint8Array;
}

/** Windows's cbMaxToken for Kerberos. */
export const KERBEROS_MAX_TOKEN = 48000;

export function kerberosEstablished(facts: KerberosFacts, extras: KerberosExtras): Established {
  return new KerberosEstablished(facts, extras);
}

/** What protects messages. */
interface Protection {
  readonly tokens: MessageTokens;
  readonly order: OrderWindow;
}

class KerberosEstablished implements Established {
  readonly mechanism = 'Kerberos';
  readonly attributes: number;
  readonly expiry: Date | null;
  readonly channelBindingsVerified: boolean;
  readonly clientSpecifiedTarget: string | null;
  readonly accessToken?: AccessToken;
  /** Windows's clients send a mechListMIC in DCE style and want one. MIT's send none where their first mechanism was taken, as RFC 4178 §5 allows. */
  readonly mechListMicRequired: boolean;
  readonly #facts: KerberosFacts;
  readonly #random: (length: number) => Uint8Array;
  readonly #key: KerberosKey;
  #made: Protection | undefined;
  #sendNumber: bigint;
  #disposed = false;

  constructor(facts: KerberosFacts, { createKey, random }: KerberosExtras) {
    this.attributes = facts.attributes;
    this.expiry = facts.expiry;
    this.channelBindingsVerified = facts.channelBindingsVerified;
    this.clientSpecifiedTarget = facts.clientSpecifiedTarget;
    if (facts.accessToken !== undefined) this.accessToken = facts.accessToken;
    this.mechListMicRequired = facts.dceStyle && !facts.acceptor;
    this.#facts = facts;
    this.#random = random;
    this.#key = createKey(facts.etype, facts.key);
    this.#sendNumber = facts.sendNumber;
  }

  get names(): EstablishedNames {
    return { client: this.#facts.client, target: this.#facts.target };
  }

  get sessionKey(): Uint8Array {
    return this.#facts.sessionKey.slice();
  }

  get sizes(): ContextSizes {
    const { micLength, overhead } = this.#protection().tokens;
    return { maxToken: KERBEROS_MAX_TOKEN, maxSignature: micLength, blockSize: 1, securityTrailer: overhead };
  }

  get keyInfo(): KeyInfo {
    const { etype } = this.#facts;
    const { checksumType, keyLength } = etypeInfo(etype)!;
    return {
      signatureAlgorithmName: CHECKSUM_NAME[checksumType] ?? `checksum ${checksumType}`, encryptAlgorithmName: etypeName(etype),
      keySize: keyLength * 8, signatureAlgorithm: checksumType, encryptAlgorithm: etype,
    };
  }

  makeMechListMic(mechTypes: Uint8Array): Uint8Array {
    return this.#protection().tokens.mic(mechTypes, this.#next());
  }

  verifyMechListMic(mechTypes: Uint8Array, mic: Uint8Array): void {
    const { tokens, order } = this.#protection();
    const number = tokens.readMic(mic);
    if (!tokens.verifyMic(mechTypes, mic)) throw altered('mechListMIC');
    // Windows numbers it 0 whatever the AP-REP said, so its number proves nothing; where it is the next one, it is spent.
    if (number === order.state.next) order.accept(number);
  }

  makeSignature(parts: readonly Uint8Array[]): Uint8Array {
    return this.#protection().tokens.mic(concat(...parts), this.#next());
  }

  verifySignature(parts: readonly Uint8Array[], signature: Uint8Array): number {
    const { tokens, order } = this.#protection();
    const number = tokens.readMic(signature);
    if (!tokens.verifyMic(concat(...parts), signature)) throw altered('message');
    order.check(number);
    order.accept(number);
    return 0;
  }

  get padding(): number {
    return this.#protection().tokens.trailer;
  }

  encrypt(parts: readonly MessagePart[], qop: number, padding: Uint8Array = NOTHING): Uint8Array {
    const { tokens } = this.#protection();
    if (padding.length < tokens.trailer) {
      throw new SspiError('SEC_E_BUFFER_TOO_SMALL', `RC4 appends ${tokens.trailer} byte to a message, and there is no SECBUFFER_PADDING for it`, {
        remedy: 'Pass a SECBUFFER_PADDING behind the data, and send it too; or use wrap and unwrap of the context.',
      });
    }
    const sealed = qop >>> 0 !== SECQOP_WRAP_NO_ENCRYPT && parts.some(({ encrypt }) => encrypt);
    if (sealed && (tokens.partsDiffer || isMixed(parts))) return tokens.wrapParts(parts, this.#next(), padding);
    const message = concat(...parts.map(({ data }) => data));
    const token = tokens.wrap(message, sealed, this.#next());
    const front = token.length - padding.length - message.length;
    message.fill(0);
    padding.set(token.subarray(token.length - padding.length));
    spread(token.subarray(front), parts.map(({ data }) => ({ data, encrypt: true })));
    return token.subarray(0, front);
  }

  decrypt(parts: readonly MessagePart[], token: Uint8Array, padding: Uint8Array = NOTHING): number {
    const { tokens, order } = this.#protection();
    const whole = concat(token, ...parts.map(({ data }) => data), padding);
    const { number, encrypted } = tokens.readWrap(whole);
    if (encrypted && (tokens.partsDiffer || isMixed(parts))) {
      const all = [...parts, { data: padding, encrypt: true }];
      const sent = all.map(({ data }) => data.slice());
      if (!tokens.unwrapParts(all, token)) throw altered('message');
      try {
        order.check(number);
      } catch (error) {
        all.forEach(({ data }, i) => data.set(sent[i]!)); // what is replayed is not read
        throw error;
      }
      order.accept(number);
      return 0;
    }
    const { message } = this.unwrap(whole);
    const room = parts.reduce((length, { data }) => length + data.length, 0);
    // What a peer pads or leaves out stands at the end of a single part; of several no one could tell which is shorter.
    if (message.length > room || (message.length < room && parts.length !== 1)) {
      message.fill(0);
      throw new SspiError('SEC_E_INVALID_TOKEN', `the message has ${message.length} bytes, and the data buffers ${room}`);
    }
    spread(message, parts.map(({ data }) => ({ data, encrypt: true })));
    if (message.length < room) {
      parts[0]!.data.fill(0, message.length);
      parts[0]!.data = parts[0]!.data.subarray(0, message.length);
    }
    message.fill(0);
    return encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
  }

  wrap(message: Uint8Array, encrypt: boolean): Uint8Array {
    return this.#protection().tokens.wrap(message, encrypt, this.#next());
  }

  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
    const { tokens, order } = this.#protection();
    const { number, encrypted } = tokens.readWrap(token);
    const message = tokens.unwrap(token);
    if (message === null) throw altered('message');
    order.check(number); // a number is believed only once the checksum over it holds
    order.accept(number);
    return { message, encrypted };
  }

  streamHeaderLength(message: Uint8Array): number {
    const { tokens } = this.#protection();
    tokens.readWrap(message);
    return tokens.headerLength(message);
  }

  export(): Uint8Array {
    const { next: receiveNumber, seen } = this.#protection().order.state;
    return packFacts({ ...this.#facts, sendNumber: this.#sendNumber, receiveNumber, seen });
  }

  dispose(): void {
    this.#disposed = true;
    this.#facts.key.fill(0);
    this.#facts.sessionKey.fill(0);
    this.#made?.tokens.dispose();
    this.#key.dispose();
  }

  /** Made when the first message needs it: many contexts only authenticate. */
  #protection(): Protection {
    if (this.#made !== undefined) return this.#made;
    const { acceptor, acceptorSubkey, dceStyle, etype, receiveNumber, replay, sequence, seen } = this.#facts;
    const tokenKey = { key: this.#key, acceptor, acceptorSubkey, dceStyle };
    const tokens = etype === 23 ? rfc4757Tokens(tokenKey, this.#random) : rfc4121Tokens(tokenKey, this.#random);
    return (this.#made = { tokens, order: new OrderWindow(receiveNumber, { replay, sequence, bits: tokens.bits, ...(seen !== undefined && { seen }) }) });
  }

  #next(): bigint {
    if (this.#disposed) throw new SspiError('SEC_E_INVALID_HANDLE', 'this context was deleted');
    const number = this.#sendNumber;
    this.#sendNumber = BigInt.asUintN(this.#protection().tokens.bits, number + 1n);
    return number;
  }
}

function altered(what: string): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', `the ${what}'s checksum is not right: it was altered, or made for another context`);
}

/** Brings back what `export` gave. Throws SEC_E_INVALID_TOKEN. */
export function importKerberosContext(packed: Uint8Array, { random }: Pick<Host, 'random'>): Established {
  return kerberosEstablished(unpackFacts(packed), { random, createKey: (etype, bytes) => createKerberosKey(etype, bytes, random) });
}

const NOTHING = new Uint8Array(0);

/** DCE RPC's form: a header that is signed beside a body that is sealed. */
function isMixed(parts: readonly MessagePart[]): boolean {
  return parts.some(({ encrypt, data }) => !encrypt && data.length > 0);
}

/*
 * A packed context, big-endian: version 1, flags (1: acceptor, 2: acceptor's subkey, 4: DCE, 8: replay, 16: sequence,
 * 32: bindings verified), attributes (4), expiry (8: ms since 1970, all ones: never), etype (2), three numbers (8 each),
 * then client, target, client-specified target, key, session key: uint16 length, bytes; a length of ffff means null.
 */
const VERSION = 1;
const NEVER = 0xffffffffffffffffn;
/** The end of JavaScript's time (ECMA-262 §21.4.1.1). */
const LAST_DATE = 8.64e15;

function packFacts(facts: KerberosFacts): Uint8Array {
  const writer = byteWriter();
  writer.uint8(VERSION);
  writer.uint8(FLAG_NAMES.reduce((bits, name, i) => bits | (facts[name] ? 1 << i : 0), 0));
  writer.uint32(facts.attributes);
  writeUint64(writer, facts.expiry === null ? NEVER : BigInt(facts.expiry.getTime()));
  writer.uint16(facts.etype);
  for (const number of [facts.sendNumber, facts.receiveNumber, facts.seen ?? 0n]) writeUint64(writer, number);
  const text = (value: string | null) => (value === null ? null : new TextEncoder().encode(value));
  for (const bytes of [text(facts.client), text(facts.target), text(facts.clientSpecifiedTarget), facts.key, facts.sessionKey]) {
    writer.uint16(bytes === null ? 0xffff : bytes.length);
    if (bytes !== null) writer.bytes(bytes);
  }
  return writer.finish();
}

function unpackFacts(packed: Uint8Array): KerberosFacts {
  const reader = byteReader(packed, { subject: 'exported Kerberos context', code: 'SEC_E_INVALID_TOKEN' });
  const version = reader.uint8('the version');
  if (version !== VERSION) reader.fail(`version ${VERSION} expected, ${version} came`, 0);
  const bits = reader.uint8('the flags');
  const attributes = reader.uint32('the attributes');
  const uint64 = (what: string) => (BigInt(reader.uint32(what)) << 32n) | BigInt(reader.uint32(what));
  const expiry = uint64('the expiry');
  const etype = reader.uint16('the etype');
  const info = etypeInfo(etype);
  if (info === undefined) reader.fail(`etype ${etype} is not known`);
  const [sendNumber, receiveNumber, seen] = [uint64('a number'), uint64('a number'), uint64('a number')] as const;
  const bytes = (what: string) => {
    const length = reader.uint16(`the length of ${what}`);
    return length === 0xffff ? null : reader.bytes(length, what).slice();
  };
  const text = (what: string) => {
    const value = bytes(what);
    return value === null ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(value);
  };
  const facts = {
    attributes, etype, sendNumber, receiveNumber, seen,
    expiry: expiry === NEVER ? null : new Date(Math.min(Number(expiry), LAST_DATE)),
    client: text('the client') ?? '', target: text('the target'), clientSpecifiedTarget: text('the client-specified target'),
    key: bytes('the key') ?? new Uint8Array(0), sessionKey: bytes('the session key') ?? new Uint8Array(0),
    ...(Object.fromEntries(FLAG_NAMES.map((name, i) => [name, (bits & (1 << i)) !== 0])) as Record<(typeof FLAG_NAMES)[number], boolean>),
  };
  if (facts.key.length !== info!.keyLength) reader.fail(`a key of ${info!.keyLength} bytes expected, ${facts.key.length} came`);
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes stand behind its end`);
  return facts;
}

function writeUint64(writer: ReturnType<typeof byteWriter>, value: bigint): void {
  writer.uint32(Number(value >> 32n));
  writer.uint32(Number(value & 0xffffffffn));
}

const FLAG_NAMES = ['acceptor', 'acceptorSubkey', 'dceStyle', 'replay', 'sequence', 'channelBindingsVerified'] as const;
const CHECKSUM_NAME: Record<number, string> = { 15: 'HMAC-SHA1-96-AES128', 16: 'HMAC-SHA1-96-AES256', 19: 'HMAC-SHA256-128-AES128', 20: 'HMAC-SHA384-192-AES256', [-138]: 'HMAC-MD5' };
