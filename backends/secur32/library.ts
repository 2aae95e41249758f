import type { PointerSize } from './structs.ts';

/**
 * What this backend asks of secur32.dll, and of the memory that it shares with it. koffi gives it on Windows; tests give another
 * one, whose calls are recorded.
 *
 * Addresses are numbers: user space ends below 2^53 on every architecture of Windows. 0 is NULL.
 */
export interface Secur32Library {
  readonly pointerSize: PointerSize;
  /** Wine's secur32: it decrypts no SECBUFFER_STREAM, and its Kerberos puts the trailer of a message behind it. */
  readonly isWine: boolean;
  /** Zeroed memory that native code may use as long as the block is referenced. */
  allocate(length: number): Block;
  /** A copy of foreign memory. */
  read(address: number, length: number): Uint8Array;
  /** A copy of a string of UTF-16 units that ends with a zero unit. */
  readString(address: number): string;
  /** Overwrites foreign memory with zeros. */
  wipe(address: number, length: number): void;
  /** Pointers, handles and ULONGs go in; a SECURITY_STATUS, a BOOL or a DWORD comes out, unsigned. Throws SEC_E_UNSUPPORTED_FUNCTION where the system lacks it. */
  call(name: FunctionName, ...values: number[]): number;
  /** As `call`, on another thread. */
  callAsync(name: FunctionName, ...values: number[]): Promise<number>;
}

/** Calls that are on other threads, or wait for one, at once: as many as koffi keeps memory for at most. Past 256 of the whole process it throws. */
export const MOST_AT_ONCE = 32;

export interface Block {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/**
 * Every function that is called: its DLL and its parameters. `p` is a pointer or a handle, `u` a ULONG, `b` a BOOLEAN; all return 32 bits.
 * Source: sspi.h, processthreadsapi.h, securitybaseapi.h, handleapi.h.
 */
export const FUNCTIONS = {
  EnumerateSecurityPackagesW: ['secur32', 'pp'],
  QuerySecurityPackageInfoW: ['secur32', 'pp'],
  AcquireCredentialsHandleW: ['secur32', 'ppupppppp'],
  FreeCredentialsHandle: ['secur32', 'p'],
  QueryCredentialsAttributesW: ['secur32', 'pup'],
  SetCredentialsAttributesW: ['secur32', 'pupu'],
  InitializeSecurityContextW: ['secur32', 'pppuuupupppp'],
  AcceptSecurityContext: ['secur32', 'pppuupppp'],
  CompleteAuthToken: ['secur32', 'pp'],
  ApplyControlToken: ['secur32', 'pp'],
  DeleteSecurityContext: ['secur32', 'p'],
  QueryContextAttributesW: ['secur32', 'pup'],
  MakeSignature: ['secur32', 'pupu'],
  VerifySignature: ['secur32', 'ppup'],
  EncryptMessage: ['secur32', 'pupu'],
  DecryptMessage: ['secur32', 'ppup'],
  ExportSecurityContext: ['secur32', 'pupp'],
  ImportSecurityContextW: ['secur32', 'pppp'],
  QuerySecurityContextToken: ['secur32', 'pp'],
  ImpersonateSecurityContext: ['secur32', 'p'],
  RevertSecurityContext: ['secur32', 'p'],
  ChangeAccountPasswordW: ['secur32', 'pppppbup'],
  FreeContextBuffer: ['secur32', 'p'],
  GetTokenInformation: ['advapi32', 'pupup'],
  CloseHandle: ['kernel32', 'p'],
} as const satisfies Readonly<Record<string, readonly [dll: 'secur32' | 'advapi32' | 'kernel32', parameters: string]>>;

export type FunctionName = keyof typeof FUNCTIONS;
