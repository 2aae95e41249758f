/** Pre-authentication data types (RFC 4120 §7.5.2; RFC 6113; MS-KILE 2.2). */
export const PA = {
  TGS_REQ: 1,
  ENC_TIMESTAMP: 2,
  PW_SALT: 3,
  ETYPE_INFO: 11,
  ETYPE_INFO2: 19,
  PAC_REQUEST: 128,
  FOR_USER: 129,
  FX_COOKIE: 133,
  REQ_ENC_PA_REP: 149,
  SUPPORTED_ENCTYPES: 165,
  PAC_OPTIONS: 167,
} as const;

/** Authorization data types (RFC 4120 §7.5.4; MS-KILE). */
export const AD = {
  IF_RELEVANT: 1,
  KDC_ISSUED: 4,
  AND_OR: 5,
  MANDATORY_FOR_KDC: 8,
  WIN2K_PAC: 128,
  AUTH_DATA_AP_OPTIONS: 143,
} as const;

/** The checksum type of a GSS-API authenticator (RFC 4121 §4.1.1). */
export const CKSUM_GSS = 0x8003;

/** Address types (RFC 4120 §7.5.3). */
export const ADDR = { INET: 2, DIRECTIONAL: 3, NETBIOS: 20, INET6: 24 } as const;
