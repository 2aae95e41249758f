/** The exports of assembly/token/ntlm-*.ts. Lengths are bytes in INPUT; a negative result is -(offset << 8 | code). */
export interface NtlmExports {
  ntlmParse(length: number): number;
  ntlmNtowfv1(length: number): void;
  ntlmLmowfv1(): void;
  ntlmKxkey(flags: number): void;
  ntlmNtowfv2(length: number): void;
  ntlmAuthenticate(
    negotiate: number, challenge: number, user: number, domain: number, workstation: number, target: number,
    ownFlags: number, required: number, requiredToProtect: number, options: number,
  ): number;
  ntlmChallenge(negotiate: number, name: number, info: number, supported: number, targetType: number): number;
  ntlmVerify(negotiate: number, challenge: number, authenticate: number, options: number): number;

  readonly NTLM_DIRECTION: WebAssembly.Global;
  readonly NTLM_HANDLE: WebAssembly.Global;
  ntlmSessionKeys(flags: number): void;
  ntlmSign(length: number, sequence: number, mode: number): void;
  ntlmSeal(length: number, sequence: number, mode: number): void;
  ntlmVerifySignature(length: number, sequence: number, mode: number): number;
  ntlmUnseal(length: number, sequence: number, mode: number): number;
  ntlmBegin(sequence: number, mode: number): void;
  ntlmPass(from: number, length: number, mode: number, operation: number): void;
  ntlmEnd(sequence: number, mode: number): void;
  ntlmCheck(sequence: number, mode: number): number;
}
