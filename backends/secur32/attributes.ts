import type { Side } from '../contract/backend.ts';
import type { AccessToken, ContextAttributes, SecPkgInfo } from '../contract/attributes.ts';
import {
  SECPKG_ATTR_ACCESS_TOKEN, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, SECPKG_ATTR_ENDPOINT_BINDINGS, SECPKG_ATTR_FLAGS, SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN, SECPKG_ATTR_NAMES, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_NEGO_STATUS, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_PACKAGE_INFO, SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES, SECPKG_ATTR_STREAM_SIZES, SECPKG_ATTR_TARGET, SECPKG_ATTR_UNIQUE_BINDINGS, SECPKG_NEGOTIATION_COMPLETE, SECPKG_NEGOTIATION_IN_PROGRESS,
} from '../contract/constants.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { SEC_E_OK, SEC_I_CONTINUE_NEEDED } from '../contract/status.ts';
import type { Frame } from './frame.ts';
import type { Secur32 } from './secur32.ts';
import { isSuccess, nativeError } from './status.ts';
import type { Layout, StructName } from './structs.ts';
import { dateOfTimeStamp } from './timestamp.ts';
import { readToken } from './token.ts';

/** What a query needs to know of a context. */
export interface ContextFacts {
  secur32: Secur32;
  /** Its SecHandle. */
  handle: Uint8Array;
  side: Side;
  package: PackageName;
  /** What the initiator asked for. */
  targetName: string | null;
  isEstablished: boolean;
  failure: SspiError | null;
}

