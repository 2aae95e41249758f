import type { AccessToken } from '../../contract/attributes.ts';
import { SspiError } from '../../contract/errors.ts';
import { decodeAuthorizationData, type Typed } from '../core/krb5-messages.ts';
import type { Authenticator, TicketPart } from './ap-exchange/ap-req.ts';
import { open } from './ap-exchange/refusal.ts';
import { AD } from './codes/types.ts';
import type { KerberosExtras } from './established.ts';
import type { KerberosKey } from './etypes/index.ts';
import { readKrbCred } from './exchange/krb-cred.ts';
import type { OpenedTicket } from './opened-tickets.ts';
import { verifyPac, type PacIdentity } from './pac/pac.ts';
import { writeCcache, type CachedCredential } from './store/ccache.ts';
import type { Principal } from './store/principal.ts';

/** Who the client is beyond its name: by its ticket's PAC, and with the tickets that it delegated. */
export function accessTokenOf(opened: OpenedTicket, serviceKey: KerberosKey, client: Principal, credentials: CachedCredential[]): AccessToken {
  const identity = (opened.identity ??= identityOf(opened.part, serviceKey, client));
  const [first] = credentials;
  return {
    userSid: identity?.logon?.userSid ?? identity?.requestorSid ?? null,
    groups: [...(identity?.logon?.groups ?? [])],
    upn: identity?.upn ?? null,
    delegatedCredential: first === undefined ? null : { ccache: writeCcache({ principal: first.client, kdcOffset: 0, config: [], credentials }) },
  };
}

function identityOf(part: TicketPart, serviceKey: KerberosKey, client: Principal): PacIdentity | null {
  const pac = findAuthorizationData(part.authorizationData ?? [], AD.WIN2K_PAC); // MS-KILE 3.3.5.6.4
  return pac === undefined ? null : verifyPac(pac, serviceKey, { clientName: client.components.join('/'), authtime: part.authtime });
}

/** The first datum of this type, by itself or inside AD-IF-RELEVANT. */
export function findAuthorizationData(elements: readonly Typed[], wanted: number): Uint8Array | undefined {
  for (const { type, bytes } of elements) {
    if (type === wanted) return bytes;
    if (type !== AD.IF_RELEVANT) continue;
    const inner = decodeAuthorizationData(bytes).find((one) => one.type === wanted);
    if (inner !== undefined) return inner.bytes;
  }
  return undefined;
}

/** RFC 4121 §4.1.1: under the session key; Heimdal takes the authenticator's subkey. */
export function readDelegation(delegation: Uint8Array, { subkey }: Authenticator, sessionKey: KerberosKey, { createKey }: KerberosExtras): CachedCredential[] {
  try {
    return readKrbCred(delegation, sessionKey);
  } catch (error) {
    if (subkey === undefined || !(error instanceof SspiError && error.code === 'SEC_E_DECRYPT_FAILURE')) throw error;
    const key = createKey(subkey.type, subkey.bytes);
    try {
      return open(() => readKrbCred(delegation, key), 31, 'the delegated ticket does not decrypt');
    } finally {
      key.dispose();
    }
  }
}
