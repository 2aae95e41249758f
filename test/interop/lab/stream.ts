// A socket that is read by lengths.
import type { Socket } from 'node:net';

export class ByteStream {
  #bytes = Buffer.alloc(0);
  #ended: Error | null = null;
  #wake: () => void = () => {};

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => { this.#bytes = Buffer.concat([this.#bytes, chunk]); this.#wake(); });
    socket.on('error', (error) => { this.#ended = error; this.#wake(); });
    socket.on('close', () => { this.#ended ??= new Error('the peer closed the connection'); this.#wake(); });
  }

  /** Waits until `measure` finds a whole message (its length) at the front, and takes it. */
  async take(measure: (bytes: Buffer) => number | null): Promise<Buffer> {
    const timer = setTimeout(() => { this.#ended ??= new Error('no answer for 20 s'); this.#wake(); }, 20_000);
    try {
      for (;;) {
        const length = measure(this.#bytes);
        if (length !== null && this.#bytes.length >= length) {
          const message = this.#bytes.subarray(0, length);
          this.#bytes = this.#bytes.subarray(length);
          return message;
        }
        if (this.#ended !== null) throw this.#ended;
        await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }
}
