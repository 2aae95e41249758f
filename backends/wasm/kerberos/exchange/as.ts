import { SspiError } from '../../../contract/errors.ts';
import { KDC_ERR_ETYPE_NOSUPP, KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_WRONG_REALM, KRB_AP_ERR_SKEW } from '../codes/errors.ts';
import { KDC_OPT, TKT_FLAG } from '../codes/flags.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { PA } from '../codes/types.ts';
import { etypeName, type KerberosKey } from '../etypes/index.ts';
import { decode, decodeSecret, encode } from '../messages/asn1.ts';
import { Checksum } from '../messages/checksum.ts';
import { EncAsRepPart } from '../messages/enc-kdc-rep-part.ts';
import { EncryptedData } from '../messages/encrypted-data.ts';
import type { EtypeInfo2Entry } from '../messages/etype-info2-entry.ts';
import { AsRep } from '../messages/kdc-rep.ts';
import { AsReq } from '../messages/kdc-req.ts';
import type { KrbError } from '../messages/krb-error.ts';
import { PaData } from '../messages/pa-data.ts';
import { PaEncTsEnc } from '../messages/pa-enc-ts-enc.ts';
import { EtypeInfo, EtypeInfo2, MethodData } from '../messages/sequences.ts';
import { krbtgt, NT_ENTERPRISE, type Principal } from '../store/principal.ts';
import type { CachedCredential } from '../store/ccache.ts';
import { kerberosTime, type KerberosClock } from './clock.ts';
import { isKrbError, readKrbError, toSspiError } from './kdc-error.ts';
import { checkReply, credentialOf, lifetimes, principalName, type RequestedLifetime } from './kdc-rep-check.ts';
import type { Exchange } from './question.ts';

/** Where the client's long-term key comes from: a password with the KDC's salt, or a keytab that has it already. */
export interface ClientKeys {
  /** The etypes for which there is a key. */
  readonly etypes: readonly number[];
  /** Wipes what was derived. */
  dispose?(): void;
  /** `salt` and `parameters` as the KDC gave them; undefined: the default salt and parameters. Null: there is no such key. */
  keyFor(etype: number, salt: string | undefined, parameters: Uint8Array | undefined): KerberosKey | null;
}

export interface AsOptions extends RequestedLifetime {
  client: Principal;
  keys: ClientKeys;
  /** Default krbtgt of the client's realm. */
  server?: Principal;
  /** In the caller's order of preference. */
  etypes: readonly number[];
  canonicalize?: boolean;
  forwardable?: boolean;
  clock: KerberosClock;
  random: (length: number) => Uint8Array;
}

/** A realm may refer a client onward this often (RFC 6806 §7). */
const MAX_REFERRALS = 5;

/**
 * The AS exchange (RFC 4120 §3.1): an initial ticket for a client that proves itself with its long-term key.
 *
 *   1. ask without pre-authentication       an account that needs none is answered at once
 *   2. KDC_ERR_PREAUTH_REQUIRED             take etype, salt and parameters from ETYPE-INFO2, ask with PA-ENC-TIMESTAMP
 *      KDC_ERR_WRONG_REALM                  ask the realm that is named (client referral)
 *      KRB_AP_ERR_SKEW                      learn the KDC's clock, ask again
 *      KDC_ERR_ETYPE_NOSUPP                 offer the types without a key too, behind: they serve for the session key, which a KDC may refuse to make of
 *                                           a weak type. Not before: Samba would take the account's best key for the reply, whoever has it or not
 *   3. AS-REP                               decrypt, check all of it against what was asked
 *
 * Throws SEC_E_LOGON_DENIED (password wrong, expired, account locked: `kerberos.name` and the remedy tell which),
 * SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_TIME_SKEW, SEC_E_UNSUPPORTED_PREAUTH, SEC_E_INVALID_TOKEN for a forged reply.
 */
