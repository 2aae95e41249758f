/*
 * Sealed Wrap tokens of RFC 4121 §4.2.6.2 for the AES etypes, each in one call. KEY holds Ke and Ki of the usage (K5_SEAL bytes), H is the
 * header with RRC = 0, C the confounder:
 *
 *   05 04 flags ff EC (2) RRC (2) SND_SEQ (8) | rotate(encrypt(C | message | EC bytes of filler | H), RRC)
 */
import { INPUT, KEY, OUTPUT, SCHEDULE, SCHEDULE_CAPACITY } from '../memory';
import { k5Decrypt, k5Encrypt } from '../krb5/aes-profile';
import { macLength } from '../krb5/derive';

const HEADER = 16;
const CONFOUNDER = 16;

const ALTERED = -1;
const SHORT = -2;

/**
 * INPUT: C | message of `length` bytes. The token goes to OUTPUT; returns its length. What is not the message's own stands in front of it, as
 * Windows turns it; MS-KILE 3.4.5.4.1: in DCE style (`filler` = 16) that is by EC + RRC.
 */
export function krb5Wrap(etype: i32, length: i32, flags: i32, filler: i32, number: u64): i32 {
  const turn = HEADER + filler + macLength(etype);
  const basic = CONFOUNDER + length + filler + HEADER;
  const total = basic + macLength(etype);
  memory.fill(INPUT + CONFOUNDER + length, 0, filler);
  header(INPUT + basic - HEADER, flags, filler, 0, number);
  header(OUTPUT, flags, filler, turn - filler, number);
  // where all but its end is in place
  const sealed = OUTPUT + HEADER + turn;
  k5Encrypt(etype, KEY, INPUT, basic, sealed);
  memory.copy(OUTPUT + HEADER, sealed + total - turn, turn);
  memory.fill(sealed + total - turn, 0, turn);
  memory.fill(INPUT, 0, basic);
  memory.fill(SCHEDULE, 0, SCHEDULE_CAPACITY);
  return HEADER + total;
}

/**
 * INPUT: the token, with room for `turn` bytes behind it; `turn` is less than what follows the header. Returns the length of the message, which
 * stands at OUTPUT + 16; or -1 when it is not intact, -2 when less was sealed than EC tells, with nothing left in OUTPUT.
 */
export function krb5Unwrap(etype: i32, length: i32, turn: i32, extra: i32): i32 {
  memory.copy(INPUT + length, INPUT + HEADER, turn);
  const basic = k5Decrypt(etype, KEY, INPUT + HEADER + turn, length - HEADER, OUTPUT);
  let result = basic;
  if (basic >= 0) {
    result = basic - CONFOUNDER - extra - HEADER;
    if (result < 0) result = SHORT;
    // the header outside is not encrypted; the copy inside is what binds it
    else if (v128.any_true(v128.xor(i16x8.replace_lane(v128.load(INPUT), 3, 0), v128.load(OUTPUT + basic - HEADER)))) result = ALTERED;
    if (result < 0) memory.fill(OUTPUT, 0, basic);
  }
  memory.fill(INPUT, 0, length + turn);
  memory.fill(SCHEDULE, 0, SCHEDULE_CAPACITY);
  return result;
}

function header(at: usize, flags: i32, extra: i32, rotation: i32, number: u64): void {
  store<u32>(at, 0xff000405 | (flags << 16));
  store<u16>(at, bswap<u16>(<u16>extra), 4);
  store<u16>(at, bswap<u16>(<u16>rotation), 6);
  store<u64>(at, bswap<u64>(number), 8);
}
