// Programs that take turns, whatever else the machine does meanwhile: as await_turn and pass_turn of native/handshake.c.
import { koffiPackages, loadKoffi } from '../../../backends/secur32/koffi.ts';

export interface Turns {
  /** Blocks this thread. */
  wait(): void;
  pass(): void;
}

/** By HANDSHAKE_TURN: '1/3' is the second of three. Without it, every turn is this program's. */
export async function takeTurns(): Promise<Turns> {
  const [program, programs] = (process.env['HANDSHAKE_TURN'] ?? '').split('/').map(Number);
  if (programs === undefined) return { wait() {}, pass() {} };
  const kernel32 = (await loadKoffi(koffiPackages(process.platform, process.arch))).load('kernel32.dll');
  const createEvent = kernel32.func('__stdcall', 'CreateEventW', 'uint32', ['void *', 'uint32', 'uint32', 'str16']) as unknown as (...values: (number | string)[]) => number;
  const setEvent = kernel32.func('__stdcall', 'SetEvent', 'uint32', ['void *']);
  const waitForSingleObject = kernel32.func('__stdcall', 'WaitForSingleObject', 'uint32', ['void *', 'uint32']);
  const [own, next] = [program!, (program! + 1) % programs].map((one) => createEvent(0, 0, 0, `portable-sspi-turn-${one}`)) as [number, number];
  let isFirst = program === 0;
  return {
    wait() {
      if (!isFirst && waitForSingleObject(own, PATIENCE) !== 0) throw new Error('the other programs do not pass the turn on');
      isFirst = false;
    },
    pass: () => void setEvent(next),
  };
}

/** Milliseconds. */
const PATIENCE = 60_000;
