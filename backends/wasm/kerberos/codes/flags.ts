/* KerberosFlags as unsigned numbers: bit 0 of the RFC's text is the highest bit here. */

const bit = (n: number) => (0x80000000 >>> n) >>> 0;

/** KDCOptions (RFC 4120 §5.4.1; canonicalize: RFC 6806). */
export const KDC_OPT = {
  FORWARDABLE: bit(1),
  FORWARDED: bit(2),
  PROXIABLE: bit(3),
  RENEWABLE: bit(8),
  CANONICALIZE: bit(15),
  RENEWABLE_OK: bit(27),
  ENC_TKT_IN_SKEY: bit(28),
  RENEW: bit(30),
  VALIDATE: bit(31),
} as const;

/** TicketFlags (RFC 4120 §5.3; enc-pa-rep: RFC 6806 §11). */
export const TKT_FLAG = {
  FORWARDABLE: bit(1),
  FORWARDED: bit(2),
  PROXIABLE: bit(3),
  INVALID: bit(7),
  RENEWABLE: bit(8),
  INITIAL: bit(9),
  PRE_AUTHENT: bit(10),
  TRANSITED_POLICY_CHECKED: bit(12),
  OK_AS_DELEGATE: bit(13),
  ENC_PA_REP: bit(15),
} as const;

/** APOptions (RFC 4120 §5.5.1). */
export const AP_OPT = {
  USE_SESSION_KEY: bit(1),
  MUTUAL_REQUIRED: bit(2),
} as const;
