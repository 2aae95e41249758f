// Apart from what it describes: JSR takes no package whose modules add to the types of another.
import type { SspiIdentity } from './identity.ts';

declare module 'http' {
  interface IncomingMessage {
    /** Set by `negotiateAuth` before it calls `next`. */
    sspi?: SspiIdentity;
  }
}
