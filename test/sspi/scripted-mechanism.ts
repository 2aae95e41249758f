import type { Engine } from '../../backends/wasm/engine.ts';
import type { Established, Handshake, HandshakeStep, MechanismCredential } from '../../backends/wasm/mechanism.ts';

type Step = (token: Uint8Array | null, signal?: AbortSignal) => Promise<HandshakeStep> | HandshakeStep;

/** What a test looks at afterwards. */
export interface Log {
  disposed: string[];
  freed: number;
}

/** A mechanism whose every step the test decides; for what the verbs do whatever the mechanism is. */
export function scriptedEngine(script: { steps: Step[]; expiry?: Date | null; log?: Log }): Engine {
  const log = script.log ?? { disposed: [], freed: 0 };
  const handshake = (index: number): Handshake => ({
    async step(token, signal) {
      return script.steps[index]!(token, signal);
    },
    dispose() { log.disposed.push(`leg ${index}`); },
  });
  const mechanism: MechanismCredential = {
    name: 'NTLM', oids: [], maxToken: 100, expiry: script.expiry ?? null,
    recognizes: () => true, initiator: () => handshake(0), acceptor: () => handshake(0), free() { log.freed++; },
  };
  return {
    createMechanisms: async () => [mechanism],
    negotiateInitiator: ([one], request) => one!.initiator(request),
    negotiateAcceptor: ([one], request) => one!.acceptor(request),
    importEstablished: () => established(),
    load: async () => {},
  };
}

/** The next leg of a script that continues. */
export function next(token: Uint8Array | null, handshake: Handshake): HandshakeStep {
  return { token, next: handshake };
}

/** Keys that say what was done with them. */
export function established(overrides: Partial<Established> = {}): Established {
  return {
    mechanism: 'NTLM', attributes: 0, expiry: null, names: { client: 'ADTEST\\alice', target: 'HTTP/web' }, sessionKey: new Uint8Array(16),
    sizes: { maxToken: 100, maxSignature: 16, blockSize: 1, securityTrailer: 16 },
    keyInfo: { signatureAlgorithmName: 'HMAC', encryptAlgorithmName: 'RC4', keySize: 128, signatureAlgorithm: 0, encryptAlgorithm: 0 },
    channelBindingsVerified: false, clientSpecifiedTarget: null, mechListMicRequired: false,
    makeMechListMic: () => new Uint8Array(16), verifyMechListMic() {},
    makeSignature: () => new Uint8Array(16), verifySignature: () => 0, encrypt: () => new Uint8Array(16), decrypt: () => 0,
    wrap: (message) => message, unwrap: (token) => ({ message: token, encrypted: true }), streamHeaderLength: () => 16,
    export: () => new Uint8Array(4), dispose() {}, ...overrides,
  };
}
