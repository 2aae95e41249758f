/** 1 when both stretches are alike, else 0; the time depends on the length alone. */
export function equal(a: usize, b: usize, length: i32): i32 {
  let difference: u32 = 0;
  for (let i = 0; i < length; i++) difference |= <u32>load<u8>(a + i) ^ <u32>load<u8>(b + i);
  return <i32>((difference - 1) >>> 31);
}
