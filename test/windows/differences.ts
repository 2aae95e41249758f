import type { BackendName, PackageName } from '../../src/index.ts';
import type { Difference } from '../contract/world.ts';

/** Who meets whom. */
export interface Meeting {
  package: PackageName;
  client: BackendName;
  server: BackendName;
  /** The client is who is logged on to this machine: a local call. */
  loggedOn: boolean;
}

interface WindowsDifference extends Difference, Partial<Meeting> {
  /** How they begin. */
  titles: readonly string[];
}

/**
 * Where Windows may not be as the contract thinks: written from documentation and from what others saw there, before a run of ours. What says 'perhaps' may
 * pass or fail, and the report tells what it said; a first run turns each line into a claim, or takes it out. The first line that fits counts.
 */
const DIFFERENCES: readonly WindowsDifference[] = [
  {
    reason: 'Secur32 takes no accounts of the application, and the Wasm engine knows none of the system',
    fails: /SEC_E_UNSUPPORTED_FUNCTION|SEC_E_NO_CREDENTIALS/, client: 'secur32', server: 'wasm', titles: ['phCredential: BOTH'],
  },
  {
    reason: 'Secur32 takes no accounts of the application, and the Wasm engine knows none of the system',
    fails: /SEC_E_UNSUPPORTED_FUNCTION|SEC_E_NO_CREDENTIALS/, client: 'wasm', server: 'secur32', titles: ['phCredential: BOTH'],
  },
  {
    // MS-NLMP 2.2.2.5 (NTLMSSP_NEGOTIATE_LOCAL_CALL): client and server share the logon session's token, and AUTHENTICATE is empty
    reason: 'a local call: the AUTHENTICATE message of the logged-on user carries no response, hence no channel bindings that could be compared',
    fails: 'perhaps', loggedOn: true, titles: ['channel bindings: those of another'],
  },
  {
    reason: 'a local call: whether LSASS gives both sides a session key, and one that is the same, is documented nowhere',
    fails: 'perhaps', loggedOn: true, titles: ['the session keys', 'a wrapped message', 'sign and verify'],
  },
  {
    // dotnet/runtime#99909, jborean93/pyspnego tests/test_auth.py
    reason: "in a workgroup Negotiate has NTLM alone, and Windows's client then sends it bare, without SPNEGO around it",
    fails: 'perhaps', package: 'Negotiate', client: 'secur32',
    titles: ['SEC_E_OK with a token', 'SEC_E_INSUFFICIENT_MEMORY', 'the context that the server began', 'ISC_REQ_EXTENDED_ERROR', 'SEC_E_INVALID_TOKEN: whatever', 'QueryContextAttributes during'],
  },
  {
    // gssapi/gss-ntlmssp#77: seen with Exchange
    reason: 'NTLM of Windows seals what EncryptMessage is given, though only signing was negotiated',
    fails: 'perhaps', client: 'secur32', titles: ['without ISC_REQ_CONFIDENTIALITY'],
  },
  {
    reason: 'SECQOP_WRAP_NO_ENCRYPT has no place in an NTLM message: Windows may seal all the same',
    fails: 'perhaps', titles: ['EncryptMessage with SECQOP_WRAP_NO_ENCRYPT'],
  },
  {
    // MS-NLMP 3.4.4 says it of a wrong sequence number alone, and nothing of the key stream
    reason: 'whether a message that was refused moves the key stream and the sequence number of NTLM is documented nowhere',
    fails: 'perhaps', titles: ['ISC_REQ_REPLAY_DETECT', 'ISC_REQ_SEQUENCE_DETECT', 'MakeSignature', 'EncryptMessage: READONLY', 'a message token', 'two contexts crossed', 'ISC_REQ_STREAM'],
  },
  {
    reason: 'which context attributes NTLM reports, and which attributes of contexts and credentials it tells, is the system\'s',
    fails: 'perhaps', titles: [
      'pszTargetName', 'QueryContextAttributes', 'QueryCredentialsAttributes', 'ptsExpiry', 'pfContextAttr', 'ISC_REQ_CONNECTION', 'ISC_REQ_NO_INTEGRITY', 'ISC_REQ_MUTUAL_AUTH', 'ISC_REQ_EXTENDED_ERROR',
      'ISC_REQ_DELEGATE', 'SECBUFFER_CHANNEL_BINDINGS: the same', 'SECBUFFER_CHANNEL_BINDINGS may come',
    ],
  },
  {
    reason: 'the statuses for what makes no sense, and for what a package has not, are the package\'s',
    fails: 'perhaps', titles: ['SEC_E_INVALID_TOKEN: whatever', 'SEC_I_COMPLETE_NEEDED', 'the context that the server began', 'a failed leg', 'ChangeAccountPassword'],
  },
  { reason: 'authenticating again on the same handle is as the package does it', fails: 'perhaps', titles: ['calling again', 'the old keys'] },
  { reason: 'an established context is exported and imported as far as the package does', fails: 'perhaps', titles: ['ExportSecurityContext', 'ImportSecurityContext'] },
];

export function differenceOnWindows(meeting: Meeting, title: string): Difference | undefined {
  if (meeting.client !== 'secur32' && meeting.server !== 'secur32') return undefined;
  return DIFFERENCES.find((one) => begins(one, title) && KEYS.every((key) => one[key] === undefined || one[key] === meeting[key]));
}

function begins({ titles }: WindowsDifference, title: string): boolean {
  return titles.some((beginning) => title.startsWith(beginning));
}

const KEYS = ['package', 'client', 'server', 'loggedOn'] as const satisfies readonly (keyof Meeting)[];
