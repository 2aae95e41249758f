/** NegotiateFlags (MS-NLMP 2.2.2.5), as far as the core acts on them. */
export const UNICODE: u32 = 0x00000001;
export const OEM: u32 = 0x00000002;
export const REQUEST_TARGET: u32 = 0x00000004;
export const SIGN: u32 = 0x00000010;
export const SEAL: u32 = 0x00000020;
export const DATAGRAM: u32 = 0x00000040;
export const LM_KEY: u32 = 0x00000080;
export const ANONYMOUS: u32 = 0x00000800;
export const TARGET_TYPE_DOMAIN: u32 = 0x00010000;
export const TARGET_TYPE_SERVER: u32 = 0x00020000;
export const TARGET_TYPE_SHARE: u32 = 0x00040000;
export const TARGET_TYPES: u32 = TARGET_TYPE_DOMAIN | TARGET_TYPE_SERVER | TARGET_TYPE_SHARE;
export const ESS: u32 = 0x00080000;
export const NON_NT_SESSION_KEY: u32 = 0x00400000;
export const TARGET_INFO: u32 = 0x00800000;
export const VERSION: u32 = 0x02000000;
export const KEY_128: u32 = 0x20000000;
export const KEY_EXCH: u32 = 0x40000000;
export const KEY_56: u32 = 0x80000000;

/** AvId (MS-NLMP 2.2.2.1). */
export const AV_EOL: i32 = 0;
export const AV_NB_COMPUTER: i32 = 1;
export const AV_NB_DOMAIN: i32 = 2;
export const AV_FLAGS: i32 = 6;
export const AV_TIMESTAMP: i32 = 7;
export const AV_SINGLE_HOST: i32 = 8;
export const AV_TARGET_NAME: i32 = 9;
export const AV_CHANNEL_BINDINGS: i32 = 10;

/** MsvAvFlags: the message carries a MIC; the target name comes from an untrusted source. */
export const AV_FLAG_MIC: u32 = 2;
export const AV_FLAG_UNTRUSTED_TARGET: u32 = 4;
