import { SspiError } from '../../../contract/errors.ts';

/** How far behind the newest message a late one may be and still be told from a replay. */
const WINDOW = 64n;

/**
 * Replay and order of the peer's messages by their sequence numbers (RFC 2743 §1.2.3; RFC 4121 §4.2.6.2).
 *
 * SEQUENCE_DETECT takes only the next number; REPLAY_DETECT takes each number once, in a window of 64; neither takes all.
 * A refused message changes nothing, so the one that was due is still taken.
 */
export class OrderWindow {
  #next: bigint;
  /** Bit n: the number `next - 1 - n` has been seen. */
  #seen: bigint;
  readonly #modulus: bigint;
  readonly replay: boolean;
  readonly sequence: boolean;

  /** `first`: the number that the peer begins with; `bits`: 64, or 32 for RC4 tokens. */
  constructor(first: bigint, { replay, sequence, bits = 64, seen = 0n }: { replay: boolean; sequence: boolean; bits?: 32 | 64; seen?: bigint }) {
    this.#next = first;
    this.#seen = seen;
    this.#modulus = bits === 32 ? 0x100000000n : 0x10000000000000000n;
    this.replay = replay;
    this.sequence = sequence;
  }

  /** Throws SEC_E_OUT_OF_SEQUENCE; call `accept` once the message is verified. */
  check(number: bigint): void {
    if (number === this.#next || (!this.replay && !this.sequence)) return;
    const ahead = this.#ahead(number);
    if (this.sequence) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', ahead > 0n
        ? `the message has number ${number}, ${ahead} more than the ${this.#next} that is due: messages are missing`
        : `the message has number ${number}, which has passed: it is replayed or late`);
    }
    if (ahead > 0n) return;
    const behind = -ahead - 1n;
    if (behind >= WINDOW) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `the message has number ${number}, too old to be told from a replay`);
    if ((this.#seen >> behind) & 1n) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `the message with number ${number} has come before: it is replayed`);
  }

  accept(number: bigint): void {
    const ahead = this.#ahead(number);
    if (ahead < 0n) {
      if (-ahead <= WINDOW) this.#seen |= 1n << (-ahead - 1n);
      return;
    }
    // A peer may leap by any distance, and a BigInt has to stay small.
    this.#seen = ahead >= WINDOW ? 1n : ((this.#seen << (ahead + 1n)) | 1n) & ((1n << WINDOW) - 1n);
    this.#next = (number + 1n) % this.#modulus;
  }

  /** For the export of a context. */
  get state(): { next: bigint; seen: bigint } {
    return { next: this.#next, seen: this.#seen };
  }

  /** The distance to the number that is due, across the wrap. */
  #ahead(number: bigint): bigint {
    const distance = (number - this.#next + this.#modulus) % this.#modulus;
    return distance >= this.#modulus / 2n ? distance - this.#modulus : distance;
  }
}
