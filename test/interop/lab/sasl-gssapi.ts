// SASL GSSAPI (RFC 4752) as a client: the context's tokens, then what it says about layers.
import type { SecurityContext } from '../../../src/index.ts';
import type { BindResult, LdapClient, SecurityLayer } from './ldap.ts';

export const LAYER = { NONE: 1, INTEGRITY: 2, CONFIDENTIALITY: 4 } as const;
const SASL_BIND_IN_PROGRESS = 14;
const SUCCESS = 0;

export interface GssapiBind {
  result: BindResult;
  /** Bits of LAYER that the server offers; 0 where it never came to that. */
  offered: number;
  /** Bytes of a wrapped message that the server takes. */
  serverMaximum: number;
}

/*
 * RFC 4752 §3.1, each in a Wrap token that is not encrypted:
 *
 *   from the server   bit-mask of layers (1)   maximum size (3)
 *   from the client   one bit (1)              maximum size (3)   authorization identity, here none
 */
export async function bindGssapi(client: LdapClient, context: SecurityContext, layer: number, maximum = 65_536): Promise<GssapiBind> {
  let token = await context.step(null);
  let result = await client.bind('GSSAPI', token);
  while (!context.complete) {
    if (result.code !== SASL_BIND_IN_PROGRESS) return { result, offered: 0, serverMaximum: 0 };
    token = await context.step(result.token);
    result = await client.bind('GSSAPI', token ?? new Uint8Array(0)); // §3.1: an empty message where the last step gave no token
  }
  // without mutual authentication the server's last step has no token, and ours answers with an empty message
  if (result.code === SASL_BIND_IN_PROGRESS && !result.token?.length) result = await client.bind('GSSAPI', new Uint8Array(0));
  if (result.code !== SASL_BIND_IN_PROGRESS || result.token === null) return { result, offered: 0, serverMaximum: 0 };
  const { message, encrypted } = context.unwrap(result.token);
  if (message.length !== 4 || encrypted) throw new Error(`RFC 4752: 4 bytes, not encrypted, were expected, ${message.length} came`);
  const offer = Buffer.from(message);
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(layer === LAYER.NONE ? 0 : maximum);
  answer[0] = layer;
  result = await client.bind('GSSAPI', context.wrap(answer, { encrypt: false }));
  if (result.code === SUCCESS && layer !== LAYER.NONE) client.secure(securityLayer(context, layer === LAYER.CONFIDENTIALITY));
  return { result, offered: offer[0]!, serverMaximum: offer.readUIntBE(1, 3) };
}

/** Sealed or signed alone, and nothing else is taken from the server. */
export function securityLayer(context: SecurityContext, sealed: boolean): SecurityLayer {
  return {
    wrap: (message) => context.wrap(message, { encrypt: sealed }),
    unwrap(token) {
      const { message, encrypted } = context.unwrap(token);
      if (encrypted !== sealed) throw new Error(`the server's message is ${encrypted ? '' : 'not '}encrypted`);
      return message;
    },
  };
}