/** QueryContextAttributesW. Throws SEC_E_INVALID_HANDLE for what is known at the end of a handshake only, and what the DLL says. */
export function queryContext(attribute: number, facts: ContextFacts): unknown {
  const early = EARLY[attribute as keyof ContextAttributes];
  if (early !== undefined && !facts.isEstablished) return early(facts);
  const query = QUERIES[attribute as keyof ContextAttributes];
  if (query === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Secur32 is not asked for the context attribute ${attribute}`);
  if (!facts.isEstablished) {
    if (facts.failure !== null) throw new SspiError('SEC_E_INVALID_HANDLE', `the handshake of this context failed with ${facts.failure.code}`, { cause: facts.failure });
    throw new SspiError('SEC_E_INVALID_HANDLE', `context attribute ${attribute} is known only when the handshake is complete`);
  }
  return query(facts);
}

/** SECPKG_ATTR_FLAGS, or 0 where the package does not tell. */
export function queryFlags(facts: ContextFacts): number {
  return unlessUnsupported(() => QUERIES[SECPKG_ATTR_FLAGS]!(facts).flags, () => 0);
}

type Queries = { [Attribute in keyof ContextAttributes]?: (facts: ContextFacts) => ContextAttributes[Attribute] };

/** Asks for one attribute and reads the structure that it comes in. */
function ask<Name extends StructName, Result>(facts: ContextFacts, attribute: number, name: Name, read: (frame: Frame, address: number, layout: Layout<Name>) => Result): Result {
  const { secur32 } = facts;
  return secur32.framed(0, (frame) => {
    const layout = frame.layouts[name];
    const address = frame.reserve(layout.size);
    const status = secur32.call('QueryContextAttributesW', frame.put(facts.handle), attribute, address);
    if (!isSuccess(status)) throw nativeError(status, `QueryContextAttributesW(${attribute})`);
    return read(frame, address, layout);
  });
}

/** As `run`, or `otherwise` where the package does not tell. */
export function unlessUnsupported<Result>(run: () => Result, otherwise: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof SspiError && NOT_TOLD.has(error.code)) return otherwise();
    throw error;
  }
}

const NOT_TOLD: ReadonlySet<string> = new Set(['SEC_E_UNSUPPORTED_FUNCTION', 'SEC_E_INVALID_HANDLE', 'SEC_E_INVALID_PARAMETER', 'SEC_E_NO_IMPERSONATION']);

function negotiationInfo(facts: ContextFacts): { packageInfo: SecPkgInfo; negotiationState: number } {
  return ask(facts, SECPKG_ATTR_NEGOTIATION_INFO, 'SecPkgContext_NegotiationInfoW', (frame, at, layout) => ({
    packageInfo: facts.secur32.takePackageInfo(frame.getPointer(at + layout.PackageInfo)), negotiationState: frame.getUint32(at + layout.NegotiationState),
  }));
}

/** The package that does the work: of a Negotiate context, the one that it chose. */
function packageInfo(facts: ContextFacts): SecPkgInfo {
  const info = unlessUnsupported(
    () => ask(facts, SECPKG_ATTR_PACKAGE_INFO, 'SecPkgContext_PackageInfoW', (frame, at, layout) => facts.secur32.takePackageInfo(frame.getPointer(at + layout.PackageInfo))),
    () => facts.secur32.packageInfo(facts.package),
  );
  return info.name === 'Negotiate' ? unlessUnsupported(() => negotiationInfo(facts).packageInfo, () => info) : info;
}

function names(facts: ContextFacts): string {
  return ask(facts, SECPKG_ATTR_NAMES, 'SecPkgContext_NamesW', (frame, at, layout) => facts.secur32.takeString(frame.getPointer(at + layout.sUserName)) ?? '');
}

function bindings(facts: ContextFacts, attribute: number): { bindings: Uint8Array } {
  return ask(facts, attribute, 'SecPkgContext_Bindings', (frame, at, layout) => ({
    bindings: facts.secur32.takeBytes(frame.getPointer(at + layout.Bindings), frame.getUint32(at + layout.BindingsLength)),
  }));
}

/** SecPkgContext_Target has bytes and their number; of which encoding is said nowhere. No SPN has a second byte of zero, but in UTF-16. */
function targetText(bytes: Uint8Array): string {
  const isUtf16 = bytes.length % 2 === 0 && bytes[1] === 0;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes).replace(/\0+$/, '');
}

/** SECPKG_ATTR_LC_STATUS (sspi.h). */
const LAST_CLIENT_TOKEN_YES = 0;
const LAST_CLIENT_TOKEN_NO = 1;
const LAST_CLIENT_TOKEN_MAYBE = 2;

/** Those that have an answer during the handshake, or after it failed. */
const EARLY: Queries = {
  [SECPKG_ATTR_NEGO_STATUS]: ({ failure }) => ({ lastStatus: failure === null ? SEC_I_CONTINUE_NEEDED : failure.status, reason: failure }),
  [SECPKG_ATTR_NEGOTIATION_INFO]: (facts) => {
    const pending = { packageInfo: facts.secur32.packageInfo(facts.package), negotiationState: SECPKG_NEGOTIATION_IN_PROGRESS };
    return facts.failure !== null ? pending : unlessUnsupported(() => ({ ...negotiationInfo(facts), negotiationState: SECPKG_NEGOTIATION_IN_PROGRESS }), () => pending);
  },
  [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: ({ package: name }) => ({ lastClientTokenStatus: name === 'Negotiate' ? LAST_CLIENT_TOKEN_MAYBE : LAST_CLIENT_TOKEN_NO }),
};

const QUERIES: Queries = {
  [SECPKG_ATTR_SIZES]: (facts) => ask(facts, SECPKG_ATTR_SIZES, 'SecPkgContext_Sizes', (frame, at, layout) => ({
    maxToken: frame.getUint32(at + layout.cbMaxToken), maxSignature: frame.getUint32(at + layout.cbMaxSignature), blockSize: frame.getUint32(at + layout.cbBlockSize),
    securityTrailer: frame.getUint32(at + layout.cbSecurityTrailer),
  })),
  [SECPKG_ATTR_NAMES]: (facts) => ({ userName: names(facts) }),
  [SECPKG_ATTR_LIFESPAN]: (facts) => ask(facts, SECPKG_ATTR_LIFESPAN, 'SecPkgContext_Lifespan', (frame, at, layout) => ({
    start: dateOfTimeStamp(frame.getInt64(at + layout.tsStart)) ?? new Date(0), expiry: dateOfTimeStamp(frame.getInt64(at + layout.tsExpiry)),
  })),
  [SECPKG_ATTR_STREAM_SIZES]: (facts) => ask(facts, SECPKG_ATTR_STREAM_SIZES, 'SecPkgContext_StreamSizes', (frame, at, layout) => ({
    header: frame.getUint32(at + layout.cbHeader), trailer: frame.getUint32(at + layout.cbTrailer), maximumMessage: frame.getUint32(at + layout.cbMaximumMessage),
    buffers: frame.getUint32(at + layout.cBuffers), blockSize: frame.getUint32(at + layout.cbBlockSize),
  })),
  [SECPKG_ATTR_KEY_INFO]: (facts) => ask(facts, SECPKG_ATTR_KEY_INFO, 'SecPkgContext_KeyInfoW', (frame, at, layout) => ({
    signatureAlgorithmName: facts.secur32.takeString(frame.getPointer(at + layout.sSignatureAlgorithmName)) ?? '',
    encryptAlgorithmName: facts.secur32.takeString(frame.getPointer(at + layout.sEncryptAlgorithmName)) ?? '',
    keySize: frame.getUint32(at + layout.KeySize), signatureAlgorithm: frame.getUint32(at + layout.SignatureAlgorithm), encryptAlgorithm: frame.getUint32(at + layout.EncryptAlgorithm),
  })),
  [SECPKG_ATTR_SESSION_KEY]: (facts) => ask(facts, SECPKG_ATTR_SESSION_KEY, 'SecPkgContext_SessionKey', (frame, at, layout) => ({
    sessionKey: facts.secur32.takeBytes(frame.getPointer(at + layout.SessionKey), frame.getUint32(at + layout.SessionKeyLength)),
  })),
  [SECPKG_ATTR_PACKAGE_INFO]: (facts) => ({ packageInfo: packageInfo(facts) }),
  [SECPKG_ATTR_NEGOTIATION_INFO]: (facts) => unlessUnsupported(
    () => negotiationInfo(facts), () => ({ packageInfo: packageInfo(facts), negotiationState: SECPKG_NEGOTIATION_COMPLETE }),
  ),
  [SECPKG_ATTR_NATIVE_NAMES]: (facts) => unlessUnsupported(() => ask(facts, SECPKG_ATTR_NATIVE_NAMES, 'SecPkgContext_NativeNamesW', (frame, at, layout) => ({
    clientName: facts.secur32.takeString(frame.getPointer(at + layout.sClientName)) ?? '', serverName: facts.secur32.takeString(frame.getPointer(at + layout.sServerName)),
  })), () => ({ clientName: names(facts), serverName: facts.targetName })),
  [SECPKG_ATTR_FLAGS]: (facts) => ask(facts, SECPKG_ATTR_FLAGS, 'SecPkgContext_Flags', (frame, at, layout) => ({ flags: frame.getUint32(at + layout.Flags) })),
  [SECPKG_ATTR_ACCESS_TOKEN]: (facts): AccessToken => {
    if (facts.side === 'initiator') throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SECPKG_ATTR_ACCESS_TOKEN is an attribute of the server');
    return unlessUnsupported(() => readToken(facts.secur32, facts.handle), () => ({ userSid: null, groups: [], upn: null, delegatedCredential: null }));
  },
  [SECPKG_ATTR_TARGET]: (facts) => unlessUnsupported(() => ask(facts, SECPKG_ATTR_TARGET, 'SecPkgContext_Target', (frame, at, layout) => {
    const bytes = facts.secur32.takeBytes(frame.getPointer(at + layout.Target), frame.getUint32(at + layout.TargetLength));
    return { target: bytes.length === 0 ? facts.targetName : targetText(bytes) };
  }), () => ({ target: facts.targetName })),
  [SECPKG_ATTR_UNIQUE_BINDINGS]: (facts) => bindings(facts, SECPKG_ATTR_UNIQUE_BINDINGS),
  [SECPKG_ATTR_ENDPOINT_BINDINGS]: (facts) => bindings(facts, SECPKG_ATTR_ENDPOINT_BINDINGS),
  [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: (facts) => {
    if (facts.side === 'initiator') throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SECPKG_ATTR_CLIENT_SPECIFIED_TARGET is an attribute of the server');
    return ask(facts, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, 'SecPkgContext_ClientSpecifiedTarget', (frame, at, layout) => ({
      targetName: facts.secur32.takeString(frame.getPointer(at + layout.sTargetName)),
    }));
  },
  [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: (facts) => unlessUnsupported(
    () => ask(facts, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, 'SecPkgContext_LastClientTokenStatus', (frame, at, layout) => ({ lastClientTokenStatus: frame.getUint32(at + layout.LastClientTokenStatus) })),
    () => ({ lastClientTokenStatus: LAST_CLIENT_TOKEN_YES }),
  ),
  [SECPKG_ATTR_NEGO_STATUS]: (facts) => unlessUnsupported(() => {
    const lastStatus = ask(facts, SECPKG_ATTR_NEGO_STATUS, 'SecPkgContext_NegoStatus', (frame, at, layout) => frame.getUint32(at + layout.LastStatus));
    return { lastStatus, reason: isSuccess(lastStatus) ? null : nativeError(lastStatus, 'Negotiate') };
  }, () => ({ lastStatus: SEC_E_OK, reason: null })),
};
