import { SspiError, type SspiErrorCode } from '../../contract/errors.ts';

/** Turns the core's `-(offset << 8 | code)` into the error that it means; `message` is 'CHALLENGE' or its siblings. */
export function ntlmFailure(failure: number, message: string): SspiError {
  const code = -failure & 0xff;
  const offset = -failure >>> 8;
  const meaning = FAILURES[code];
  if (meaning === undefined) return new SspiError('SEC_E_INTERNAL_ERROR', `NTLM ${message}: the core answered ${failure}`);
  const [status, words, remedy] = meaning;
  return new SspiError(status, `NTLM ${message}: ${words}`, remedy === undefined ? { offset } : { offset, remedy });
}

/** True for the answer that the proof is not the account's: it says no more than that. */
export function isDenied(failure: number): boolean {
  return (-failure & 0xff) === DENIED;
}

const DENIED = 48;
const OUTSIDE = 'lies outside the message';

// the codes of assembly/token/ntlm-message.ts, ntlm-authenticate.ts and ntlm-verify.ts
const FAILURES: Readonly<Record<number, readonly [SspiErrorCode, string, string?]>> = {
  1: ['SEC_E_INVALID_TOKEN', 'the message ends within its header'],
  2: ['SEC_E_INVALID_TOKEN', "'NTLMSSP' and a zero byte expected"],
  3: ['SEC_E_INVALID_TOKEN', 'another MessageType was expected'],
  4: ['SEC_E_INVALID_TOKEN', `TargetName ${OUTSIDE}`],
  5: ['SEC_E_INVALID_TOKEN', `TargetInfo ${OUTSIDE}`],
  6: ['SEC_E_INVALID_TOKEN', `LmChallengeResponse ${OUTSIDE}`],
  7: ['SEC_E_INVALID_TOKEN', `NtChallengeResponse ${OUTSIDE}`],
  8: ['SEC_E_INVALID_TOKEN', `DomainName ${OUTSIDE}`],
  9: ['SEC_E_INVALID_TOKEN', `UserName ${OUTSIDE}`],
  10: ['SEC_E_INVALID_TOKEN', `Workstation ${OUTSIDE}`],
  11: ['SEC_E_INVALID_TOKEN', `EncryptedRandomSessionKey ${OUTSIDE}`],
  12: ['SEC_E_INVALID_TOKEN', 'the AV_PAIR list ends before its MsvAvEOL'],
  13: ['SEC_E_INVALID_TOKEN', 'an AV_PAIR has a length that its AvId does not allow'],
  14: ['SEC_E_INVALID_TOKEN', 'UNICODE or OEM expected among the flags'],
  15: ['SEC_E_INVALID_TOKEN', 'a UTF-16 name has an odd length'],
  16: ['SEC_E_INVALID_TOKEN', 'LmChallengeResponse has 24 bytes or none'],
  17: ['SEC_E_INVALID_TOKEN', 'NtChallengeResponse has 24 bytes, at least 44, or none'],
  18: ['SEC_E_INVALID_TOKEN', 'EncryptedRandomSessionKey has 16 bytes or none'],
  19: ['SEC_E_INVALID_TOKEN', 'MsvAvFlags tells of a MIC, but the fields leave no room for one'],
  20: ['SEC_E_INVALID_TOKEN', 'an AvId stands twice in the AV_PAIR list'],
  21: ['SEC_E_INVALID_TOKEN', 'RespType 1 and HiRespType 1 expected in NTLMv2_CLIENT_CHALLENGE'],
  32: ['SEC_E_UNSUPPORTED_FUNCTION', 'the server dropped a flag that was required',
    'Signing, sealing, extended session security or 128-bit keys were taken out on the way, or the server does not know them.'],
  33: ['SEC_E_UNSUPPORTED_FUNCTION', 'the server knows no Unicode, and the account or workstation has a name outside ASCII'],
  34: ['SEC_E_INVALID_TOKEN', 'TargetInfo is too long to be answered in one message'],
  35: ['SEC_E_LOGON_DENIED', 'the server does not tell its NetBIOS names of computer and domain, without which NTLMv2 protects no messages'],
  48: ['SEC_E_LOGON_DENIED', 'the logon failed'],
  49: ['SEC_E_MESSAGE_ALTERED', 'the MIC does not match: one of the three messages was changed on its way',
    'The password was right. Look for a proxy or an attacker that rewrites NTLM messages.'],
  50: ['SEC_E_MESSAGE_ALTERED', 'the client answers target info that this server did not send: the CHALLENGE was changed on its way',
    'The password was right. Look for a proxy or an attacker that rewrites NTLM messages.'],
  51: ['SEC_E_INVALID_TOKEN', 'KEY_EXCH was negotiated, but EncryptedRandomSessionKey is absent'],
};
