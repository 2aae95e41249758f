/** One ASN.1 production of RFC 4120, as far as an explanation needs it. */
export interface Production {
  /** The identifier octet of its APPLICATION tag. */
  application?: number;
  /** A SEQUENCE: by context tag, the field's name and type. */
  fields?: Readonly<Record<number, readonly [name: string, type: string]>>;
  /** A SEQUENCE OF: the item's name and type. */
  each?: readonly [name: string, type: string];
}

/** What a padata-value holds: a type of PRODUCTIONS, or null when its bytes are shown as they are. */
export function padataType(padata: number): string | null {
  return PADATA[padata] ?? null;
}

const PADATA: Readonly<Record<number, string>> = {
  1: 'AP-REQ', 2: 'EncryptedData', 11: 'ETYPE-INFO', 19: 'ETYPE-INFO2', 128: 'KERB-PA-PAC-REQUEST', 167: 'PA-PAC-OPTIONS',
};

const KDC_REQ: Production['fields'] = {
  1: ['pvno', 'Int32'], 2: ['msg-type', 'MsgType'], 3: ['padata', 'METHOD-DATA'], 4: ['req-body', 'KDC-REQ-BODY'],
};
const KDC_REP: Production['fields'] = {
  0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['padata', 'METHOD-DATA'], 3: ['crealm', 'KerberosString'], 4: ['cname', 'PrincipalName'],
  5: ['ticket', 'Ticket'], 6: ['enc-part', 'EncryptedData'],
};

/**
 * RFC 4120 5 and appendix A, MS-KILE 2.2, draft-swift-win2k-krb-user2user. A type that is not here is a primitive:
 * Int32, one of TABLES, one of BIT_NAMES, KerberosString, KerberosTime, BOOLEAN, OCTET STRING, Secret (hidden by `redact`), by type.
 */
