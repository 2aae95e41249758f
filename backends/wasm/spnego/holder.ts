import type { Established } from '../mechanism.ts';

/** A context whose mechanism is done while the negotiation is not: owned here until it is passed on. */
export interface Holder {
  readonly established: Established;
  /** The context for who comes next, who owns it from then on. */
  pass(): Established;
  /** Wipes the context, unless it was passed on. */
  dispose(): void;
}

export function hold(established: Established): Holder {
  let passed = false;
  return {
    established,
    pass() {
      passed = true;
      return established;
    },
    dispose() {
      if (!passed) established.dispose();
    },
  };
}
