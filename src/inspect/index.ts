import { readInput } from './input.ts';
import type { Credential, ReadInput } from './input.ts';
import type { InspectOptions, TokenNode, TokenTree } from './node.ts';
import { count, wholeRegion } from './node.ts';
import { redactTree } from './redact.ts';
import { inspectRegion } from './token.ts';

export { formatTokenTree } from './format.ts';
export type { FormatOptions } from './format.ts';
export type { InputForm, InspectOptions, TokenNode, TokenTree } from './node.ts';

/**
 * Explains an NTLM, SPNEGO or Kerberos token: raw bytes, or text in hexadecimal, base64, or a whole HTTP header line
 * (`WWW-Authenticate: Negotiate …`; the scheme may stand alone, and several challenges may share the line).
 *
 * Bad bytes never throw: the tree holds what could be read, and a node with `error` says what was expected, what came and at
 * which byte. A wrong argument is a TypeError. Nothing in the tree is secret that is not in the token; but a token is
 * sensitive itself (a password can be guessed against an NTLMv2 response), which is what `redact` is for.
 *
 * Source: MS-NLMP 2.2, RFC 4178 4.2, MS-SPNG 2.2, RFC 2743 3.1, RFC 4120 5, RFC 4121 4, RFC 9110 11.6.
 */
export function inspectToken(token: Uint8Array | string, options: InspectOptions = {}): TokenTree {
  if (typeof token !== 'string' && !(token instanceof Uint8Array)) throw new TypeError('inspectToken: the token must be a Uint8Array or a string');
  if (typeof options !== 'object' || options === null) throw new TypeError('inspectToken: the options must be an object');
  const input = readInput(token);
  if (input.form !== 'header') return { ...credentialTree(input.credentials[0]!, options), form: input.form };
  return { ...headerTree(input, options), form: 'header' };
}

function headerTree(input: ReadInput, options: InspectOptions): TokenNode {
  const children = input.credentials.map((credential) => schemeTree(credential, options));
  if (input.header === undefined && children.length === 1) return children[0]!;
  const name = input.header ?? 'Challenges';
  const length = Math.max(0, ...children.map((child) => child.length));
  if (children.length === 0) return { name, value: '(empty)', offset: 0, length: 0, error: 'expected a scheme such as Negotiate or NTLM, came nothing, at byte 0' };
  return { name, value: children.map((child) => child.name).join(', '), offset: 0, length, children, ...direction(input.header) };
}

function schemeTree({ scheme, token, problem }: Credential, options: InspectOptions): TokenNode {
  const name = scheme ?? 'Token';
  if (token === undefined) {
    const ours = /^(negotiate|ntlm|kerberos|nego2)$/i.test(name);
    return {
      name, value: ours ? '(no token)' : '(not inspected)', offset: 0, length: 0,
      note: ours ? 'offers the scheme: the client sends the first token' : 'not a scheme of Windows integrated authentication',
    };
  }
  return { name, value: count(token.length), offset: 0, length: token.length, children: [credentialTree({ token, ...problemOf(problem) }, options)] };
}

function credentialTree({ token = new Uint8Array(), problem }: Credential, options: InspectOptions): TokenNode {
  const region = wholeRegion(token, options);
  let tree = inspectRegion(region, 0);
  if (problem !== undefined) {
    const input: TokenNode = { name: 'Input', value: 'not readable to its end', offset: token.length, length: 0, error: problem };
    tree = { ...tree, children: [...(tree.children ?? []), input] };
  }
  return options.redact === true ? redactTree(tree, region.shared.secrets) : tree;
}

function problemOf(problem: string | undefined): { problem?: string } {
  return problem === undefined ? {} : { problem };
}

function direction(header: string | undefined): { note?: string } {
  if (header === undefined) return {};
  return { note: header.endsWith('uthorization') ? 'sent by the client' : 'sent by the server' };
}
