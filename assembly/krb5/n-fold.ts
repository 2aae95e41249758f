/**
 * n-fold (RFC 3961 §5.1): copies of the input one behind the other, each rotated 13 bits further to the right than the last, up to the
 * least common multiple of both lengths; cut into outputs, which are added in one's complement.
 */
export function nFold(input: usize, inputLength: i32, output: usize, outputLength: i32): void {
  const lcm = inputLength / gcd(inputLength, outputLength) * outputLength;
  let carry: u32 = 0;
  for (let k = outputLength - 1; k >= 0; k--) {
    for (let p = k; p < lcm; p += outputLength) carry += rotated(input, inputLength, p);
    store<u8>(output + k, carry);
    carry >>= 8;
  }
  // the carry out of the highest byte goes round to the lowest
  while (carry > 0) {
    for (let k = outputLength - 1; k >= 0; k--) {
      carry += load<u8>(output + k);
      store<u8>(output + k, carry);
      carry >>= 8;
    }
  }
}

// the byte at `p` of the row of rotated copies
function rotated(input: usize, length: i32, p: i32): u32 {
  const bits = length << 3;
  const turn = 13 * (p / length) % bits;
  const from = (((p % length) << 3) + bits - turn) % bits;
  const first = from >> 3;
  const next = first + 1 == length ? 0 : first + 1;
  const pair = (<u32>load<u8>(input + first) << 8) | load<u8>(input + next);
  return (pair >> (8 - (from & 7))) & 0xff;
}

function gcd(a: i32, b: i32): i32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
