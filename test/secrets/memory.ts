import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

export interface Secret {
  name: string;
  bytes: Uint8Array;
}

/** True where a process may read the memory of its children: Linux, and no policy against it. */
export function canReadMemory(pid: number): boolean {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The names of those that stand somewhere in the writable memory of a process, with what stands in front of them. */
export function findInMemory(pid: number, secrets: readonly Secret[]): Map<string, string> {
  const found = new Map<string, string>();
  const file = openSync(`/proc/${pid}/mem`, 'r');
  const piece = Buffer.alloc(PIECE + LONGEST);
  for (const [from, to] of writable(pid)) {
    for (let at = from; at < to; at += PIECE) {
      const length = read(file, piece, at, to);
      if (length === 0) break;
      const view = piece.subarray(0, length);
      for (const { name, bytes } of secrets) {
        const index = view.indexOf(bytes);
        if (index >= 0) found.set(name, `${(at + index).toString(16)}: ${view.toString('hex', Math.max(0, index - 32), index)} …`);
      }
    }
  }
  closeSync(file);
  return found;
}

function writable(pid: number): [from: number, to: number][] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').filter((line) => line.includes(' rw')).map((line) => {
    const [from, to] = line.split(' ', 1)[0]!.split('-').map((address) => Number.parseInt(address, 16));
    return [from!, to!];
  });
}

function read(file: number, piece: Buffer, at: number, to: number): number {
  try {
    return readSync(file, piece, 0, Math.min(piece.length, to - at), at);
  } catch {
    return 0; // a guard page, or gone meanwhile
  }
}

const PIECE = 1 << 22;
const LONGEST = 64; // so that none is cut in two
