import { SspiError } from '../../../contract/errors.ts';

/** A Kerberos principal (RFC 4120 §6.2): `nameType` is an NT_* value, `components` the name-string. */
export interface Principal {
  readonly nameType: number;
  readonly realm: string;
  readonly components: readonly string[];
}

export const NT_UNKNOWN = 0;
export const NT_PRINCIPAL = 1;
export const NT_SRV_INST = 2;
export const NT_SRV_HST = 3;
/** RFC 6806 §5: `alice@corp.example` as a single component. */
export const NT_ENTERPRISE = 10;
/** RFC 8062: anonymous. */
export const NT_WELLKNOWN = 11;

export interface ParsePrincipalOptions {
  /** Used when the text names no realm; without it such a text is refused. */
  defaultRealm?: string;
  /** The whole text is one component of type NT_ENTERPRISE, `@` and all; only an escaped `\@` form names a realm behind it. */
  enterprise?: boolean;
}

/**
 * Reads `alice`, `alice@AD.TEST`, `HTTP/web.ad.test@AD.TEST`, with MIT's escapes: `\/ \@ \\ \n \t \b \0`.
 *
 * Throws SEC_E_UNKNOWN_CREDENTIALS for an empty name, an unescaped second `@` or an escape that ends the text.
 */
export function parsePrincipal(text: string, { defaultRealm, enterprise = false }: ParsePrincipalOptions = {}): Principal {
  const components: string[] = [];
  let realm: string | undefined;
  let current = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\\') {
      if (++i === text.length) refuse(text, 'it ends in an escape', i - 1);
      current += UNESCAPED[text[i]!] ?? text[i]!;
    } else if (character === '@' && !enterprise) {
      if (realm !== undefined) refuse(text, 'it names two realms', i);
      components.push(current);
      realm = '';
      current = '';
    } else if (character === '/' && realm === undefined && !enterprise) {
      components.push(current);
      current = '';
    } else {
      current += character;
    }
  }
  if (realm === undefined) components.push(current);
  else realm = current;
  if (components.every((component) => component === '')) refuse(text, 'it has no name', 0);
  realm = realm || defaultRealm;
  if (realm === undefined || realm === '') {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `the principal '${text}' names no realm and there is no default realm`, {
      remedy: `Write it as ${text}@REALM, or set defaultRealm.`,
    });
  }
  return { nameType: enterprise ? NT_ENTERPRISE : nameTypeOf(components), realm, components };
}

/** The text that `parsePrincipal` reads back. */
export function formatPrincipal({ realm, components }: Principal): string {
  return `${components.map(escape).join('/')}@${escape(realm)}`;
}

/** Equality of realm and components; the name type is a hint (RFC 4120 §6.2) and does not count. */
export function samePrincipal(a: Principal, b: Principal): boolean {
  return a.realm === b.realm && sameName(a.components, b.components);
}

export function sameName(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((component, i) => component === b[i]);
}

/** krbtgt/FOR@REALM: the TGS of `realm` for tickets of `forRealm`. */
export function krbtgt(forRealm: string, realm = forRealm): Principal {
  return { nameType: NT_SRV_INST, realm, components: ['krbtgt', forRealm] };
}

function nameTypeOf(components: readonly string[]): number {
  if (components.length === 2 && components[0] === 'krbtgt') return NT_SRV_INST;
  return components.length >= 2 ? NT_SRV_HST : NT_PRINCIPAL;
}

function escape(text: string): string {
  return text.replace(/[\\/@\n\t\b\0]/g, (character) => ESCAPED[character]!);
}

function refuse(text: string, why: string, offset: number): never {
  throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `'${text}' is no Kerberos principal: ${why}`, { offset });
}

const UNESCAPED: Record<string, string> = { n: '\n', t: '\t', b: '\b', 0: '\0' };
const ESCAPED: Record<string, string> = { '\\': '\\\\', '/': '\\/', '@': '\\@', '\n': '\\n', '\t': '\\t', '\b': '\\b', '\0': '\\0' };
