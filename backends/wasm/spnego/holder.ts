import type { Established } from '../mechanism.ts';
import { sameBytes } from './oids.ts';

/** A context whose mechanism is done while the negotiation is not. */
export interface Holder {
  readonly established: Established;
  verifyMechListMic(mechTypes: Uint8Array, mic: Uint8Array): void;
  makeMechListMic(mechTypes: Uint8Array): Uint8Array;
  /** The context for who comes next. `final`: nothing is sent with it, so the leg cannot fail for want of room any more. */
  pass(final: boolean): Established;
}

/** Made in this very step: a repeated leg makes it anew. */
export function fresh(established: Established): Holder {
  return {
    established,
    verifyMechListMic: (mechTypes, mic) => established.verifyMechListMic(mechTypes, mic),
    makeMechListMic: (mechTypes) => established.makeMechListMic(mechTypes),
    pass: () => established,
  };
}

/**
 * Kept from an earlier step, by a state that may be stepped again: a MIC is verified and made once, as each moves a sequence
 * number, and what is passed on can be disposed of without harm to the state for as long as the state lives.
 */
export function held(established: Established): Holder & { dispose(): void } {
  let verified: Uint8Array | undefined;
  let made: Uint8Array | undefined;
  let passedFor: 'ever' | 'now' | undefined;
  let disposed = false;
  return {
    established,
    verifyMechListMic(mechTypes, mic) {
      if (verified && sameBytes(verified, mic)) return;
      established.verifyMechListMic(mechTypes, mic);
      verified = mic.slice();
    },
    makeMechListMic(mechTypes) {
      return (made ??= established.makeMechListMic(mechTypes));
    },
    pass(final) {
      passedFor = final ? 'ever' : 'now';
      if (final) return established;
      const dispose = () => {
        passedFor = undefined;
        if (disposed) established.dispose();
      };
      return new Proxy(established, {
        get(target, key) {
          if (key === 'dispose') return dispose;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
    dispose() {
      disposed = true;
      if (passedFor === undefined) established.dispose();
    },
  };
}
