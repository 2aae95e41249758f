import type { AcceptorData, AuthData, NtlmConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import { ISC_REQ_NULL_SESSION } from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { lmowfv1, moveHash, ntowfv1, ntowfv2 } from '../core/ntlm-hash.ts';
import type { AcceptorRequest, Handshake, MechanismCredential } from '../mechanism.ts';
import { part } from '../parts.ts';
import { NTLMSSP } from '../spnego/oids.ts';
import { type Identity, ntlmInitiator } from './initiator.ts';
import { accountName, type AccountName, ANONYMOUS_NAME, computerName, displayName, upperCase, utf16 } from './names.ts';

export interface NtlmCredentialOptions {
  /** For initiators. A keytab or a credential cache holds nothing for NTLM. */
  authData?: AuthData;
  /** For acceptors: `accounts` must be there. */
  acceptor?: AcceptorData;
  ntlm?: NtlmConfig;
  host: Host;
  /** Without authData, log on anonymously instead of failing with SEC_E_NO_CREDENTIALS. */
  allowNullDefault?: boolean;
}

/**
 * NTLM credentials (MS-NLMP), for initiators, acceptors or both. The password is hashed here, once, and not kept.
 *
 * Throws TypeError for a secret or a configuration of the wrong shape.
 */
export function createNtlmCredential(options: NtlmCredentialOptions): MechanismCredential {
  checkConfig(options.ntlm);
  const accounts: unknown = options.acceptor?.accounts;
  if (accounts !== undefined && typeof accounts !== 'function') throw new TypeError('authData.accounts must be a function');
  const identity = createIdentity(options);
  let server: ((request: AcceptorRequest) => Handshake) | null | undefined;
  let freed = false;
  const requireAlive = () => {
    if (freed) throw new SspiError('SEC_E_INVALID_HANDLE', 'NTLM: this credential was freed');
  };
  return {
    name: 'NTLM',
    oids: [NTLMSSP],
    maxToken: MAX_TOKEN,
    expiry: null,
    recognizes: (token) => token.length >= 8 && SIGNATURE.every((byte, at) => token[at] === byte),
    initiator(request) {
      requireAlive();
      if (identity !== null) return ntlmInitiator(identity, request);
      if ((request.flags & ISC_REQ_NULL_SESSION) !== 0) return ntlmInitiator(nobody(options), request);
      throw new SspiError('SEC_E_NO_CREDENTIALS', 'NTLM: no user and password for an outbound logon', {
        remedy: "Pass authData, such as { user: 'alice', domain: 'ADTEST', password: '…' }.",
      });
    },
    acceptor(request) {
      requireAlive();
      server ??= part('acceptors').ntlm(options);
      if (server !== null) return server(request);
      throw new SspiError('SEC_E_NO_CREDENTIALS', 'NTLM: an acceptor needs the accounts callback', { remedy: 'Pass authData.accounts.' });
    },
    free() {
      freed = true;
      identity?.hashes.fill(0);
    },
  };
}

function createIdentity(options: NtlmCredentialOptions): Identity | null {
  const { authData } = options;
  if (authData === undefined) return options.allowNullDefault === true ? nobody(options) : null;
  if ('anonymous' in authData && authData.anonymous) return nobody(options);
  if (!('password' in authData) && !('ntHash' in authData)) return null;
  if (typeof authData.user !== 'string') throw new TypeError('authData.user must be a string');
  if (authData.domain !== undefined && typeof authData.domain !== 'string') throw new TypeError('authData.domain must be a string');
  const account = accountName(authData.user, authData.domain);
  // MS-NLMP 3.3.1: neither user nor password is how an anonymous logon is spelled
  if (account.user === '' && 'password' in authData && authData.password === '') return nobody(options);

  const identity = createAnybody(options, account, false);
  const { hashes, level } = identity;
  const ntHash = 'password' in authData ? hashPassword(authData.password) : new Uint8Array(checkHash(authData.ntHash)); // not slice(): a Buffer's copies nothing
  if (level >= 3) {
    moveHash(ntowfv2(ntHash, upperCase(account.user), account.domain), hashes, 0);
    ntHash.fill(0);
  } else {
    moveHash(ntHash, hashes, 16);
    const lm = 'password' in authData ? lmowfv1(authData.password) : null;
    if (lm !== null) moveHash(lm, hashes, 32);
    identity.hasLm = lm !== null;
  }
  return identity;
}

function nobody(options: NtlmCredentialOptions): Identity {
  return createAnybody(options, { user: '', domain: '' }, true);
}

function createAnybody({ ntlm, host }: NtlmCredentialOptions, account: AccountName, anonymous: boolean): Identity {
  const workstation = ntlm?.workstation ?? computerName(host) ?? 'WORKSTATION';
  const names = utf16(account.user + account.domain + workstation);
  if (names.length > MAX_NAMES) throw new RangeError(`user, domain and workstation have at most ${MAX_NAMES / 2} characters together`);
  return {
    host, anonymous, names,
    name: anonymous ? ANONYMOUS_NAME : displayName(account),
    userLength: 2 * account.user.length,
    domainLength: 2 * account.domain.length,
    workstationLength: 2 * workstation.length,
    hashes: new Uint8Array(48),
    hasLm: false,
    singleHost: singleHost(host),
    level: ntlm?.lmCompatibilityLevel ?? 3,
    minimumKeyStrength: ntlm?.minimumKeyStrength ?? 128,
    emptyChannelBindings: ntlm?.emptyChannelBindings ?? false,
  };
}

/*
 * Single_Host_Data (MS-NLMP 2.2.2.2): 0 size 48   4 zero   8 CustomData: present, integrity level medium   16 MachineID, random, 32
 */
function singleHost(host: Host): Uint8Array {
  const data = new Uint8Array(48);
  data[0] = 48;
  data[8] = 1;
  data[13] = 0x20;
  data.set(host.random(32), 16);
  return data;
}

function checkConfig(ntlm: NtlmConfig | undefined): void {
  if (ntlm === undefined) return;
  const { lmCompatibilityLevel: level, minimumKeyStrength: strength, challengeLifetime: lifetime } = ntlm;
  if (level !== undefined && ![0, 1, 2, 3, 4, 5].includes(level)) throw new RangeError(`ntlm.lmCompatibilityLevel must be 0 to 5, not ${level}`);
  if (strength !== undefined && ![128, 56, 40].includes(strength)) throw new RangeError(`ntlm.minimumKeyStrength must be 128, 56 or 40, not ${strength}`);
  if (lifetime !== undefined && !(lifetime > 0)) throw new RangeError(`ntlm.challengeLifetime must be positive, not ${lifetime}`);
  for (const name of NAMES) {
    const value = ntlm[name];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw new TypeError(`ntlm.${name} must be a string`);
    if (value.length > MAX_NAME) throw new RangeError(`ntlm.${name} has at most ${MAX_NAME} characters`);
  }
}

function hashPassword(password: unknown): Uint8Array {
  if (typeof password !== 'string') throw new TypeError('authData.password must be a string');
  return ntowfv1(password);
}

function checkHash(ntHash: unknown): Uint8Array {
  if (!(ntHash instanceof Uint8Array) || ntHash.length !== 16) throw new TypeError('authData.ntHash must be a Uint8Array of 16 bytes');
  return ntHash;
}

const NAMES = ['workstation', 'netbiosDomainName', 'netbiosComputerName', 'dnsDomainName', 'dnsComputerName', 'dnsTreeName'] as const;
const MAX_NAME = 255;
const MAX_NAMES = 4096;
const MAX_TOKEN = 2888; // what Windows's package tells
const SIGNATURE = Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0); // 'NTLMSSP'
