import type { KerberosConfig } from '../../backends/contract/credentials.ts';
import { inspectToken, type TokenNode } from '../inspect/index.ts';

/** One message to or from the KDC, as a line: what it is, and what it says. */
export interface KdcLine {
  direction: '>' | '<';
  name: string;
  says: string;
}

/** The same KDC, with every message that passes reported. */
export function watchKdc(kerberos: KerberosConfig, report: (line: KdcLine) => void): KerberosConfig {
  const { transport } = kerberos;
  return {
    ...kerberos,
    transport: {
      async send(realm, message, options) {
        report({ direction: '>', ...describe(message) });
        const reply = await transport!.send(realm, message, options);
        report({ direction: '<', ...describe(reply) });
        return reply;
      },
    },
  };
}

/** All of it read from the message itself. */
function describe(message: Uint8Array): Omit<KdcLine, 'direction'> {
  const tree = inspectToken(message, { redact: true });
  const body = tree.children?.find((field) => field.name === 'req-body') ?? tree;
  const told = (name: string) => find(body, name)?.value.split(/[,@]/)[0];
  const { name } = tree;
  switch (name) {
    case 'AS-REQ': {
      const stamp = find(tree, 'EncryptedData');
      return { name, says: stamp === undefined ? `${told('cname')} wants a ticket for ${told('sname')}` : `the same, with the time under the password's key (${/[a-z][\w-]+/.exec(stamp.value)?.[0]})` };
    }
    case 'TGS-REQ':
      return { name, says: `with ${find(tree, 'AP-REQ')?.value.split('@')[0]}, to get one for ${told('sname')}` };
    case 'KRB-ERROR':
      return { name, says: `${tree.value}${MEANINGS[/KDC_\w+/.exec(tree.value)?.[0] ?? ''] ?? ''}` };
    default:
      return { name, says: `a ticket ${told('ticket')}, which only its service can read` };
  }
}

function find(node: TokenNode, name: string): TokenNode | undefined {
  if (node.name === name) return node;
  for (const child of node.children ?? []) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const MEANINGS: Readonly<Record<string, string>> = {
  KDC_ERR_PREAUTH_REQUIRED: ': first prove that you know the password',
  KDC_ERR_S_PRINCIPAL_UNKNOWN: ': no account has that name',
};
