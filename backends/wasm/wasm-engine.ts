import { SspiError } from '../contract/errors.ts';
import type { Engine } from './engine.ts';
import { mechanismsForTarget } from './negotiate/policy.ts';
import { createSpnegoAcceptor } from './spnego/acceptor.ts';
import { createSpnegoInitiator } from './spnego/initiator.ts';

/** The mechanisms of this build. */
export const wasmEngine: Engine = {
  createMechanisms({ package: name }) {
    throw notBuilt(name);
  },
  negotiateInitiator: (mechanisms, request) => createSpnegoInitiator(mechanismsForTarget(mechanisms, request.targetName), request),
  negotiateAcceptor: createSpnegoAcceptor,
  importEstablished(mechanism) {
    throw notBuilt(mechanism);
  },
};

function notBuilt(name: string): SspiError {
  return new SspiError('SEC_E_SECPKG_NOT_FOUND', `this build has no mechanism for ${name}`);
}