export const PRODUCTIONS: Readonly<Record<string, Production>> = {
  'AP-REQ': {
    application: 0x6e,
    fields: {
      0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['ap-options', 'APOptions'], 3: ['ticket', 'Ticket'], 4: ['authenticator', 'EncryptedData'],
    },
  },
  'AP-REP': { application: 0x6f, fields: { 0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['enc-part', 'EncryptedData'] } },
  'KRB-ERROR': {
    application: 0x7e,
    fields: {
      0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['ctime', 'KerberosTime'], 3: ['cusec', 'Int32'], 4: ['stime', 'KerberosTime'], 5: ['susec', 'Int32'],
      6: ['error-code', 'ErrorCode'], 7: ['crealm', 'KerberosString'], 8: ['cname', 'PrincipalName'], 9: ['realm', 'KerberosString'],
      10: ['sname', 'PrincipalName'], 11: ['e-text', 'KerberosString'], 12: ['e-data', 'by type'],
    },
  },
  'AS-REQ': { application: 0x6a, fields: KDC_REQ },
  'TGS-REQ': { application: 0x6c, fields: KDC_REQ },
  'AS-REP': { application: 0x6b, fields: KDC_REP },
  'TGS-REP': { application: 0x6d, fields: KDC_REP },
  'KDC-REQ-BODY': {
    fields: {
      0: ['kdc-options', 'KDCOptions'], 1: ['cname', 'PrincipalName'], 2: ['realm', 'KerberosString'], 3: ['sname', 'PrincipalName'],
      4: ['from', 'KerberosTime'], 5: ['till', 'KerberosTime'], 6: ['rtime', 'KerberosTime'], 7: ['nonce', 'Int32'], 8: ['etype', 'ETYPE-LIST'],
      9: ['addresses', 'HostAddresses'], 10: ['enc-authorization-data', 'EncryptedData'], 11: ['additional-tickets', 'TICKET-LIST'],
    },
  },
  Ticket: {
    application: 0x61,
    fields: { 0: ['tkt-vno', 'Int32'], 1: ['realm', 'KerberosString'], 2: ['sname', 'PrincipalName'], 3: ['enc-part', 'EncryptedData'] },
  },
  'KRB-CRED': {
    application: 0x76,
    fields: { 0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['tickets', 'TICKET-LIST'], 3: ['enc-part', 'EncryptedData'] },
  },
  'KRB-PRIV': { application: 0x75, fields: { 0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 3: ['enc-part', 'EncryptedData'] } },
  // user-to-user messages carry no APPLICATION tag
  'KERB-TGT-REQUEST': { fields: { 0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['server-name', 'PrincipalName'], 3: ['realm', 'KerberosString'] } },
  'KERB-TGT-REPLY': { fields: { 0: ['pvno', 'Int32'], 1: ['msg-type', 'MsgType'], 2: ['ticket', 'Ticket'] } },
  PrincipalName: { fields: { 0: ['name-type', 'NameType'], 1: ['name-string', 'NAME-STRINGS'] } },
  'NAME-STRINGS': { each: ['component', 'KerberosString'] },
  EncryptedData: { fields: { 0: ['etype', 'EType'], 1: ['kvno', 'Int32'], 2: ['cipher', 'Secret'] } },
  'METHOD-DATA': { each: ['PA-DATA', 'PA-DATA'] },
  'PA-DATA': { fields: { 1: ['padata-type', 'PaType'], 2: ['padata-value', 'by type'] } },
  'ETYPE-LIST': { each: ['etype', 'EType'] },
  'TICKET-LIST': { each: ['Ticket', 'Ticket'] },
  HostAddresses: { each: ['HostAddress', 'HostAddress'] },
  HostAddress: { fields: { 0: ['addr-type', 'AddressType'], 1: ['address', 'OCTET STRING'] } },
  'ETYPE-INFO2': { each: ['ETYPE-INFO2-ENTRY', 'ETYPE-INFO2-ENTRY'] },
  'ETYPE-INFO2-ENTRY': { fields: { 0: ['etype', 'EType'], 1: ['salt', 'KerberosString'], 2: ['s2kparams', 'OCTET STRING'] } },
  'ETYPE-INFO': { each: ['ETYPE-INFO-ENTRY', 'ETYPE-INFO-ENTRY'] },
  'ETYPE-INFO-ENTRY': { fields: { 0: ['etype', 'EType'], 1: ['salt', 'OCTET STRING'] } },
  'KERB-PA-PAC-REQUEST': { fields: { 0: ['include-pac', 'BOOLEAN'] } },
  'PA-PAC-OPTIONS': { fields: { 0: ['flags', 'PacOptions'] } },
  'KERB-ERROR-DATA': { fields: { 1: ['data-type', 'Int32'], 2: ['data-value', 'by type'] } },
};

/** What a message begins with, without a GSS frame. */
export const KERBEROS_MESSAGES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(PRODUCTIONS).flatMap(([name, { application }]) => application === undefined ? [] : [[application, name]]));

/** KerberosFlags by bit number (RFC 4120 5.5.1, 5.4.1; MS-KILE 2.2.10). */
export const BIT_NAMES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  APOptions: { 0: 'reserved', 1: 'use-session-key', 2: 'mutual-required' },
  KDCOptions: {
    0: 'reserved', 1: 'forwardable', 2: 'forwarded', 3: 'proxiable', 4: 'proxy', 5: 'allow-postdate', 6: 'postdated', 8: 'renewable', 12: 'opt-hardware-auth',
    14: 'cname-in-addl-tkt', 15: 'canonicalize', 16: 'request-anonymous', 26: 'disable-transited-check', 27: 'renewable-ok', 28: 'enc-tkt-in-skey', 30: 'renew', 31: 'validate',
  },
  PacOptions: { 0: 'claims', 1: 'branch-aware', 2: 'forward-to-full-dc', 3: 'resource-based-constrained-delegation' },
};
