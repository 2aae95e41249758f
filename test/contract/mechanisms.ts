import { type PackageName, SEC_E_OK, SEC_I_CONTINUE_NEEDED } from '../../src/index.ts';
import type { World } from './world.ts';

/** What a mechanism's contexts are like, whoever made them. */
export interface Mechanism {
  name: 'NTLM' | 'Kerberos';
  /** Of a handshake that asks for no mutual authentication, without SPNEGO around it. */
  statuses: readonly number[];
  /** In bytes. */
  sessionKey: number;
  maxSignature: number;
  securityTrailer: number;
  /** In bits. */
  keySize: number;
  /** It proves the server to the client. */
  mutual: boolean;
  /** What an account names its domain with. */
  domain(world: World): string;
  /** The acceptor's name of the client. */
  userName(world: World): string;
  /** As the acceptor knows what the client asked for. */
  servicePrincipal(world: World): string;
}

export function mechanismOf(world: World, name: PackageName): Mechanism {
  return MECHANISMS[name === 'Negotiate' ? world.negotiates : name];
}

const MECHANISMS: Record<'NTLM' | 'Kerberos', Mechanism> = {
  NTLM: {
    name: 'NTLM', statuses: [SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED, SEC_E_OK, SEC_E_OK], sessionKey: 16, maxSignature: 16, securityTrailer: 16, keySize: 128,
    mutual: false, domain: ({ domain }) => domain, userName: ({ domain, user }) => `${domain}\\${user}`, servicePrincipal: ({ target }) => target,
  },
  // an aes256-cts-hmac-sha1-96 ticket: RFC 4121's header and checksum; header, confounder, header again and checksum
  Kerberos: {
    name: 'Kerberos', statuses: [SEC_E_OK, SEC_E_OK], sessionKey: 32, maxSignature: 28, securityTrailer: 60, keySize: 256,
    mutual: true, domain: ({ realm }) => realm, userName: ({ user, realm }) => `${user}@${realm}`, servicePrincipal: ({ target, realm }) => `${target}@${realm}`,
  },
};
