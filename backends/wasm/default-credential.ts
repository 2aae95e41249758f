import type { AuthData } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Host } from '../contract/host.ts';

/**
 * The host's default outbound credential: the account that the file named by NTLM_USER_FILE holds, one
 * `DOMAIN:user:password` a line (the form that gss-ntlmssp reads). `principal` picks the line of `user`, `DOMAIN\user`
 * or `user@DOMAIN`; without it the first line counts. Throws SEC_E_NO_CREDENTIALS where there is none.
 */
export async function defaultCredential(host: Host, principal?: string): Promise<AuthData> {
  const path = host.environment?.('NTLM_USER_FILE');
  if (path === undefined || path === '') throw none('no credential was given and this host has no default one');
  if (host.readFile === undefined) throw none('NTLM_USER_FILE is set, but this host reads no files');

  let bytes: Uint8Array | null;
  try {
    bytes = await host.readFile(path);
  } catch (cause) {
    throw none(`NTLM_USER_FILE names '${path}', which cannot be read`, cause);
  }
  if (bytes === null) throw none(`NTLM_USER_FILE names '${path}', which does not exist`);
  const text = new TextDecoder().decode(bytes);
  for (const line of text.split(/\r?\n/)) {
    const account = parseLine(line);
    if (account !== null && (principal === undefined || isNamed(account, principal))) return account;
  }
  throw none(`'${path}' (NTLM_USER_FILE) holds no ${principal === undefined ? 'DOMAIN:user:password line' : `line for '${principal}'`}`);
}

interface UserFileAccount { domain: string; user: string; password: string }

function parseLine(line: string): UserFileAccount | null {
  if (line.startsWith('#')) return null;
  const first = line.indexOf(':');
  const second = line.indexOf(':', first + 1);
  if (first < 0 || second < 0 || second === first + 1) return null;
  return { domain: line.slice(0, first), user: line.slice(first + 1, second), password: line.slice(second + 1) }; // a password may hold colons
}

function isNamed({ domain, user }: UserFileAccount, principal: string): boolean {
  const wanted = principal.toLowerCase();
  return [user, `${domain}\\${user}`, `${user}@${domain}`].some((name) => name.toLowerCase() === wanted);
}

function none(message: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', message, {
    cause,
    remedy: "Pass authData, such as { user: 'alice', domain: 'ADTEST', password: '…' }, or set NTLM_USER_FILE to a file of DOMAIN:user:password lines.",
  });
}
