/*
 * The structures of sspi.h, security.h and winnt.h that cross the line to secur32.dll and advapi32.dll: size and offsets in bytes,
 * [with 4-byte pointers (ia32), with 8-byte pointers (x64 and arm64)]. Pure data, so that a C program can be held against it.
 *
 * Scalars: ULONG and DWORD 4, USHORT 2, a pointer and ULONG_PTR 4 or 8, TimeStamp (a LARGE_INTEGER) 8, aligned to 8.
 */

export type PointerSize = 4 | 8;
type Pair = readonly [ia32: number, x64: number];

export const STRUCTS = {
  // — handles and buffers —
  SecHandle: struct([8, 16], { dwLower: [0, 0], dwUpper: [4, 8] }),
  SecBuffer: struct([12, 16], { cbBuffer: [0, 0], BufferType: [4, 4], pvBuffer: [8, 8] }),
  SecBufferDesc: struct([12, 16], { ulVersion: [0, 0], cBuffers: [4, 4], pBuffers: [8, 8] }),
  TimeStamp: struct([8, 8], { LowPart: [0, 0], HighPart: [4, 4] }),
  SEC_CHANNEL_BINDINGS: struct([32, 32], {
    dwInitiatorAddrType: [0, 0], cbInitiatorLength: [4, 4], dwInitiatorOffset: [8, 8], dwAcceptorAddrType: [12, 12], cbAcceptorLength: [16, 16],
    dwAcceptorOffset: [20, 20], cbApplicationDataLength: [24, 24], dwApplicationDataOffset: [28, 28],
  }),

  // — identities —
  SEC_WINNT_AUTH_IDENTITY_W: struct([28, 48], {
    User: [0, 0], UserLength: [4, 8], Domain: [8, 16], DomainLength: [12, 24], Password: [16, 32], PasswordLength: [20, 40], Flags: [24, 44],
  }),
  SEC_WINNT_AUTH_IDENTITY_EXW: struct([44, 72], {
    Version: [0, 0], Length: [4, 4], User: [8, 8], UserLength: [12, 16], Domain: [16, 24], DomainLength: [20, 32], Password: [24, 40],
    PasswordLength: [28, 48], Flags: [32, 52], PackageList: [36, 56], PackageListLength: [40, 64],
  }),

  // — packages —
  SecPkgInfoW: struct([20, 32], { fCapabilities: [0, 0], wVersion: [4, 4], wRPCID: [6, 6], cbMaxToken: [8, 8], Name: [12, 16], Comment: [16, 24] }),

  // — context attributes —
  SecPkgContext_Sizes: struct([16, 16], { cbMaxToken: [0, 0], cbMaxSignature: [4, 4], cbBlockSize: [8, 8], cbSecurityTrailer: [12, 12] }),
  SecPkgContext_StreamSizes: struct([20, 20], { cbHeader: [0, 0], cbTrailer: [4, 4], cbMaximumMessage: [8, 8], cBuffers: [12, 12], cbBlockSize: [16, 16] }),
  SecPkgContext_NamesW: struct([4, 8], { sUserName: [0, 0] }),
  SecPkgContext_Lifespan: struct([16, 16], { tsStart: [0, 0], tsExpiry: [8, 8] }),
  SecPkgContext_KeyInfoW: struct([20, 32], {
    sSignatureAlgorithmName: [0, 0], sEncryptAlgorithmName: [4, 8], KeySize: [8, 16], SignatureAlgorithm: [12, 20], EncryptAlgorithm: [16, 24],
  }),
  SecPkgContext_SessionKey: struct([8, 16], { SessionKeyLength: [0, 0], SessionKey: [4, 8] }),
  SecPkgContext_PackageInfoW: struct([4, 8], { PackageInfo: [0, 0] }),
  SecPkgContext_NegotiationInfoW: struct([8, 16], { PackageInfo: [0, 0], NegotiationState: [4, 8] }),
  SecPkgContext_NativeNamesW: struct([8, 16], { sClientName: [0, 0], sServerName: [4, 8] }),
  SecPkgContext_Flags: struct([4, 4], { Flags: [0, 0] }),
  SecPkgContext_Target: struct([8, 16], { TargetLength: [0, 0], Target: [4, 8] }),
  SecPkgContext_ClientSpecifiedTarget: struct([4, 8], { sTargetName: [0, 0] }),
  SecPkgContext_Bindings: struct([8, 16], { BindingsLength: [0, 0], Bindings: [4, 8] }),
  SecPkgContext_LastClientTokenStatus: struct([4, 4], { LastClientTokenStatus: [0, 0] }),
  SecPkgContext_NegoStatus: struct([4, 4], { LastStatus: [0, 0] }),

  // — credential attributes —
  SecPkgCredentials_NamesW: struct([4, 8], { sUserName: [0, 0] }),
  SecPkgCredentials_KdcProxySettingsW: struct([16, 16], {
    Version: [0, 0], Flags: [4, 4], ProxyServerOffset: [8, 8], ProxyServerLength: [10, 10], ClientTlsCredOffset: [12, 12], ClientTlsCredLength: [14, 14],
  }),

  // — access tokens (winnt.h) —
  SID_AND_ATTRIBUTES: struct([8, 16], { Sid: [0, 0], Attributes: [4, 8] }),
  TOKEN_USER: struct([8, 16], { User: [0, 0] }),
  TOKEN_GROUPS: struct([12, 24], { GroupCount: [0, 0], Groups: [4, 8] }),
} as const;

export type StructName = keyof typeof STRUCTS;

/** One structure at one width of pointers: its size, and the offset of each field. */
export type Layout<Name extends StructName> = { readonly size: number } & { readonly [Field in keyof (typeof STRUCTS)[Name]['fields']]: number };
export type Layouts = { readonly [Name in StructName]: Layout<Name> };

/** All structures as one width of pointers lays them out. */
export function layouts(pointerSize: PointerSize): Layouts {
  const width = pointerSize === 4 ? 0 : 1;
  return Object.fromEntries(Object.entries(STRUCTS).map(([name, { size, fields }]) => [
    name, Object.fromEntries([['size', size[width]], ...Object.entries(fields).map(([field, offset]) => [field, (offset as Pair)[width]])]),
  ])) as unknown as Layouts;
}

function struct<Fields extends Readonly<Record<string, Pair>>>(size: Pair, fields: Fields): { readonly size: Pair; readonly fields: Fields } {
  return { size, fields };
}
