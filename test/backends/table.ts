import type { AcquireOptions, BackendContext, BackendCredential } from '../../backends/contract/backend.ts';
import { SECPKG_CRED_INBOUND } from '../../src/index.ts';
import type { TestRealm } from '../../src/testing/index.ts';
import { accounts, ALICE, TARGET } from '../contract/in-memory.ts';
import type { Capabilities } from '../contract/world.ts';

/** A line of docs/backends.md's table, and what proves it. A cell begins with `yes` or `no` where it can be checked. */
export interface Row {
  what: string;
  wasm: string;
  secur32: string;
  /** Options of AcquireCredentialsHandle that a backend takes, or does not. */
  takes?: (realm: TestRealm) => Partial<AcquireOptions>;
  /** A method that a backend's contexts have, or do not. */
  context?: keyof BackendContext;
  /** A method of its credentials. */
  credential?: keyof BackendCredential;
  /** A switch of the contract suite. */
  capability?: keyof Capabilities;
}

const inbound = (authData: AcquireOptions['authData']) => ({ credentialUse: SECPKG_CRED_INBOUND, authData });

const SWITCHES: Readonly<Record<keyof Capabilities, Omit<Row, 'capability'>>> = {
  exports: { what: 'an established context exported and imported', wasm: 'yes', secur32: 'yes, as far as the package does' },
  suppliedCredentials: { what: 'credentials for one handshake: `ISC_REQ_USE_SUPPLIED_CREDS`', wasm: 'yes', secur32: 'yes, as far as the package does' },
  sessionKeys: { what: 'the session key', wasm: 'yes', secur32: 'yes' },
  replaceableHost: { what: "clock, randomness, files and network of one's own: `host`", wasm: 'yes', secur32: 'no', takes: () => ({ authData: ALICE, host: { now: () => new Date() } }) },
  acceptorData: { what: "a server's own accounts: `accounts`", wasm: 'yes', secur32: 'no: the domain knows them', takes: () => inbound({ accounts }) },
};

const capability = (name: keyof Capabilities): Row => ({ ...SWITCHES[name], capability: name });

export const TABLE: readonly Row[] = [
  { what: 'runs on', wasm: 'every runtime', secur32: 'Windows (x64, ia32, arm64) in Node, Deno and Bun' },
  { what: 'code', wasm: 'JavaScript and `core.wasm`', secur32: "`secur32.dll`, called by koffi's native module, an optional dependency" },
  { what: 'packages', wasm: 'Negotiate, Kerberos, NTLM', secur32: 'Negotiate, Kerberos, NTLM, as Windows has them' },

  { what: "the logged-on user's credential, by single sign-on", wasm: "no: the host's tickets and `NTLM_USER_FILE`, see [api.md](api.md#credentials)", secur32: 'yes, with smart cards and whatever else Windows logs on with' },
  { what: 'a user and a password', wasm: 'yes', secur32: 'yes', takes: () => ({ authData: ALICE }) },
  { what: 'an NT hash: `ntHash`', wasm: 'yes', secur32: 'no', takes: () => ({ package: 'NTLM', authData: { user: 'alice', ntHash: new Uint8Array(16) } }) },
  { what: 'a keytab', wasm: 'yes', secur32: "no: the computer's or the service's account has the keys", takes: (realm) => inbound({ keytab: realm.keytab(TARGET) }) },
  { what: 'a credential cache: `ccache`', wasm: 'yes', secur32: 'no', takes: () => ({ package: 'Kerberos', authData: { ccache: new Uint8Array([5, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x58, 0, 0, 0, 1, 0x61]) } }) },
  { what: 'nobody: `anonymous`', wasm: 'yes', secur32: 'no', takes: () => ({ package: 'NTLM', authData: { anonymous: true } }) },
  capability('suppliedCredentials'),
  { what: '`packageList`', wasm: 'yes', secur32: 'yes, of Negotiate', takes: () => ({ authData: ALICE, packageList: '!Kerberos' }) },

  capability('acceptorData'),
  { what: "a server's `channelBindingPolicy`", wasm: 'yes', secur32: 'yes', takes: () => inbound({ accounts: undefined, channelBindingPolicy: 'always' }) },
  { what: "a server's `replayCache`", wasm: 'yes', secur32: "no: Windows's own", takes: () => inbound({ accounts, replayCache: { add: () => true } }) },
  { what: "a server's `serviceNames`", wasm: 'yes', secur32: 'no: read `SECPKG_ATTR_CLIENT_SPECIFIED_TARGET`, which Windows tells where there are channel bindings', takes: () => inbound({ accounts, serviceNames: [TARGET] }) },
  { what: 'anonymous clients: `allowAnonymous`', wasm: 'yes', secur32: 'no', takes: () => inbound({ accounts, allowAnonymous: true }) },

  { what: 'a realm of the caller: `kerberos`, an in-memory realm too', wasm: 'yes', secur32: "no: Windows's own", takes: (realm) => ({ authData: realm.authData('alice'), kerberos: realm.kerberos }) },
  { what: 'a policy of the caller: `ntlm`', wasm: 'yes', secur32: 'no: group policy', takes: () => ({ package: 'NTLM', authData: ALICE, ntlm: { lmCompatibilityLevel: 5 } }) },
  capability('replaceableHost'),

  { what: 'InitializeSecurityContext, AcceptSecurityContext', wasm: 'yes', secur32: 'yes, on a thread of its own', credential: 'initialize' },
  { what: 'a leg aborted by a signal', wasm: 'yes; it can be repeated', secur32: 'yes; it can be repeated, and the DLL is not asked twice' },
  { what: 'MakeSignature, VerifySignature, EncryptMessage, DecryptMessage', wasm: 'yes', secur32: 'yes', context: 'encryptMessage' },
  { what: '`wrap`, `unwrap`, `sign`, `verify` of a context', wasm: 'yes', secur32: 'yes', context: 'wrap' },
  capability('sessionKeys'),
  capability('exports'),
  { what: 'ApplyControlToken', wasm: 'no: there are no such tokens', secur32: 'yes, as far as the package does', context: 'applyControlToken' },
  { what: 'SetCredentialsAttributes', wasm: 'no: `kerberos` has it all', secur32: 'yes: a KDC proxy', credential: 'setAttribute' },
  { what: 'QuerySecurityContextToken', wasm: 'no: there are no access tokens', secur32: 'yes', context: 'openToken' },
  { what: 'ImpersonateSecurityContext, RevertSecurityContext', wasm: 'no', secur32: 'yes', context: 'impersonate' },
  { what: "the client's groups", wasm: 'the SIDs of a PAC that was verified', secur32: "the SIDs of the client's access token" },
  { what: 'a ticket that the client delegated', wasm: '`delegatedCredential`', secur32: 'ImpersonateSecurityContext' },
  { what: 'ChangeAccountPassword', wasm: 'by Kerberos', secur32: 'as the package does it' },
];

/** The table as docs/backends.md shows it. */
export function markdown(): string {
  return ['| | Wasm engine | Secur32 |', '| --- | --- | --- |', ...TABLE.map(({ what, wasm, secur32 }) => `| ${what} | ${wasm} | ${secur32} |`)].join('\n');
}
