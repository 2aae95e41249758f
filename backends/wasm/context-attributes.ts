import type { Side } from '../contract/backend.ts';
import { packChannelBindings } from '../contract/bindings.ts';
import type { ContextAttributes } from '../contract/attributes.ts';
import {
  SECPKG_ATTR_ACCESS_TOKEN, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, SECPKG_ATTR_ENDPOINT_BINDINGS, SECPKG_ATTR_FLAGS, SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN, SECPKG_ATTR_NAMES, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_NEGO_STATUS, SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_SIZES, SECPKG_ATTR_STREAM_SIZES, SECPKG_ATTR_TARGET, SECPKG_ATTR_UNIQUE_BINDINGS, SECPKG_NEGOTIATION_COMPLETE,
  SECPKG_NEGOTIATION_IN_PROGRESS,
} from '../contract/constants.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { SEC_E_OK, SEC_I_CONTINUE_NEEDED } from '../contract/status.ts';
import type { Established } from './mechanism.ts';
import { packageInfo } from './packages.ts';

/** What a context knows of itself. */
export interface ContextFacts {
  side: Side;
  package: PackageName;
  established: Established | null;
  /** ISC_RET_* or ASC_RET_*, without what concerns one call only. */
  attributes: number;
  /** The application data that was bound, or null. */
  bindings: Uint8Array | null;
  started: Date | null;
  failure: SspiError | null;
  isHandshaking: boolean;
}

type Query = { [Attribute in keyof ContextAttributes]?: (facts: ContextFacts, established: Established) => ContextAttributes[Attribute] };

/** Throws SEC_E_UNSUPPORTED_FUNCTION for an attribute that no context here has, SEC_E_INVALID_HANDLE for one that comes with the last leg. */
export function queryContext(attribute: number, facts: ContextFacts): unknown {
  const early = EARLY[attribute as keyof ContextAttributes];
  if (early !== undefined) return early(facts);
  const query = QUERIES[attribute as keyof ContextAttributes];
  if (query === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `the Wasm engine has no context attribute ${attribute}`);
  if (facts.established === null) {
    if (facts.failure !== null) throw new SspiError('SEC_E_INVALID_HANDLE', `the handshake of this context failed with ${facts.failure.code}`, { cause: facts.failure });
    throw new SspiError('SEC_E_INVALID_HANDLE', `context attribute ${attribute} is known only when the handshake is complete`);
  }
  return query(facts, facts.established);
}

function bindingsOf(facts: ContextFacts, prefix: string, attribute: string): { bindings: Uint8Array } {
  const { bindings } = facts;
  for (let at = 0; at < prefix.length; at++) {
    if (bindings === null || bindings[at] !== prefix.charCodeAt(at)) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${attribute}: this context was bound to no ${prefix.slice(0, -1)}`);
    }
  }
  return { bindings: packChannelBindings(bindings!) };
}

/** SECPKG_ATTR_LC_STATUS (sspi.h). */
const LAST_CLIENT_TOKEN_YES = 0;
const LAST_CLIENT_TOKEN_NO = 1;
const LAST_CLIENT_TOKEN_MAYBE = 2;

/** Those that have an answer during the handshake, or after it failed. */
const EARLY: { [Attribute in keyof ContextAttributes]?: (facts: ContextFacts) => ContextAttributes[Attribute] } = {
  [SECPKG_ATTR_NEGO_STATUS]: ({ failure, isHandshaking }) => ({
    lastStatus: isHandshaking ? SEC_I_CONTINUE_NEEDED : failure?.status ?? SEC_E_OK, reason: failure,
  }),
  [SECPKG_ATTR_NEGOTIATION_INFO]: (facts) => ({
    packageInfo: packageInfo(facts.established?.mechanism ?? facts.package),
    negotiationState: facts.established === null ? SECPKG_NEGOTIATION_IN_PROGRESS : SECPKG_NEGOTIATION_COMPLETE,
  }),
  // Whether another token follows is the mechanism's choice inside Negotiate.
  [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: ({ isHandshaking, package: name }) => ({
    lastClientTokenStatus: !isHandshaking ? LAST_CLIENT_TOKEN_YES : name === 'Negotiate' ? LAST_CLIENT_TOKEN_MAYBE : LAST_CLIENT_TOKEN_NO,
  }),
};

const QUERIES: Query = {
  [SECPKG_ATTR_SIZES]: (_, { sizes }) => ({ ...sizes }),
  [SECPKG_ATTR_NAMES]: (_, { names }) => ({ userName: names.client }),
  [SECPKG_ATTR_LIFESPAN]: ({ started }, { expiry }) => ({ start: started!, expiry }),
  [SECPKG_ATTR_STREAM_SIZES]: (_, { sizes }) => ({
    header: sizes.securityTrailer, trailer: 0, maximumMessage: 0x7fffffff - sizes.securityTrailer, buffers: 4, blockSize: sizes.blockSize,
  }),
  [SECPKG_ATTR_KEY_INFO]: (_, { keyInfo }) => ({ ...keyInfo }),
  [SECPKG_ATTR_SESSION_KEY]: (_, { sessionKey }) => ({ sessionKey }),
  [SECPKG_ATTR_PACKAGE_INFO]: (_, { mechanism }) => ({ packageInfo: packageInfo(mechanism) }),
  [SECPKG_ATTR_NATIVE_NAMES]: (_, { names }) => ({ clientName: names.client, serverName: names.target }),
  [SECPKG_ATTR_FLAGS]: ({ attributes }) => ({ flags: attributes }),
  [SECPKG_ATTR_ACCESS_TOKEN]: ({ side }, { accessToken }) => {
    if (side === 'initiator') throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SECPKG_ATTR_ACCESS_TOKEN is an attribute of the server');
    return accessToken ?? { userSid: null, groups: [], upn: null, delegatedCredential: null };
  },
  [SECPKG_ATTR_TARGET]: (_, { names }) => ({ target: names.target }),
  [SECPKG_ATTR_UNIQUE_BINDINGS]: (facts) => bindingsOf(facts, 'tls-unique:', 'SECPKG_ATTR_UNIQUE_BINDINGS'),
  [SECPKG_ATTR_ENDPOINT_BINDINGS]: (facts) => bindingsOf(facts, 'tls-server-end-point:', 'SECPKG_ATTR_ENDPOINT_BINDINGS'),
  [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: ({ side }, { clientSpecifiedTarget }) => {
    if (side === 'initiator') throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SECPKG_ATTR_CLIENT_SPECIFIED_TARGET is an attribute of the server');
    return { targetName: clientSpecifiedTarget };
  },
};
