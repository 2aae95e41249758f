import type { AcceptorRequest, InitiatorRequest } from '../mechanism.ts';

/** What a mechanism is asked for within a negotiation. */
export class MechanismRequest implements InitiatorRequest, AcceptorRequest {
  readonly flags: number;
  readonly targetName: string | null;
  readonly insideNegotiate: boolean;
  readonly #whole: { readonly channelBindings: Uint8Array | null };

  constructor(whole: AcceptorRequest, targetName: string | null, insideNegotiate: boolean) {
    this.flags = whole.flags;
    this.targetName = targetName;
    this.insideNegotiate = insideNegotiate;
    this.#whole = whole;
  }

  /** Read when it is needed: callers may give channel bindings on a later leg. */
  get channelBindings(): Uint8Array | null {
    return this.#whole.channelBindings;
  }
}
