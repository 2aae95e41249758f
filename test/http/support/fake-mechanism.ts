// A mechanism of four lines, so that HTTP's own rules are tested without any cryptography of ours:
//
//   several legs   hello ▸ challenge NONCE ▸ proof USER MAC ▸ done MAC
//   one leg        ticket USER MAC ▸ done MAC
//
// A MAC is over the nonce, the target and the channel bindings, with the user's password.
import { createHmac, randomBytes } from 'node:crypto';
import { SspiError } from '../../../backends/contract/errors.ts';
import { ISC_RET_MUTUAL_AUTH } from '../../../backends/contract/flags.ts';
import { schemesOf, type AcceptorOptions, type AcceptorSource, type HandshakeContext, type InitiatorOptions, type InitiatorSource } from '../../../src/http/context-source.ts';

export interface FakeLog {
  made: InitiatorOptions[];
  disposed: number;
  closed: number;
}

export interface FakeInitiator extends InitiatorSource {
  log: FakeLog;
}

export function fakeInitiator(user: string, password: string, { oneLeg = false, packageList = '' } = {}): FakeInitiator {
  const log: FakeLog = { made: [], disposed: 0, closed: 0 };
  return {
    log,
    schemes: schemesOf(packageList),
    close() {
      log.closed++;
    },
    async initiator(options) {
      log.made.push(options);
      const { target, channelBindings } = options;
      const raw = options.package === 'NTLM';
      let awaits = oneLeg && !raw ? 'ticket' : 'hello';
      let complete = false;
      let nonce = '';
      return context(log, {
        get complete() {
          return complete;
        },
        package: oneLeg ? 'Kerberos' : 'NTLM',
        get attributes() {
          return complete && oneLeg ? ISC_RET_MUTUAL_AUTH : 0;
        },
        peer: target,
        step(token) {
          const [word, value] = text(token).split(' ');
          switch (awaits) {
            case 'ticket':
              awaits = 'done';
              nonce = 'one-leg';
              return `ticket ${user} ${mac(password, nonce, target, channelBindings)}`;
            case 'hello':
              awaits = 'challenge';
              return 'hello';
            case 'challenge':
              if (word !== 'challenge' || value === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `a challenge was expected, ${word} came`);
              awaits = 'done';
              nonce = value;
              complete = raw;
              return `proof ${user} ${mac(password, nonce, target, channelBindings)}`;
            default:
              if (word === 'reject') throw new SspiError('SEC_E_LOGON_DENIED', 'rejected');
              if (word !== 'done' || value !== mac(password, nonce, 'server', null)) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the final token does not verify');
              complete = true;
              return null;
          }
        },
      });
    },
  };
}

export interface FakeAcceptorOptions {
  accounts: Record<string, string>;
  /** The target that proofs must name; default any in `targets`. */
  target?: string;
  expiry?: Date;
  fault?: () => void;
  packageList?: string;
}

export function fakeAcceptor({ accounts, target = 'HTTP/127.0.0.1', expiry, fault, packageList }: FakeAcceptorOptions): AcceptorSource & { log: FakeLog; bindings: (string | null)[] } {
  const log: FakeLog = { made: [], disposed: 0, closed: 0 };
  const bindings: (string | null)[] = [];
  return {
    log,
    schemes: schemesOf(packageList),
    bindings,
    async acceptor({ package: name, channelBindings }: AcceptorOptions) {
      bindings.push(channelBindings === null ? null : Buffer.from(channelBindings).toString('hex'));
      const nonce = randomBytes(8).toString('hex');
      let complete = false;
      let challenged = false;
      let peer: string | null = null;
      let oneLeg = false;
      return context(log, {
        get complete() {
          return complete;
        },
        get package() {
          return oneLeg ? 'Kerberos' as const : 'NTLM' as const;
        },
        attributes: 0,
        get peer() {
          return peer;
        },
        expiry: expiry ?? null,
        step(token) {
          fault?.();
          const [word, user = '', proof] = text(token).split(' ');
          if (word === 'hello' && !challenged) {
            challenged = true;
            return `challenge ${nonce}`;
          }
          oneLeg = word === 'ticket';
          if (!oneLeg && !(word === 'proof' && challenged)) throw new SspiError('SEC_E_INVALID_TOKEN', 'a hello or a proof was expected', { offset: 0 });
          const password = accounts[user];
          const seen = oneLeg ? 'one-leg' : nonce;
          if (password === undefined || proof !== mac(password, seen, target, channelBindings)) throw new SspiError('SEC_E_LOGON_DENIED', 'wrong proof');
          complete = true;
          peer = oneLeg ? `${user}@AD.TEST` : `ADTEST\\${user}`;
          return name === 'NTLM' ? null : `done ${mac(password, seen, 'server', null)}`;
        },
      });
    },
  };
}

export async function fakeBindings(certificate: Uint8Array): Promise<Uint8Array> {
  return createHmac('sha256', 'bindings').update(certificate).digest();
}

interface Steps extends Omit<HandshakeContext, 'step' | 'expiry' | 'dispose'> {
  expiry?: Date | null;
  step(token: Uint8Array | null | undefined): string | null;
}

function context(log: FakeLog, steps: Steps): HandshakeContext {
  let disposed = false;
  return {
    get complete() {
      return steps.complete;
    },
    get package() {
      return steps.package;
    },
    get attributes() {
      return steps.attributes;
    },
    get peer() {
      return steps.complete ? steps.peer : null;
    },
    expiry: steps.expiry ?? null,
    async step(token, options) {
      if (disposed) throw new SspiError('SEC_E_INVALID_HANDLE', 'step() on a disposed context');
      options?.signal?.throwIfAborted();
      const answer = steps.step(token);
      return answer === null ? null : new TextEncoder().encode(answer);
    },
    dispose() {
      if (!disposed) log.disposed++;
      disposed = true;
    },
  };
}

function text(token: Uint8Array | null | undefined): string {
  return new TextDecoder().decode(token ?? new Uint8Array());
}

function mac(password: string, nonce: string, target: string, channelBindings: Uint8Array | null): string {
  return createHmac('sha256', password).update(`${nonce} ${target} ${Buffer.from(channelBindings ?? []).toString('hex')}`).digest('hex');
}
