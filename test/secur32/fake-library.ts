import type { AcquireOptions, BackendContext, BackendCredential } from '../../backends/contract/backend.ts';
import type { AcceptorData, AuthData, KerberosConfig, PackageName } from '../../backends/contract/credentials.ts';
import type { FunctionName, Secur32Library } from '../../backends/secur32/library.ts';
import type { PointerSize } from '../../backends/secur32/structs.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS, type ContextSizes, SEC_E_INTERNAL_ERROR, SEC_E_INVALID_HANDLE, SEC_E_OK, SEC_E_SECPKG_NOT_FOUND, SEC_E_UNSUPPORTED_FUNCTION, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_DATA, SECBUFFER_STREAM, SECBUFFER_TOKEN,
  SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, type SecBuffer, type SecPkgInfo, SspiError,
} from '../../src/index.ts';
import * as sspi from '../../src/index.ts';
import { FakeMemory, utf16 } from './fake-memory.ts';

export interface FakeCall {
  name: FunctionName;
  values: number[];
  isAsync: boolean;
}

/** What the system behind the DLL knows. */
export interface FakeSystem {
  acceptor?: AcceptorData;
  kerberos?: KerberosConfig;
}

export interface FakeOptions extends FakeSystem {
  pointerSize?: PointerSize;
  isWine?: boolean;
  /** The same, by package. */
  system?: (name: PackageName) => Promise<FakeSystem>;
}

type Implementation = (...values: number[]) => number | Promise<number>;

/**
 * A secur32.dll that is none: every call is recorded, and answered out of the structures that it points to. Behind it the Wasm engine makes
 * the tokens, so that what goes through the structures is real. `replace` puts an answer of the test's own in a function's place.
 */
