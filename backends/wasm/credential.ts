import type { BackendContext, BackendCredential, HandshakeCall, HandshakeResult, Side } from '../contract/backend.ts';
import { unpackAuthIdentity } from '../contract/auth-identity.ts';
import { SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../contract/constants.ts';
import type { KerberosConfig, NtlmConfig, PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { ASC_REQ_ALLOCATE_MEMORY, ASC_REQ_EXTENDED_ERROR, ISC_REQ_EXTENDED_ERROR } from '../contract/flags.ts';
import type { Host } from '../contract/host.ts';
import { type Begun, WasmContext } from './context.ts';
import type { Engine, ErrorRequest } from './engine.ts';
import type { AcceptorRequest, Handshake, InitiatorRequest, MechanismCredential } from './mechanism.ts';
import { initiatorFlags, suppliedCredentials } from './requirements.ts';

export interface CredentialParts {
  package: PackageName;
  credentialUse: number;
  /** In the order in which Negotiate offers them; one for a bare package. */
  mechanisms: readonly MechanismCredential[];
  /** The outbound account's name; null for an inbound credential. */
  userName: string | null;
  engine: Engine;
  packageList: string | undefined;
  kerberos: KerberosConfig | undefined;
  ntlm: NtlmConfig | undefined;
  host: Host;
}

/** Credentials of this engine. The keys are wiped when it is freed and the last handshake that uses them has ended. */
export class WasmCredential implements BackendCredential {
  readonly backend = 'wasm';
  readonly package: PackageName;
  readonly credentialUse: number;
  readonly expiry: Date | null;
  readonly #parts: CredentialParts;
  readonly #release = () => this.#leave();
  #users = 0;
  #freed = false;

  constructor(parts: CredentialParts) {
    this.#parts = parts;
    this.package = parts.package;
    this.credentialUse = parts.credentialUse;
    this.expiry = parts.mechanisms.reduce<Date | null>((last, { expiry }) => later(last, expiry), parts.mechanisms[0]?.expiry ?? null);
  }

  initialize(existing: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult> {
    const flags = initiatorFlags(this.package, call.contextReq);
    return this.#context('initiator', existing).step(call, () => {
      this.#requireUse(SECPKG_CRED_OUTBOUND, 'outbound');
      const request: InitiatorRequest & ErrorRequest = {
        targetName: call.targetName === undefined || call.targetName === '' ? null : call.targetName,
        flags, channelBindings: null, insideNegotiate: this.package === 'Negotiate', extendedError: (flags & ISC_REQ_EXTENDED_ERROR) !== 0,
      };
      const packed = suppliedCredentials(call);
      return packed === undefined ? this.#initiate(this.#parts.mechanisms, request) : this.#initiateSupplied(packed, request);
    });
  }

  accept(existing: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult> {
    return this.#context('acceptor', existing).step(call, () => {
      this.#requireUse(SECPKG_CRED_INBOUND, 'inbound');
      const flags = call.contextReq & ~ASC_REQ_ALLOCATE_MEMORY;
      const request: AcceptorRequest & ErrorRequest = {
        flags, channelBindings: null, insideNegotiate: this.package === 'Negotiate', extendedError: (flags & ASC_REQ_EXTENDED_ERROR) !== 0,
      };
      const { engine, mechanisms } = this.#parts;
      const handshake = this.package === 'Negotiate' ? engine.negotiateAcceptor(mechanisms, request) : only(mechanisms).acceptor(request);
      this.#users++;
      return { handshake, request, release: this.#release, suppliedCredentials: false };
    });
  }

  queryAttribute(attribute: number): unknown {
    this.#requireAlive();
    if (attribute !== SECPKG_CRED_ATTR_NAMES) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `the Wasm engine has no credential attribute ${attribute}`);
    if (this.#parts.userName === null) throw new SspiError('SEC_E_NO_CREDENTIALS', 'an inbound credential names no user');
    return { userName: this.#parts.userName };
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    if (this.#users === 0) this.#wipe();
  }

  #context(side: Side, existing: BackendContext | null): WasmContext {
    if (existing === null) {
      const context = new WasmContext(side, this.package, this.#parts.host);
      context.begunWith = this;
      return context;
    }
    if (!(existing instanceof WasmContext)) throw new SspiError('SEC_E_INVALID_HANDLE', 'the context belongs to another backend');
    if (existing.side !== side) {
      throw new SspiError('SEC_E_INVALID_HANDLE', `an ${existing.side}'s context cannot go on as an ${side}'s`);
    }
    // Credentials may change when an established context authenticates again, but not in the middle of a handshake.
    if (existing.package !== this.package || (existing.isHandshaking && existing.begunWith !== this)) {
      throw new SspiError('SEC_E_WRONG_CREDENTIAL_HANDLE', 'this context was begun with another credential');
    }
    existing.begunWith = this;
    return existing;
  }

  #initiate(mechanisms: readonly MechanismCredential[], request: InitiatorRequest & ErrorRequest): Begun {
    const handshake = this.#initiator(mechanisms, request);
    this.#users++;
    return { handshake, request, release: this.#release, suppliedCredentials: false };
  }

  /** ISC_REQ_USE_SUPPLIED_CREDS: credentials for this one handshake. */
  async #initiateSupplied(packed: Uint8Array, request: InitiatorRequest & ErrorRequest): Promise<Begun> {
    const { engine, kerberos, ntlm, host } = this.#parts;
    const { user, domain, password, packageList = this.#parts.packageList } = unpackAuthIdentity(packed);
    const authData = domain === undefined ? { user, password } : { user, domain, password };
    const mechanisms = await engine.createMechanisms({ package: this.package, packageList, authData, acceptor: undefined, kerberos, ntlm, host });
    const release = () => { for (const mechanism of mechanisms) mechanism.free(); };
    try {
      return { handshake: this.#initiator(mechanisms, request), request, release, suppliedCredentials: true };
    } catch (error) {
      release();
      throw error;
    }
  }

  #initiator(mechanisms: readonly MechanismCredential[], request: InitiatorRequest & ErrorRequest): Handshake {
    return this.package === 'Negotiate' ? this.#parts.engine.negotiateInitiator(mechanisms, request) : only(mechanisms).initiator(request);
  }

  #requireUse(use: number, name: string): void {
    this.#requireAlive();
    if ((this.credentialUse & use) === 0) {
      throw new SspiError('SEC_E_NO_CREDENTIALS', `the credential is not ${name}`, { remedy: `Acquire it with SECPKG_CRED_${name.toUpperCase()} or SECPKG_CRED_BOTH.` });
    }
    if (this.expiry !== null && this.expiry <= this.#parts.host.now()) {
      throw new SspiError('SEC_E_NO_CREDENTIALS', `the credential expired at ${this.expiry.toISOString()}`, { remedy: 'Acquire it again.' });
    }
  }

  #requireAlive(): void {
    if (this.#freed) throw new SspiError('SEC_E_INVALID_HANDLE', 'this credential was freed');
  }

  #leave(): void {
    this.#users--;
    if (this.#freed && this.#users === 0) this.#wipe();
  }

  #wipe(): void {
    for (const mechanism of this.#parts.mechanisms) mechanism.free();
  }
}

function only(mechanisms: readonly MechanismCredential[]): MechanismCredential {
  const mechanism = mechanisms[0];
  if (mechanism === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'a credential without a mechanism');
  return mechanism;
}

/** A credential lasts as long as its longest mechanism; null lasts for ever. */
function later(one: Date | null, other: Date | null): Date | null {
  return one === null || other === null ? null : one > other ? one : other;
}
