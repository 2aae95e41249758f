import type { Host } from '../../contract/host.ts';
import { writeUtf16 } from '../core/ntlm-hash.ts';

export interface AccountName {
  /** A UPN stays whole here, with an empty domain: the domain controller takes it apart. */
  user: string;
  domain: string;
}

/** `alice`, `alice@AD.TEST`, `ADTEST\alice`; a domain given beside it wins. */
export function accountName(user: string, domain: string | undefined): AccountName {
  const slash = user.indexOf('\\');
  if (slash < 0) return { user, domain: domain ?? '' };
  return { user: user.slice(slash + 1), domain: domain ?? user.slice(0, slash) };
}

export function displayName({ user, domain }: AccountName): string {
  return domain === '' ? user : `${domain}\\${user}`;
}

/** What Windows calls an anonymous logon. */
export const ANONYMOUS_NAME = 'NT AUTHORITY\\ANONYMOUS LOGON';

/**
 * Upper case as Windows maps it: one UTF-16 unit to one, and only where lower case leads back. So what grows stays (`ß`), and so do
 * dotless i, long s, titlecase digraphs and symbols made of letters.
 */
export function upperCase(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  let upper = '';
  for (let i = 0; i < text.length; i++) upper += upperUnit(text[i]!);
  return upper;
}

function upperUnit(unit: string): string {
  if (unit === 'ς') return 'Σ'; // the one with no way back that Windows maps
  const code = unit.charCodeAt(0);
  // Greek letters with iota below have a capital of one unit 8 or 9 further on, which JavaScript writes as two
  for (const upper of [unit.toUpperCase(), String.fromCharCode(code | 8), String.fromCharCode(code + 9)]) {
    if (upper.length === 1 && upper.toLowerCase() === unit) return upper;
  }
  return unit;
}

export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  writeUtf16(bytes, 0, text);
  return bytes;
}

/** A name out of a message: UTF-16LE, or the OEM code page, of which only ASCII is the same everywhere. */
export function readName(message: Uint8Array, at: { offset: number; length: number }, unicode: boolean): string {
  let text = '';
  const end = at.offset + at.length;
  if (unicode) for (let i = at.offset; i < end; i += 2) text += String.fromCharCode(message[i]! | (message[i + 1]! << 8));
  else for (let i = at.offset; i < end; i++) text += message[i]! < 0x80 ? String.fromCharCode(message[i]!) : '\ufffd';
  return text;
}

/** This computer's NetBIOS name, as far as its environment tells: at most 15 characters in upper case; null when it does not. */
export function computerName(host: Host): string | null {
  let name = computers.get(host);
  if (name === undefined) computers.set(host, name = readComputerName(host));
  return name;
}

/** An environment is slow to read, and a computer keeps its name. */
const computers = new WeakMap<Host, string | null>();

function readComputerName(host: Host): string | null {
  const name = host.environment?.('COMPUTERNAME', true) || host.environment?.('HOSTNAME', true);
  const label = name?.split('.')[0] ?? '';
  return NETBIOS.test(label) ? label.slice(0, 15).toUpperCase() : null;
}

const ASCII = /^[\0-\x7f]*$/;
const NETBIOS = /^[A-Za-z0-9_-]+$/;