export function* asExchange(options: AsOptions): Exchange<CachedCredential> {
  const { client, keys, clock } = options;
  let realm = client.realm;
  let key: KerberosKey | undefined;
  let cookie: PaData | undefined;
  let learned = false;
  let offered = own(options);
  let referrals = 0;
  const before = clock.offset;

  try {
    for (;;) {
      const request = buildRequest(options, realm, offered, key, cookie);
      const message = encode(request);
      const reply = yield { realm, message };
      if (!isKrbError(reply)) {
        return readReply(reply, request, message, realm, key, options);
      }

      const error = readKrbError(reply);
      const what = `a ticket for ${client.components.join('/')}@${realm}`;
      if (error.errorCode === KDC_ERR_PREAUTH_REQUIRED && key === undefined) {
        const methods = readMethods(error);
        cookie = methods.find(({ padataType }) => padataType === PA.FX_COOKIE);
        key = chooseKey(methods, keys, options.etypes, what, toSspiError(error, what));
      } else if (error.errorCode === KDC_ERR_ETYPE_NOSUPP && offered.length < options.etypes.length) {
        offered = [...new Set([...offered, ...options.etypes])];
      } else if (error.errorCode === KRB_AP_ERR_SKEW && !learned) {
        learned = true;
        clock.offset = error.stime * 1000 + error.susec / 1000 - clock.now().getTime();
      } else if (error.errorCode === KDC_ERR_WRONG_REALM && error.crealm && error.crealm !== realm && referrals < MAX_REFERRALS) {
        referrals++;
        realm = error.crealm;
        key?.dispose();
        key = cookie = undefined; // the other realm's salt and cookie are its own
      } else {
        throw toSspiError(error, what);
      }
    }
  } catch (error) {
    clock.offset = before; // a clock is believed once a reply proves that the KDC told it
    throw error;
  } finally {
    key?.dispose();
  }
}

/** Of the types that are allowed, those with a key. */
function own({ client, etypes, keys }: AsOptions): number[] {
  const found = etypes.filter((etype) => keys.etypes.includes(etype));
  if (found.length > 0) return found;
  throw new SspiError('SEC_E_NO_KERB_KEY', `the credential of ${client.components.join('/')}@${client.realm} has keys of ${keys.etypes.map(etypeName).join(', ') || 'no type'}, and ${etypes.map(etypeName).join(', ')} are allowed`, {
    remedy: 'Export the keytab with AES keys, or allow the weaker type with allowWeakCrypto.',
  });
}

function buildRequest(options: AsOptions, realm: string, offered: readonly number[], key: KerberosKey | undefined, cookie: PaData | undefined): AsReq {
  const { client, clock, random } = options;
  const request = new AsReq();
  request.padata = [padata(PA.REQ_ENC_PA_REP, new Uint8Array(0))];
  if (cookie !== undefined) request.padata.push(cookie);
  if (key !== undefined) request.padata.push(encryptedTimestamp(key, clock));

  const body = request.reqBody;
  const canonicalize = options.canonicalize || client.nameType === NT_ENTERPRISE;
  body.kdcOptions = ((options.forwardable ? KDC_OPT.FORWARDABLE : 0) | (options.renewLifetime ? KDC_OPT.RENEWABLE : 0) | (canonicalize ? KDC_OPT.CANONICALIZE : 0)) >>> 0;
  body.cname = principalName(client);
  body.realm = realm;
  body.sname = principalName(options.server ?? krbtgt(realm));
  Object.assign(body, lifetimes(options, kerberosTime(clock).seconds));
  body.nonce = new DataView(new Uint8Array(random(4)).buffer).getUint32(0) & 0x7fffffff; // old KDCs read it as signed
  body.etype = [...offered];
  return request;
}

function encryptedTimestamp(key: KerberosKey, clock: KerberosClock): PaData {
  const { seconds, microseconds } = kerberosTime(clock);
  const stamp = new PaEncTsEnc();
  stamp.patimestamp = seconds;
  stamp.pausec = microseconds;
  const encrypted = new EncryptedData();
  encrypted.etype = key.etype;
  encrypted.cipher = key.encrypt(KEY_USAGE.AS_REQ_PA_ENC_TS, encode(stamp));
  return padata(PA.ENC_TIMESTAMP, encode(encrypted));
}

function readMethods(error: KrbError): PaData[] {
  return error.eData === undefined ? [] : [...decode(MethodData, error.eData)];
}

/** RFC 4120 §3.1.3: of ETYPE-INFO2's entries, which stand in the KDC's order, the first that the client has a key for and allows. */
function chooseKey(methods: readonly PaData[], keys: ClientKeys, allowed: readonly number[], what: string, refusal: SspiError): KerberosKey {
  // Where the KDC names others alone (FAST, a smart card, SPAKE), a timestamp would be refused like a wrong password.
  if (methods.length > 0 && !methods.some(({ padataType }) => padataType === PA.ENC_TIMESTAMP)) throw refusal;
  const entries = etypeEntries(methods);
  const candidates = entries.length > 0 ? entries : allowed.map((etype) => ({ etype, salt: passwordSalt(methods) }));
  for (const { etype, salt, s2kparams } of candidates as Pick<EtypeInfo2Entry, 'etype' | 'salt' | 's2kparams'>[]) {
    if (!allowed.includes(etype)) continue;
    const key = keys.keyFor(etype, salt, s2kparams);
    if (key !== null) return key;
  }
  throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `${what}: the KDC has keys of ${entries.map(({ etype }) => etypeName(etype)).join(', ')}, and the client can use ${allowed.map(etypeName).join(', ')}`, {
    cause: refusal,
    remedy: 'Give the account AES keys (set its password again), or allow the weaker type with allowWeakCrypto.',
  });
}

