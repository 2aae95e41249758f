import * as assert from 'uvu/assert';
import {
  ASC_REQ_INTEGRITY, createAcceptor, createInitiator, ISC_REQ_INTEGRITY, ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH, type PackageName, type SecurityContext,
} from '../../src/index.ts';
import { acquireClient, acquireServer } from './drive.ts';
import { failure, hex, utf8 } from './support.ts';
import { mechanismOf } from './mechanisms.ts';
import { worldSuite } from './world-suite.ts';
import type { World } from './world.ts';

interface PairOptions {
  bindings?: { client?: Uint8Array; server?: Uint8Array };
  /** Integrity without confidentiality. */
  integrityOnly?: boolean;
  password?: string;
}

/** Contexts as people write them, from the first token to protected messages, whichever backends they meet. */
export function contextSuite(world: World): void {
  for (const name of world.packages) packageSuite(world, name);
}

function packageSuite(world: World, name: PackageName): void {
  const test = worldSuite(world, name, 'contexts');
  const mechanism = mechanismOf(world, name);

  async function pair({ bindings = {}, integrityOnly = false, password }: PairOptions = {}): Promise<{ initiator: SecurityContext; acceptor: SecurityContext }> {
    const peers = { world, package: name, ...(password !== undefined && { client: { authData: { user: world.user, domain: mechanism.domain(world), password } } }) };
    const [client, server] = [await acquireClient(peers), await acquireServer(peers)];
    return {
      initiator: await createInitiator({ target: world.target, credential: client.credential, channelBindings: bindings.client, ...(integrityOnly && { flags: ISC_REQ_INTEGRITY }) }),
      acceptor: await createAcceptor({ credential: server.credential, channelBindings: bindings.server, ...(integrityOnly && { flags: ASC_REQ_INTEGRITY }) }),
    };
  }

  /** Tokens in order; both sides must be complete then. */
  async function established(options: PairOptions = {}): Promise<{ initiator: SecurityContext; acceptor: SecurityContext; tokens: Uint8Array[] }> {
    const { initiator, acceptor } = await pair(options);
    const tokens: Uint8Array[] = [];
    for (let token = await initiator.step(null); token !== null && tokens.length < 10;) {
      tokens.push(token);
      token = await (tokens.length % 2 === 1 ? acceptor : initiator).step(token);
    }
    assert.ok(initiator.complete && acceptor.complete, 'both sides are complete');
    return { initiator, acceptor, tokens };
  }

  test('a handshake: both sides are complete and know which backend and mechanism they have', async () => {
    const { initiator, acceptor } = await established();
    assert.is(initiator.backend, world.client);
    assert.is(acceptor.backend, world.server);
    assert.is(initiator.package, mechanism.name);
    assert.is(acceptor.package, mechanism.name);
    assert.is(initiator.attributes & ISC_RET_INTEGRITY, ISC_RET_INTEGRITY);
    if (mechanism.mutual) assert.is(initiator.attributes & ISC_RET_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH);
  });

  test('the acceptor knows who the client is', async () => {
    assert.is((await established()).acceptor.peer, mechanism.userName(world));
  });

  test.when('sessionKeys')('the session keys are the same', async () => {
    const { initiator, acceptor } = await established();
    assert.is(hex(initiator.sessionKey), hex(acceptor.sessionKey));
    assert.is(initiator.sessionKey.length, mechanism.sessionKey);
  });

  test('wrap and unwrap, sealed, of every length, in both directions and mixed', async () => {
    const { initiator, acceptor } = await established();
    assert.is(initiator.attributes & ISC_RET_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY);
    for (const length of [1, 15, 16, 17, 1000, 65_536, 100_001]) {
      const message = new Uint8Array(length).map((_, at) => at * 7 + length);
      for (const [from, to] of [[initiator, acceptor], [acceptor, initiator]] as const) {
        const token = from.wrap(message);
        if (length > 15) assert.is.not(hex(token).includes(hex(message)), true, 'what is sealed cannot be read');
        const received = to.unwrap(token);
        assert.is(hex(received.message), hex(message), `${length} bytes`);
        assert.is(received.encrypted, true);
      }
    }
  });

  test('sign and verify, in both directions; a changed message is SEC_E_MESSAGE_ALTERED', async () => {
    const { initiator, acceptor } = await established();
    for (const [from, to] of [[initiator, acceptor], [acceptor, initiator]] as const) {
      for (const text of ['one', 'another message', 'x'.repeat(70_000)]) to.verify(utf8(text), from.sign(utf8(text)));
      const mic = from.sign(utf8('as it was'));
      await failure('SEC_E_MESSAGE_ALTERED', () => to.verify(utf8('as it is.'), mic));
    }
  });

  test('a wrapped message of which a bit was changed is refused, with nothing of it shown', async () => {
    const { initiator, acceptor } = await established();
    const token = initiator.wrap(utf8('a message that will be bent'));
    token[token.length - 1]! ^= 1;
    await failure('SEC_E_MESSAGE_ALTERED', () => acceptor.unwrap(token));
  });

  test('integrity alone: messages are signed', async () => {
    const { initiator, acceptor } = await established({ integrityOnly: true });
    for (const [from, to] of [[initiator, acceptor], [acceptor, initiator]] as const) to.verify(utf8('signed'), from.sign(utf8('signed')));
  });

  const [mine, other] = [utf8('tls-server-end-point:0123456789abcdef'), utf8('tls-server-end-point:another certificate')];

  test('channel bindings: the same on both sides', async () => {
    await established({ bindings: { client: mine, server: mine } });
  });

  test('channel bindings: those of another connection are SEC_E_BAD_BINDINGS', async () => {
    await failure('SEC_E_BAD_BINDINGS', established({ bindings: { client: mine, server: other } }));
  });

  test('channel bindings: a client without any passes by the default policy', async () => {
    await established({ bindings: { server: mine } });
    await established({ bindings: { client: mine } });
  });

  test('a wrong password is SEC_E_LOGON_DENIED', async () => {
    const error = await failure('SEC_E_LOGON_DENIED', established({ password: 'Tr0ub4dor' }));
    assert.not.match(error.message, /Tr0ub4dor/);
  });

  test.run();
}