export class FakeLibrary implements Secur32Library {
  readonly pointerSize: PointerSize;
  readonly isWine: boolean;
  readonly memory: FakeMemory;
  readonly calls: FakeCall[] = [];
  readonly replace: { [Name in FunctionName]?: Implementation } = {};
  /** SecHandle's lower half to what it stands for. */
  readonly credentials = new Map<number, BackendCredential>();
  readonly contexts = new Map<number, BackendContext>();
  /** HANDLEs that are open. */
  readonly tokens = new Set<number>();
  /** Its thread acts for a client. */
  impersonated = false;
  /** An acceptor without ASC_REQ_ALLOW_MISSING_BINDINGS, by what it is with. */
  readonly #strict = new Map<BackendCredential, BackendCredential>();
  /** Of a handshake that is under way. */
  readonly #begunWith = new Map<BackendContext, BackendCredential>();
  readonly #options: FakeOptions;
  readonly #engine = createWasmBackend();
  readonly #packages: SecPkgInfo[];
  #next = 0x100;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.pointerSize = options.pointerSize ?? 8;
    this.isWine = options.isWine ?? false;
    this.memory = new FakeMemory(this.pointerSize);
    this.#packages = (['Negotiate', 'Kerberos', 'NTLM', 'Schannel'] as PackageName[]).map((name, index) => ({
      name, capabilities: 0x2b3b3 + 0x100000 * index, version: 1, rpcId: [9, 16, 10, 14][index]!, maxToken: [65791, 48000, 2888, 24576][index]!, comment: `${name} of a fake`,
    }));
  }

  allocate = (length: number) => this.memory.allocate(length);
  read = (address: number, length: number) => this.memory.at(address, length).slice();
  readString = (address: number) => this.memory.string(address);
  wipe = (address: number, length: number) => void this.memory.at(address, length).fill(0);

  call(name: FunctionName, ...values: number[]): number {
    this.calls.push({ name, values, isAsync: false });
    const result = (this.replace[name] ?? this.#functions[name]!)(...values);
    if (typeof result !== 'number') throw new Error(`${name} would block the event loop`);
    return result;
  }

  async callAsync(name: FunctionName, ...values: number[]): Promise<number> {
    this.calls.push({ name, values, isAsync: true });
    return (this.replace[name] ?? this.#functions[name]!)(...values);
  }

  /** What answers when nothing replaces it. */
  implementation(name: FunctionName): (...values: number[]) => number | Promise<number> {
    return this.#functions[name]!;
  }

  /** The names of the calls so far. */
  get names(): FunctionName[] {
    return this.calls.map(({ name }) => name);
  }

  readonly #functions: { [Name in FunctionName]?: Implementation } = {
    EnumerateSecurityPackagesW: (count, packages) => {
      this.memory.setUint32(count!, this.#packages.length);
      this.memory.setPointer(packages!, this.#givePackages(this.#packages));
      return SEC_E_OK;
    },
    QuerySecurityPackageInfoW: (name, found) => {
      const info = this.#packages.find((known) => known.name === this.memory.string(name!));
      if (info === undefined) return SEC_E_SECPKG_NOT_FOUND;
      this.memory.setPointer(found!, this.#givePackages([info]));
      return SEC_E_OK;
    },
    AcquireCredentialsHandleW: (_principal, name, use, _logonId, identity, _getKey, _argument, handle, expiry) => this.#status(async () => {
      const { authData, packageList } = this.#identity(identity!);
      const system = await this.#options.system?.(this.memory.string(name!) as PackageName) ?? this.#options;
      const options: AcquireOptions = {
        package: this.memory.string(name!) as PackageName, credentialUse: use!, packageList, kerberos: system.kerberos,
        authData: { ...((use! & SECPKG_CRED_INBOUND) === 0 ? {} : system.acceptor), ...((use! & SECPKG_CRED_OUTBOUND) === 0 ? {} : authData) } as AuthData,
      };
      const credential = await this.#engine.acquireCredentials(options);
      if ((use! & SECPKG_CRED_INBOUND) !== 0) {
        const authData = { ...options.authData, channelBindingPolicy: 'always' } as AcceptorData;
        this.#strict.set(credential, await this.#engine.acquireCredentials({ ...options, authData }));
      }
      this.#newHandle(handle!, this.credentials, credential);
      this.#giveTime(expiry!, credential.expiry);
    }),
    FreeCredentialsHandle: (handle) => this.#drop(this.credentials, handle!, (credential) => { credential.free(); this.#strict.get(credential)?.free(); }),
    DeleteSecurityContext: (handle) => this.#drop(this.contexts, handle!, (context) => context.delete()),
    InitializeSecurityContextW: (credential, context, target, contextReq, _1, targetDataRep, input, _2, newContext, output, attributes, expiry) =>
      this.#leg('initialize', credential!, context!, target === 0 ? undefined : this.memory.string(target!), contextReq!, targetDataRep!, input!, newContext!, output!, attributes!, expiry!),
    AcceptSecurityContext: (credential, context, input, contextReq, targetDataRep, newContext, output, attributes, expiry) =>
      this.#leg('accept', credential!, context!, undefined, contextReq!, targetDataRep!, input!, newContext!, output!, attributes!, expiry!),
    CompleteAuthToken: () => SEC_E_UNSUPPORTED_FUNCTION,
    ApplyControlToken: () => SEC_E_UNSUPPORTED_FUNCTION,
    QueryContextAttributesW: (context, attribute, value) => this.#status(() => this.#query(this.#context(context!), attribute!, value!)),
    QueryCredentialsAttributesW: (credential, _attribute, value) => this.#status(() => {
      const { userName } = this.#credential(credential!).queryAttribute(1) as { userName: string };
      this.memory.setPointer(value!, this.memory.giveString(userName));
    }),
    SetCredentialsAttributesW: (credential) => (this.#credential(credential!) === undefined ? SEC_E_INVALID_HANDLE : SEC_E_OK),
    MakeSignature: (context, qop, message, sequence) => this.#message(message!, (buffers) => this.#context(context!).makeSignature(buffers, qop!, sequence!)),
    EncryptMessage: (context, qop, message, sequence) => this.#message(message!, (buffers) => this.#context(context!).encryptMessage(buffers, qop!, sequence!)),
    VerifySignature: (context, message, sequence, qop) => this.#message(message!, (buffers) => this.memory.setUint32(qop!, this.#context(context!).verifySignature(buffers, sequence!))),
    DecryptMessage: (context, message, sequence, qop) => this.#message(message!, (buffers) => this.memory.setUint32(qop!, this.#context(context!).decryptMessage(buffers, sequence!))),
    ExportSecurityContext: (context, _flags, buffer) => this.#status(() => {
      const bytes = this.#context(context!).export();
      const { SecBuffer } = this.memory.layouts;
      this.memory.setUint32(buffer! + SecBuffer.cbBuffer, bytes.length);
      this.memory.setUint32(buffer! + SecBuffer.BufferType, SECBUFFER_TOKEN);
      this.memory.setPointer(buffer! + SecBuffer.pvBuffer, this.memory.give(bytes));
    }),
    ImportSecurityContextW: (_name, buffer, _token, handle) => this.#status(() => {
      const { SecBuffer } = this.memory.layouts;
      const bytes = this.memory.at(this.memory.pointer(buffer! + SecBuffer.pvBuffer), this.memory.uint32(buffer! + SecBuffer.cbBuffer));
      this.#newHandle(handle!, this.contexts, this.#engine.importContext(undefined, bytes.slice()));
    }),
    QuerySecurityContextToken: (context, token) => this.#status(() => {
      this.#context(context!);
      const handle = this.#next++;
      this.tokens.add(handle);
      this.memory.setPointer(token!, handle);
    }),
    ImpersonateSecurityContext: () => { this.impersonated = true; return SEC_E_OK; },
    RevertSecurityContext: () => { this.impersonated = false; return SEC_E_OK; },
    ChangeAccountPasswordW: (name, domain, user, oldPassword, newPassword) => this.#status(() => this.#engine.changeAccountPassword({
      package: this.memory.string(name!) as PackageName, domain: this.memory.string(domain!), user: this.memory.string(user!),
      oldPassword: this.memory.string(oldPassword!), newPassword: this.memory.string(newPassword!),
    })),
    FreeContextBuffer: (address) => (this.memory.free(address!) ? SEC_E_OK : SEC_E_INVALID_HANDLE),
    CloseHandle: (handle) => (this.tokens.delete(handle!) ? 1 : 0),
    GetTokenInformation: (token, what, address, room, needed) => {
      if (!this.tokens.has(token!)) return 0;
      const information = this.#tokenInformation(what!, address!);
      this.memory.setUint32(needed!, information.length);
      if (information.length > room!) return 0;
      this.memory.at(address!, information.length).set(information);
      return 1;
    },
  };

  async #leg(
    verb: 'initialize' | 'accept', credential: number, context: number, targetName: string | undefined, contextReq: number, targetDataRep: number, input: number, newContext: number,
    output: number, attributes: number, expiry: number,
  ): Promise<number> {
    const copies = this.memory.buffers(input).map(({ type, data }) => ({ type, data: data.slice() }));
    const existing = context === 0 ? null : this.#context(context);
    const [token] = this.memory.buffers(output).filter(({ type }) => type === SECBUFFER_TOKEN);
    const lenient = this.#credential(credential);
    const isStrict = copies.some(({ type }) => type === SECBUFFER_CHANNEL_BINDINGS) && (contextReq & ASC_REQ_ALLOW_MISSING_BINDINGS) === 0;
    const used = (existing === null ? undefined : this.#begunWith.get(existing)) ?? (isStrict ? this.#strict.get(lenient) : undefined) ?? lenient;
    try {
      const result = await used[verb](existing, { targetName, contextReq, targetDataRep, input: copies, output: [] });
      if (existing === null) this.#newHandle(newContext, this.contexts, result.context);
      if (result.status === SEC_E_OK) this.#begunWith.delete(result.context);
      else this.#begunWith.set(result.context, used);
      this.memory.fill(token!, result.output[0]!.data);
      this.memory.setUint32(attributes, result.contextAttr);
      this.#giveTime(expiry, result.expiry);
      return result.status;
    } catch (error) {
      if (!(error instanceof SspiError)) throw error;
      this.memory.fill(token!, error.token ?? new Uint8Array(0));
      return error.status;
    }
  }

  /** The message verbs work on the backend's memory, and tell lengths and moved pointers in the SecBuffers. */
  #message(desc: number, run: (buffers: SecBuffer[]) => void): number {
    return this.#status(() => {
      const { SecBuffer } = this.memory.layouts;
      const before = this.memory.buffers(desc);
      const buffers = before.map(({ type, data }) => ({ type, data }));
      run(buffers);
      const stream = before.find(({ type }) => type === SECBUFFER_STREAM);
      buffers.forEach(({ type, data }, index) => {
        const { at } = before[index]!;
        this.memory.setUint32(at + SecBuffer.cbBuffer, data.length);
        if (stream !== undefined && type === SECBUFFER_DATA) this.memory.setPointer(at + SecBuffer.pvBuffer, stream.pointer + (data.byteOffset - stream.data.byteOffset));
      });
    }) as number;
  }

  /** A TimeStamp: 100 ns since 1601, in local time; the largest one for never. */
  #giveTime(address: number, date: Date | null): void {
    const local = date === null ? 0 : date.getTime() - new Date().getTimezoneOffset() * 60_000;
    const ticks = date === null ? 0x7fff_ffff_ffff_ffffn : BigInt(local + 11_644_473_600_000) * 10_000n;
    this.memory.at(address, 8).set(new Uint8Array(BigInt64Array.of(ticks).buffer));
  }

  #identity(address: number): { authData?: AuthData; packageList?: string } {
    if (address === 0) return {};
    const { SEC_WINNT_AUTH_IDENTITY_W: plain, SEC_WINNT_AUTH_IDENTITY_EXW: extended } = this.memory.layouts;
    const isExtended = this.memory.uint32(address) === 0x200 && this.memory.uint32(address + 4) === extended.size;
    const layout = isExtended ? extended : plain;
    const string = (pointer: number, length: number) => {
      const start = this.memory.pointer(address + pointer);
      return start === 0 ? undefined : this.memory.units(start, this.memory.uint32(address + length));
    };
    const user = string(layout.User, layout.UserLength);
    const packageList = isExtended ? string(extended.PackageList, extended.PackageListLength) : undefined;
    if (user === undefined) return { packageList };
    return { authData: { user, domain: string(layout.Domain, layout.DomainLength)!, password: string(layout.Password, layout.PasswordLength)! }, packageList };
  }

  #query(context: BackendContext, attribute: number, address: number): void {
    const { memory } = this;
    const value = context.queryAttribute(attribute) as Record<string, never>;
    const l = memory.layouts;
    const u32 = (offset: number, number: number) => memory.setUint32(address + offset, number);
    const pointer = (offset: number, target: number) => memory.setPointer(address + offset, target);
    const string = (offset: number, text: string | null) => pointer(offset, text === null ? 0 : memory.giveString(text));
    const bytes = (length: number, offset: number, content: Uint8Array) => { u32(length, content.length); pointer(offset, memory.give(content.slice())); };
    switch (attribute) {
      case sspi.SECPKG_ATTR_SIZES: {
        const sizes = value as unknown as ContextSizes;
        u32(l.SecPkgContext_Sizes.cbMaxToken, sizes.maxToken);
        u32(l.SecPkgContext_Sizes.cbMaxSignature, sizes.maxSignature);
        u32(l.SecPkgContext_Sizes.cbBlockSize, sizes.blockSize);
        return u32(l.SecPkgContext_Sizes.cbSecurityTrailer, sizes.securityTrailer);
      }
      case sspi.SECPKG_ATTR_STREAM_SIZES: {
        const sizes = value as unknown as sspi.StreamSizes;
        u32(l.SecPkgContext_StreamSizes.cbHeader, sizes.header);
        u32(l.SecPkgContext_StreamSizes.cbTrailer, sizes.trailer);
        u32(l.SecPkgContext_StreamSizes.cbMaximumMessage, sizes.maximumMessage);
        u32(l.SecPkgContext_StreamSizes.cBuffers, sizes.buffers);
        return u32(l.SecPkgContext_StreamSizes.cbBlockSize, sizes.blockSize);
      }
      case sspi.SECPKG_ATTR_NAMES: return string(l.SecPkgContext_NamesW.sUserName, value['userName']!);
      case sspi.SECPKG_ATTR_LIFESPAN:
        this.#giveTime(address + l.SecPkgContext_Lifespan.tsStart, value['start']!);
        return this.#giveTime(address + l.SecPkgContext_Lifespan.tsExpiry, value['expiry']!);
      case sspi.SECPKG_ATTR_FLAGS: return u32(l.SecPkgContext_Flags.Flags, value['flags']!);
      case sspi.SECPKG_ATTR_SESSION_KEY: return bytes(l.SecPkgContext_SessionKey.SessionKeyLength, l.SecPkgContext_SessionKey.SessionKey, value['sessionKey']!);
      case sspi.SECPKG_ATTR_TARGET: {
        const target = (value['target'] ?? '') as string;
        return bytes(l.SecPkgContext_Target.TargetLength, l.SecPkgContext_Target.Target, new TextEncoder().encode(target));
      }
      case sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET: return string(l.SecPkgContext_ClientSpecifiedTarget.sTargetName, value['targetName']!);
      case sspi.SECPKG_ATTR_UNIQUE_BINDINGS:
      case sspi.SECPKG_ATTR_ENDPOINT_BINDINGS: return bytes(l.SecPkgContext_Bindings.BindingsLength, l.SecPkgContext_Bindings.Bindings, value['bindings']!);
      case sspi.SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS: return u32(0, value['lastClientTokenStatus']!);
      case sspi.SECPKG_ATTR_NEGO_STATUS: return u32(0, value['lastStatus']!);
      case sspi.SECPKG_ATTR_NATIVE_NAMES:
        string(l.SecPkgContext_NativeNamesW.sClientName, value['clientName']!);
        return string(l.SecPkgContext_NativeNamesW.sServerName, value['serverName']!);
      case sspi.SECPKG_ATTR_KEY_INFO: {
        const info = value as unknown as sspi.KeyInfo;
        string(l.SecPkgContext_KeyInfoW.sSignatureAlgorithmName, info.signatureAlgorithmName);
        string(l.SecPkgContext_KeyInfoW.sEncryptAlgorithmName, info.encryptAlgorithmName);
        u32(l.SecPkgContext_KeyInfoW.KeySize, info.keySize);
        u32(l.SecPkgContext_KeyInfoW.SignatureAlgorithm, info.signatureAlgorithm);
        return u32(l.SecPkgContext_KeyInfoW.EncryptAlgorithm, info.encryptAlgorithm);
      }
      case sspi.SECPKG_ATTR_PACKAGE_INFO: return pointer(l.SecPkgContext_PackageInfoW.PackageInfo, this.#givePackages([value['packageInfo']!]));
      case sspi.SECPKG_ATTR_NEGOTIATION_INFO:
        pointer(l.SecPkgContext_NegotiationInfoW.PackageInfo, this.#givePackages([value['packageInfo']!]));
        return u32(l.SecPkgContext_NegotiationInfoW.NegotiationState, value['negotiationState']!);
      default: throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'no such attribute');
    }
  }

  /** S-1-5-21-1-2-3-1104, in groups that count (513, S-1-5-32-545) and that do not: for denying alone, an integrity level, the logon's own. */
  #tokenInformation(what: number, address: number): Uint8Array {
    const { SID_AND_ATTRIBUTES, TOKEN_GROUPS } = this.memory.layouts;
    const sid = (...sub: number[]) => Uint8Array.from([1, sub.length, 0, 0, 0, 0, 0, 5, ...sub.flatMap((number) => [...new Uint8Array(Uint32Array.of(number).buffer)])]);
    const entries: [sid: Uint8Array, attributes: number][] = what === 1 ? [[sid(21, 1, 2, 3, 1104), 0]]
      : [[sid(21, 1, 2, 3, 513), 7], [sid(32, 545), 7], [sid(32, 544), 0x10], [sid(16, 12288), 0x60], [sid(5, 0, 999), 0xc000_0007], ...this.extraGroups.map((rid) => [sid(21, 1, 2, 3, rid), 7] as [Uint8Array, number])];
    const head = what === 1 ? 0 : TOKEN_GROUPS.Groups;
    let end = head + entries.length * SID_AND_ATTRIBUTES.size;
    const bytes = new Uint8Array(end + entries.reduce((sum, [id]) => sum + id.length, 0));
    const view = new DataView(bytes.buffer);
    if (what !== 1) view.setUint32(0, entries.length, true);
    entries.forEach(([id, attributes], index) => {
      const at = head + index * SID_AND_ATTRIBUTES.size;
      if (this.pointerSize === 4) view.setUint32(at, address + end, true);
      else view.setBigUint64(at, BigInt(address + end), true);
      view.setUint32(at + SID_AND_ATTRIBUTES.Attributes, attributes, true);
      bytes.set(id, end);
      end += id.length;
    });
    return bytes;
  }

  /** More relative identifiers than fit the first try. */
  extraGroups: number[] = [];

  /** SecPkgInfoW, one after the other, their strings behind them. */
  #givePackages(packages: readonly SecPkgInfo[]): number {
    const { SecPkgInfoW: layout } = this.memory.layouts;
    const strings = packages.map(({ name, comment }) => [utf16(`${name}\0`), utf16(`${comment}\0`)] as const);
    const bytes = new Uint8Array(packages.length * layout.size + strings.flat().reduce((sum, { length }) => sum + length, 0));
    const address = this.memory.give(bytes);
    let end = packages.length * layout.size;
    const put = (string: Uint8Array) => {
      bytes.set(string, end);
      end += string.length;
      return address + end - string.length;
    };
    packages.forEach((info, index) => {
      const at = address + index * layout.size;
      this.memory.setUint32(at + layout.fCapabilities, info.capabilities);
      this.memory.setUint32(at + layout.wVersion, info.version | (info.rpcId << 16));
      this.memory.setUint32(at + layout.cbMaxToken, info.maxToken);
      this.memory.setPointer(at + layout.Name, put(strings[index]![0]));
      this.memory.setPointer(at + layout.Comment, put(strings[index]![1]));
    });
    return address;
  }

  #status(run: () => void | Promise<void>): number | Promise<number> {
    const failed = (error: unknown) => (error instanceof SspiError ? error.status : (console.error(error), SEC_E_INTERNAL_ERROR));
    try {
      const running = run();
      return running === undefined ? SEC_E_OK : running.then(() => SEC_E_OK, failed);
    } catch (error) {
      return failed(error);
    }
  }

  #newHandle<Value>(address: number, table: Map<number, Value>, value: Value): void {
    const { SecHandle } = this.memory.layouts;
    table.set(this.#next, value);
    this.memory.setPointer(address + SecHandle.dwLower, this.#next++);
    this.memory.setPointer(address + SecHandle.dwUpper, this.pointerSize === 4 ? 0xfeed_beef : 0xfeed_0000_beef);
  }

  #context(address: number): BackendContext {
    return this.#find(this.contexts, address);
  }

  #credential(address: number): BackendCredential {
    return this.#find(this.credentials, address);
  }

  #find<Value>(table: Map<number, Value>, address: number): Value {
    const value = table.get(this.memory.pointer(address));
    if (value === undefined) throw new SspiError('SEC_E_INVALID_HANDLE', 'no such handle');
    return value;
  }

  #drop<Value>(table: Map<number, Value>, address: number, end: (value: Value) => void): number {
    const key = this.memory.pointer(address);
    const value = table.get(key);
    if (value === undefined) return SEC_E_INVALID_HANDLE;
    table.delete(key);
    end(value);
    return SEC_E_OK;
  }
}