function etypeEntries(methods: readonly PaData[]): Pick<EtypeInfo2Entry, 'etype' | 'salt' | 's2kparams'>[] {
  const info2 = methods.find(({ padataType }) => padataType === PA.ETYPE_INFO2);
  if (info2 !== undefined) return [...decode(EtypeInfo2, info2.padataValue)];
  const info = methods.find(({ padataType }) => padataType === PA.ETYPE_INFO);
  if (info === undefined) return [];
  return [...decode(EtypeInfo, info.padataValue)].map(({ etype, salt }) => ({ etype, ...(salt !== undefined && { salt: new TextDecoder().decode(salt) }) }));
}

function passwordSalt(methods: readonly PaData[]): string | undefined {
  const salt = methods.find(({ padataType }) => padataType === PA.PW_SALT);
  return salt === undefined ? undefined : new TextDecoder().decode(salt.padataValue);
}

function readReply(reply: Uint8Array, request: AsReq, message: Uint8Array, realm: string, used: KerberosKey | undefined, options: AsOptions): CachedCredential {
  const { client, clock, keys } = options;
  const answer = decode(AsRep, reply);
  const key = used?.etype === answer.encPart.etype ? used : replyKey(answer, request, keys);
  let part: EncAsRepPart;
  try {
    part = decodeSecret(EncAsRepPart, key.decrypt(KEY_USAGE.AS_REP_ENC_PART, answer.encPart.cipher));
    checkEncPaRep(part, key, message, request);
  } catch (cause) {
    if (cause instanceof SspiError && cause.code === 'SEC_E_DECRYPT_FAILURE') {
      throw new SspiError('SEC_E_LOGON_DENIED', `the reply for ${client.components.join('/')}@${realm} does not decrypt: the password is wrong`, { cause, remedy: 'Check the password; with a keytab, export it again.' });
    }
    throw cause;
  } finally {
    if (key !== used) key.dispose();
  }
  const canonicalized = (request.reqBody.kdcOptions & KDC_OPT.CANONICALIZE) !== 0;
  checkReply({ answer, part, request, realm, clock, anyClient: canonicalized || client.nameType === NT_ENTERPRISE, anyServer: canonicalized, learnClock: true, skew: options.skew });
  return credentialOf(answer, part);
}

/** An account without pre-authentication: the salt stands in the AS-REP's padata, or it is the default one. */
function replyKey(answer: AsRep, request: AsReq, keys: ClientKeys): KerberosKey {
  const { etype } = answer.encPart;
  if (!request.reqBody.etype.includes(etype)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `the AS-REP is encrypted with ${etypeName(etype)}, which was not asked for`);
  }
  const methods = answer.padata ?? [];
  const entry = etypeEntries(methods).find((one) => one.etype === etype);
  const key = keys.keyFor(etype, entry?.salt ?? passwordSalt(methods), entry?.s2kparams);
  if (key === null) throw new SspiError('SEC_E_NO_KERB_KEY', `there is no key of ${etypeName(etype)}, with which the AS-REP is encrypted`);
  return key;
}

/** RFC 6806 §11: where the ticket says so, the reply carries a checksum of the request as the KDC saw it. */
function checkEncPaRep(part: EncAsRepPart, key: KerberosKey, message: Uint8Array, request: AsReq): void {
  if ((part.flags & TKT_FLAG.ENC_PA_REP) === 0) return;
  const element = part.encryptedPaData?.find(({ padataType }) => padataType === PA.REQ_ENC_PA_REP);
  if (element === undefined || element.padataValue.length === 0) {
    if (!request.padata?.some(({ padataType }) => padataType === PA.REQ_ENC_PA_REP)) return;
    throw new SspiError('SEC_E_INVALID_TOKEN', 'the AS-REP promises a checksum of the request and has none');
  }
  const { cksumtype, checksum } = decode(Checksum, element.padataValue);
  if (cksumtype !== key.checksumType || !key.verifyChecksum(KEY_USAGE.AS_REQ_CKSUM, message, checksum)) {
    throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the AS-REQ that the KDC saw is not the one that was sent');
  }
}

function padata(padataType: number, padataValue: Uint8Array): PaData {
  const element = new PaData();
  element.padataType = padataType;
  element.padataValue = padataValue;
  return element;
}
