import { SspiError } from '../contract/errors.ts';
import type { Engine } from './engine.ts';

/** The mechanisms of this build. */
export const wasmEngine: Engine = {
  createMechanisms({ package: name }) {
    throw notBuilt(name);
  },
  negotiateInitiator: () => { throw notBuilt('Negotiate'); },
  negotiateAcceptor: () => { throw notBuilt('Negotiate'); },
  importEstablished(mechanism) {
    throw notBuilt(mechanism);
  },
};

function notBuilt(name: string): SspiError {
  return new SspiError('SEC_E_SECPKG_NOT_FOUND', `this build has no mechanism for ${name}`);
}
