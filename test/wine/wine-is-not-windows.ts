import type { BackendName, PackageName } from '../../src/index.ts';
import type { Difference } from '../contract/world.ts';

interface WineDifference extends Difference {
  packages?: readonly PackageName[];
  /** Which backend each side has to be; default: Secur32 on either. */
  client?: BackendName;
  server?: BackendName;
  /** How they begin. */
  titles: readonly string[];
}

/** Wine's Negotiate hands over to Kerberos. */
const KERBEROS = ['Kerberos', 'Negotiate'] as const;
const NTLM = ['NTLM'] as const;

/**
 * Where Wine 8's Secur32 is not Windows's, and a test of the contract therefore cannot hold: the one place that says so. A line is a claim too:
 * its test runs, and must fail with what `fails` says, unless that is null, for what Wine cannot even be asked. The first line that fits counts.
 */
const DIFFERENCES: readonly WineDifference[] = [
  {
    reason: "Wine's NTLM acceptor keeps no session key: what it signs and seals fits no client",
    packages: NTLM, server: 'secur32', fails: /SEC_E_MESSAGE_ALTERED|SEC_E_INVALID_TOKEN|SEC_E_BUFFER_TOO_SMALL|to be strictly equal/,
    titles: [
      'a handshake ends', 'ISC_REQ_CONFIDENTIALITY', 'without ISC_REQ_CONFIDENTIALITY', 'ISC_REQ_INTEGRITY', 'ISC_REQ_REPLAY_DETECT', 'ISC_REQ_SEQUENCE_DETECT',
      'ISC_REQ_STREAM', 'MakeSignature', 'EncryptMessage', 'a message buffer', 'a message token', 'messages of every length', "Node's Buffers", 'two contexts crossed',
      'the old keys', 'sign and verify', 'wrap and unwrap', 'integrity alone',
    ],
  },
  {
    reason: "Wine's Kerberos cuts the GSS library's token behind the message's length instead of putting header and trailer into TOKEN, and needs more room for it than it tells",
    packages: KERBEROS, fails: /SEC_E_BUFFER_TOO_SMALL|SEC_E_INVALID_TOKEN|to be strictly equal/,
    titles: [
      'ISC_REQ_CONFIDENTIALITY', 'ISC_REQ_REPLAY_DETECT', 'ISC_REQ_SEQUENCE_DETECT', 'ISC_REQ_STREAM', 'EncryptMessage', 'a message token', 'messages of every length',
      'two contexts crossed',
    ],
  },
  {
    reason: "the same, between Wine's side and another",
    packages: KERBEROS, client: 'wasm', fails: /SEC_E_INVALID_TOKEN/, titles: ["Node's Buffers"],
  },
  {
    reason: "the same, between Wine's side and another",
    packages: KERBEROS, server: 'wasm', fails: /SEC_E_INVALID_TOKEN/, titles: ["Node's Buffers"],
  },
  {
    reason: "Wine's Kerberos signs one of several DATA buffers",
    packages: KERBEROS, fails: /SEC_E_MESSAGE_ALTERED/, titles: ['MakeSignature'],
  },
  {
    reason: "Wine's Kerberos tells other sizes than Windows's",
    packages: KERBEROS, client: 'secur32', fails: /to match/, titles: ['a message buffer'],
  },
  {
    reason: "Wine's NTLM signs and seals whatever the READONLY bits say, and always seals",
    packages: NTLM, client: 'secur32', fails: /to be strictly equal|SEC_E_MESSAGE_ALTERED/, titles: ['EncryptMessage', 'MakeSignature'],
  },
  {
    reason: 'Wine tells few attributes of contexts and credentials: no names, no times, no target, no flags',
    fails: /SEC_E_UNSUPPORTED_FUNCTION|to be deeply equal|to be strictly equal/,
    titles: ['pszTargetName: the SPN', 'QueryContextAttributes: names'],
  },
  { reason: 'Wine does not tell whose a credential is', server: 'secur32', fails: /SEC_E_UNSUPPORTED_FUNCTION|to be deeply equal/, titles: ['QueryCredentialsAttributes'] },
  { reason: 'Wine does not tell whose a credential is', packages: KERBEROS, client: 'secur32', fails: /to be deeply equal/, titles: ['QueryCredentialsAttributes'] },
  { reason: 'Wine tells no times', client: 'secur32', fails: /SEC_E_UNSUPPORTED_FUNCTION/, titles: ['ptsExpiry'] },
  { reason: 'Wine tells an acceptor no name', server: 'secur32', fails: /SEC_E_UNSUPPORTED_FUNCTION/, titles: ['the acceptor knows'] },
  {
    reason: 'Wine reports other context attributes than were asked for and negotiated',
    client: 'secur32', fails: /to be strictly equal|SEC_E_UNSUPPORTED_FUNCTION/,
    titles: [
      'pfContextAttr', 'without ISC_REQ_CONFIDENTIALITY', 'ISC_REQ_CONNECTION', 'ISC_REQ_NO_INTEGRITY', 'ISC_REQ_REPLAY_DETECT', 'ISC_REQ_SEQUENCE_DETECT', 'ISC_REQ_STREAM',
    ],
  },
  {
    reason: 'Wine does not authenticate again on the same handle',
    fails: /SEC_E_INVALID_TOKEN|SEC_E_INTERNAL_ERROR|SEC_E_LOGON_DENIED/, titles: ['calling again'],
  },
  {
    reason: 'Wine does not authenticate again on the same handle',
    client: 'secur32', fails: /SEC_E_INVALID_TOKEN|SEC_E_INTERNAL_ERROR/, titles: ['the old keys'],
  },
  {
    reason: "Wine's NTLM client takes no buffer on its first leg, and sends no channel bindings",
    packages: NTLM, client: 'secur32', fails: /SEC_E_INVALID_TOKEN|SEC_E_BAD_BINDINGS|SEC_E_LOGON_DENIED/,
    titles: ['SECBUFFER_CHANNEL_BINDINGS: the same', 'SECBUFFER_CHANNEL_BINDINGS may come', 'channel bindings:'],
  },
  {
    reason: 'Wine neither sends nor compares channel bindings',
    fails: /SEC_E_BAD_BINDINGS expected|SEC_E_UNSUPPORTED_FUNCTION|SEC_E_INTERNAL_ERROR|SEC_E_LOGON_DENIED/,
    titles: ['SECBUFFER_CHANNEL_BINDINGS: the same', 'SECBUFFER_CHANNEL_BINDINGS may come', 'channel bindings: those of another'],
  },
  {
    reason: "Wine's acceptor has no status for a token that makes no sense, but SEC_E_INTERNAL_ERROR",
    server: 'secur32', fails: /SEC_E_INTERNAL_ERROR/, titles: ['SEC_E_INVALID_TOKEN: whatever'],
  },
  {
    reason: "Wine's Kerberos has no status for a password that the KDC refuses, but STATUS_UNSUCCESSFUL",
    packages: KERBEROS, client: 'secur32', fails: /SEC_E_INTERNAL_ERROR/, titles: ['SEC_E_LOGON_DENIED', 'a wrong password'],
  },
  {
    reason: "Wine's acceptor is no server that begins, and takes an empty token for another's",
    server: 'secur32', fails: /SEC_E_INTERNAL_ERROR|SEC_E_INVALID_TOKEN|SEC_E_INVALID_HANDLE/, titles: ['the context that the server began'],
  },
  {
    reason: 'a credential of Wine serves one direction, and Secur32 takes no accounts of the application',
    packages: NTLM, fails: /SEC_E_UNSUPPORTED_FUNCTION|SEC_E_NO_CREDENTIALS/, titles: ['phCredential: BOTH'],
  },
  { reason: "Wine's NTLM has a cbMaxToken of 1904", packages: NTLM, client: 'secur32', fails: /to be truthy/, titles: ['EnumerateSecurityPackages'] },
  { reason: 'Wine 8 has no ChangeAccountPasswordW', packages: KERBEROS, client: 'secur32', fails: /SEC_E_UNSUPPORTED_FUNCTION/, titles: ['ChangeAccountPassword'] },
  {
    reason: "Wine's Negotiate is no SPNEGO: it hands over the mechanism's own tokens and is named after it",
    packages: ['Negotiate'], fails: /to be strictly equal|to be truthy|expected, but nothing was thrown/,
    titles: ['SEC_E_OK with a token', 'QueryContextAttributes during'],
  },
];

export function differenceUnderWine(client: BackendName, server: BackendName, packageName: PackageName, title: string): Difference | undefined {
  if (client !== 'secur32' && server !== 'secur32') return undefined;
  return DIFFERENCES.find((one) => (one.client ?? client) === client && (one.server ?? server) === server
    && (one.packages === undefined || one.packages.includes(packageName)) && one.titles.some((beginning) => title.startsWith(beginning)));
}
