import type { AcquireOptions, BackendContext, BackendCredential, HandshakeCall, HandshakeResult, Side } from '../contract/backend.ts';
import { SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../contract/constants.ts';
import type { AcceptorData, PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { unlessUnsupported } from './attributes.ts';
import { refuseWhatCannotBeTaken } from './cannot-take.ts';
import { Secur32Context } from './context.ts';
import { displayName, type PasswordData, putIdentity, roomForIdentity } from './identity.ts';
import { closeWhenForgotten, NativeHandle } from './native-handle.ts';
import { packageListFor, packageOnWine } from './package-list.ts';
import type { Secur32 } from './secur32.ts';
import { isSuccess, nativeError } from './status.ts';
import { dateOfTimeStamp } from './timestamp.ts';

export type ChannelBindingPolicy = NonNullable<AcceptorData['channelBindingPolicy']>;

/** AcquireCredentialsHandleW, on another thread: a credential of the logon session, or of a user with a password. */
export async function acquireCredential(secur32: Secur32, options: AcquireOptions): Promise<Secur32Credential> {
  refuseWhatCannotBeTaken(options);
  const { package: packageName, principal, credentialUse } = options;
  let nativePackage = packageName;
  let packageList = packageListFor(packageName, options.packageList);
  if (secur32.library.isWine && packageList !== undefined) [nativePackage, packageList] = [packageOnWine(packageList), undefined];
  const { maxToken } = secur32.packageInfo(nativePackage);
  const authData = options.authData !== undefined && 'password' in options.authData ? options.authData as PasswordData : undefined;
  const { SecHandle, TimeStamp } = secur32.frames.layouts;

  const frame = secur32.frames.take(roomForIdentity(authData, packageList) + 2 * (packageName.length + (principal?.length ?? 0)));
  try {
    const handle = frame.reserve(SecHandle.size);
    const expiry = frame.reserve(TimeStamp.size);
    const status = await secur32.callAsync(
      'AcquireCredentialsHandleW', principal === undefined ? 0 : frame.putString(principal, 'principal'), frame.putString(nativePackage, 'package'), credentialUse, 0,
      putIdentity(frame, authData, packageList), 0, 0, handle, expiry,
    );
    if (!isSuccess(status)) throw nativeError(status, 'AcquireCredentialsHandleW');
    secur32.counts.credentials.acquired++;
    const native = new NativeHandle(frame.copy(handle, SecHandle.size), (bytes) => freeCredential(secur32, bytes));
    const policy = (options.authData as AcceptorData | undefined)?.channelBindingPolicy ?? 'whenSupported';
    return new Secur32Credential(secur32, native, {
      package: packageName, credentialUse, maxToken, policy, expiry: dateOfTimeStamp(frame.getInt64(expiry)), userName: authData === undefined ? null : displayName(authData),
    });
  } finally {
    frame.release();
  }
}

interface CredentialFacts {
  package: PackageName;
  credentialUse: number;
  /** cbMaxToken of the package, in bytes. */
  maxToken: number;
  policy: ChannelBindingPolicy;
  expiry: Date | null;
  userName: string | null;
}

/** Credentials of the system. They are given back when they were freed and the last handshake that uses them has ended. */
export class Secur32Credential implements BackendCredential {
  readonly backend = 'secur32';
  readonly package: PackageName;
  readonly credentialUse: number;
  readonly expiry: Date | null;
  readonly maxToken: number;
  readonly channelBindingPolicy: ChannelBindingPolicy;
  readonly native: NativeHandle;
  readonly #secur32: Secur32;
  /** Who the caller said it is; null: the logon session's user. */
  readonly #userName: string | null;

  constructor(secur32: Secur32, native: NativeHandle, facts: CredentialFacts) {
    this.#secur32 = secur32;
    this.#userName = facts.userName;
    this.native = native;
    this.package = facts.package;
    this.credentialUse = facts.credentialUse;
    this.expiry = facts.expiry;
    this.maxToken = facts.maxToken;
    this.channelBindingPolicy = facts.policy;
    closeWhenForgotten(this, native);
  }

  async initialize(context: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult> {
    return this.#context('initiator', context).step(this, call);
  }

  async accept(context: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult> {
    return this.#context('acceptor', context).step(this, call);
  }

  /** QueryCredentialsAttributesW. */
  queryAttribute(attribute: number): unknown {
    this.#requireAlive();
    if (attribute !== SECPKG_CRED_ATTR_NAMES) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 is not asked for the credential attribute ${attribute}`);
    const secur32 = this.#secur32;
    return secur32.framed(0, (frame) => {
      const names = frame.reserve(frame.layouts.SecPkgCredentials_NamesW.size);
      const userName = this.#userName;
      return unlessUnsupported(() => {
        secur32.check('QueryCredentialsAttributesW', frame.put(this.native.bytes), attribute, names);
        return { userName: secur32.takeString(frame.getPointer(names)) ?? '' };
      }, () => {
        if (userName === null) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the package does not tell whose credential this is');
        return { userName };
      });
    });
  }

  /** SetCredentialsAttributesW with a structure's bytes, whose offsets count from its own start. */
  setAttribute(attribute: number, value: Uint8Array): void {
    this.#requireAlive();
    if (attribute !== SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 is not given the credential attribute ${attribute}`);
    const secur32 = this.#secur32;
    secur32.framed(value.length, (frame) => secur32.check('SetCredentialsAttributesW', frame.put(this.native.bytes), attribute, frame.put(value), value.length));
  }

  free(): void {
    this.native.close();
  }

  #context(side: Side, existing: BackendContext | null): Secur32Context {
    if (existing === null) {
      this.#requireAlive();
      const [use, name] = side === 'initiator' ? [SECPKG_CRED_OUTBOUND, 'outbound'] : [SECPKG_CRED_INBOUND, 'inbound'];
      if ((this.credentialUse & use) === 0) {
        throw new SspiError('SEC_E_NO_CREDENTIALS', `the credential is not ${name}`, { remedy: `Acquire it with SECPKG_CRED_${name.toUpperCase()} or SECPKG_CRED_BOTH.` });
      }
      return new Secur32Context(this.#secur32, side, this.package);
    }
    if (!(existing instanceof Secur32Context)) throw new SspiError('SEC_E_INVALID_HANDLE', 'the context belongs to another backend');
    if (existing.side !== side) throw new SspiError('SEC_E_INVALID_HANDLE', `an ${existing.side}'s context cannot go on as an ${side}'s`);
    if (!existing.isHandshaking) this.#requireAlive(); // a handshake that is under way holds it
    if (existing.package !== this.package || (existing.isHandshaking && existing.begunWith !== this)) {
      throw new SspiError('SEC_E_WRONG_CREDENTIAL_HANDLE', 'this context was begun with another credential');
    }
    return existing;
  }

  #requireAlive(): void {
    if (this.native.isClosed) throw new SspiError('SEC_E_INVALID_HANDLE', 'this credential was freed');
  }
}

function freeCredential(secur32: Secur32, bytes: Uint8Array): void {
  secur32.framed(0, (frame) => {
    if (isSuccess(secur32.call('FreeCredentialsHandle', frame.put(bytes)))) secur32.counts.credentials.freed++;
  });
}
