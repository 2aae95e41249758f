import { SspiError } from '../../../contract/errors.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import type { KerberosKey } from '../etypes/index.ts';
import { decode, decodeSecret, encode } from '../messages/asn1.ts';
import { EncKrbCredPart } from '../messages/enc-krb-cred-part.ts';
import { EncryptionKey } from '../messages/encryption-key.ts';
import { KrbCred } from '../messages/krb-cred.ts';
import { KrbCredInfo } from '../messages/krb-cred-info.ts';
import { Ticket } from '../messages/ticket.ts';
import type { CachedCredential } from '../store/ccache.ts';
import { principalName, toPrincipal } from './kdc-rep-check.ts';

/** KRB-CRED (RFC 4120 §3.6): tickets with their keys, for who holds `key`; null leaves it unencrypted (etype 0), as a .kirbi file is. */
export function writeKrbCred(credentials: readonly CachedCredential[], key: KerberosKey | null): Uint8Array {
  const part = new EncKrbCredPart();
  part.ticketInfo = credentials.map((credential) => {
    const info = new KrbCredInfo();
    info.key = new EncryptionKey();
    info.key.keytype = credential.etype;
    info.key.keyvalue = credential.key;
    info.prealm = credential.client.realm;
    info.pname = principalName(credential.client);
    info.flags = credential.flags;
    info.authtime = credential.authtime;
    info.starttime = credential.starttime;
    info.endtime = credential.endtime;
    if (credential.renewTill !== 0) info.renewTill = credential.renewTill;
    info.srealm = credential.server.realm;
    info.sname = principalName(credential.server);
    return info;
  });
  const message = new KrbCred();
  message.tickets = credentials.map(({ ticket }) => ticket);
  message.encPart.etype = key?.etype ?? 0;
  const plain = encode(part);
  message.encPart.cipher = key === null ? plain : key.encrypt(KEY_USAGE.KRB_CRED_ENC_PART, plain);
  const encoded = encode(message);
  plain.fill(0);
  return encoded;
}

/** Throws SEC_E_INVALID_TOKEN, or SEC_E_DECRYPT_FAILURE where another key made it. */
export function readKrbCred(bytes: Uint8Array, key: KerberosKey | null): CachedCredential[] {
  const message = decode(KrbCred, bytes);
  const { etype, cipher } = message.encPart;
  if (etype !== 0 && key === null) throw new SspiError('SEC_E_DECRYPT_FAILURE', 'the KRB-CRED is encrypted, and there is no key for it');
  const part = decodeSecret(EncKrbCredPart, etype === 0 ? cipher : key!.decrypt(KEY_USAGE.KRB_CRED_ENC_PART, cipher)); // MIT and Windows may send it unencrypted inside the authenticator
  if (part.ticketInfo.length !== message.tickets.length) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `the KRB-CRED has ${message.tickets.length} tickets and tells of ${part.ticketInfo.length}`);
  }
  return message.tickets.map((ticket, i) => {
    const info = part.ticketInfo[i]!;
    const { realm, sname } = decode(Ticket, ticket);
    if (info.pname === undefined || info.prealm === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `the KRB-CRED does not tell whose ticket ${i + 1} is`);
    return {
      client: toPrincipal(info.pname, info.prealm),
      server: toPrincipal(info.sname ?? sname, info.srealm ?? realm),
      etype: info.key.keytype, key: info.key.keyvalue,
      authtime: info.authtime ?? 0, starttime: info.starttime ?? info.authtime ?? 0, endtime: info.endtime ?? 0, renewTill: info.renewTill ?? 0,
      isSkey: false, flags: info.flags ?? 0, addresses: [], authdata: [], ticket, secondTicket: new Uint8Array(0),
    };
  });
}
