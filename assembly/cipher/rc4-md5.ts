import { LENGTH, md5Update } from '../hash/hash';
import { md5Blocks } from '../hash/md5';
import { Rc4, rc4 } from './rc4';

/*
 * RC4 over a message and MD5 over its plaintext in one walk, as NTLM seals (MS-NLMP 3.4.3). MD5 takes the blocks that the
 * bytes in its buffer leave; RC4 works one block aside, so that neither waits for, nor overwrites, what the other reads:
 *
 *             seal              unseal
 *   MD5       block n + 1       block n
 *   RC4       block n           block n + 1
 *
 * In place where `input` is `output`. Both states go on from there.
 */

/** MD5 over the input. */
export function rc4Md5Seal(rc4State: usize, md5State: usize, input: usize, output: usize, length: i32): void {
  const head = untilBlock(md5State);
  const beside = besides(length, head);
  if (beside > 0) {
    const whole = beside << 6;
    md5Update(md5State, input, head + 64);
    rc4(rc4State, input, output, head);
    input += head;
    output += head;
    both(rc4State, md5State, input + 64, input, output, beside);
    md5Update(md5State, input + whole + 64, length - head - whole - 64);
    rc4(rc4State, input + whole, output + whole, length - head - whole);
  } else {
    md5Update(md5State, input, length);
    rc4(rc4State, input, output, length);
  }
}

/** MD5 over the output. */
export function rc4Md5Unseal(rc4State: usize, md5State: usize, input: usize, output: usize, length: i32): void {
  const head = untilBlock(md5State);
  const beside = besides(length, head);
  if (beside > 0) {
    const whole = beside << 6;
    rc4(rc4State, input, output, head + 64);
    md5Update(md5State, output, head);
    input += head;
    output += head;
    both(rc4State, md5State, output, input + 64, output + 64, beside);
    rc4(rc4State, input + whole + 64, output + whole + 64, length - head - whole - 64);
    md5Update(md5State, output + whole, length - head - whole);
  } else {
    rc4(rc4State, input, output, length);
    md5Update(md5State, output, length);
  }
}

// how many bytes fill the block that MD5 has begun
@inline
function untilBlock(md5State: usize): i32 {
  return -load<i32>(md5State, LENGTH) & 63;
}

// how many blocks the two can do beside each other: all whole ones but one
@inline
function besides(length: i32, head: i32): i32 {
  return ((length - head) >> 6) - 1;
}

function both(rc4State: usize, md5State: usize, hashed: usize, input: usize, output: usize, blocks: i32): void {
  md5Blocks<Rc4>(md5State, hashed, blocks, rc4State, input, output);
  store<u64>(md5State, load<u64>(md5State, LENGTH) + (<u64>blocks << 6), LENGTH);
}
