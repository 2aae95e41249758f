/*
 * The server's answer to a NEGOTIATE: one call reads it and builds the CHALLENGE (MS-NLMP 3.2.5.1.1).
 *
 *   INPUT   0 server challenge, 8   8 NEGOTIATE | target name in UTF-16LE | target info with its end
 *   OUTPUT  0 signature, type   12 TargetName   20 flags   24 ServerChallenge   32 zero, 8   40 TargetInfo   48 Version
 *          56 target name | target info
 */
import { INPUT, OUTPUT, SCRATCH } from '../memory';
import { describe, WINDOWS_VERSION } from './ntlm-authenticate';
import { ESS, KEY_128, LM_KEY, OEM, REQUEST_TARGET, SEAL, SIGN, TARGET_INFO, UNICODE, VERSION } from './ntlm-flags';
import { CHALLENGE, E_CHARSET, fail, parseNegotiate, W_FLAGS, word } from './ntlm-message';

const HEADER: i32 = 56;
const TOKENS: usize = INPUT + 8;

/** `supported`: the flags the server can do; `targetType`: TARGET_TYPE_DOMAIN or _SERVER. The length of the CHALLENGE at OUTPUT, or a failure. Wipes INPUT. */
export function ntlmChallenge(negotiateLength: i32, nameLength: i32, infoLength: i32, supported: u32, targetType: u32): i32 {
  let length = parseNegotiate(TOKENS, negotiateLength, SCRATCH);
  if (length == 0) {
    const offered = <u32>word(SCRATCH, W_FLAGS);
    length = (offered & supported & (UNICODE | OEM)) == 0 ? fail(E_CHARSET, 12)
      : build(chosen(offered, supported, targetType), TOKENS + negotiateLength, nameLength, infoLength);
  }
  memory.fill(INPUT, 0, <usize>(8 + negotiateLength + nameLength + infoLength));
  return length;
}

/** The intersection; UNICODE beats OEM, ESS beats LM_KEY, and 128 is confirmed only where messages will be protected (2.2.2.5). */
function chosen(offered: u32, supported: u32, targetType: u32): u32 {
  let flags = offered & supported;
  if (flags & UNICODE) flags &= ~OEM;
  if (flags & ESS) flags &= ~LM_KEY;
  if ((flags & (SIGN | SEAL)) == 0) flags &= ~KEY_128;
  if (flags & REQUEST_TARGET) flags |= targetType;
  return flags | TARGET_INFO;
}

function build(flags: u32, name: usize, nameLength: i32, infoLength: i32): i32 {
  memory.fill(OUTPUT, 0, HEADER);
  store<u64>(OUTPUT, 0x005053534d4c544e);
  store<u32>(OUTPUT, CHALLENGE, 8);
  store<u32>(OUTPUT, flags, 20);
  store<u64>(OUTPUT, load<u64>(INPUT), 24);
  if (flags & VERSION) store<u64>(OUTPUT, WINDOWS_VERSION, 48);

  let at = HEADER;
  let shown = flags & REQUEST_TARGET ? nameLength : 0;
  if (flags & UNICODE) {
    memory.copy(OUTPUT + at, name, shown);
  } else {
    shown >>= 1;
    for (let i = 0; i < shown; i++) {
      const unit = load<u16>(name + (i << 1));
      store<u8>(OUTPUT + at + i, unit > 0x7f ? 0x3f : unit);
    }
  }
  describe(12, at, shown);
  at += shown;
  memory.copy(OUTPUT + at, name + nameLength, infoLength);
  describe(40, at, infoLength);
  return at + infoLength;
}
