// Our own two sides of Kerberos, for tests against a KDC: a client with its KDC's tickets, a server with its keytab.
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator, type SecurityContext } from '../../../src/index.ts';

export type InitiatorOptions = NonNullable<Parameters<typeof createInitiator>[0]>;
export type AcceptorOptions = NonNullable<Parameters<typeof createAcceptor>[0]>;

/** A whole handshake of ours with ours: proof that the service can open what the KDC gave. */
export async function logOn(initiator: InitiatorOptions, acceptor: AcceptorOptions): Promise<{ client: SecurityContext; server: SecurityContext }> {
  const client = await createInitiator({ package: 'Kerberos', ...initiator });
  const server = await createAcceptor({ package: 'Kerberos', ...acceptor });
  const reply = await server.step(await client.step());
  assert.ok(reply !== null, 'an AP-REP');
  assert.is(await client.step(reply), null);
  assert.ok(client.complete && server.complete);
  return { client, server };
}

/** A host whose clock is off by `milliseconds`, which may change. */
export function shiftedHost(milliseconds = 0): { now(): Date; shift: number } {
  const host = { shift: milliseconds, now: () => new Date(Date.now() + host.shift) };
  return host;
}
