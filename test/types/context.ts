import { channelBindingsFromCertificate, createAcceptor, createInitiator, CtxtHandle, SspiError } from 'portable-sspi';
import type { AcceptorOptions, BackendName, InitiatorOptions, SecurityContext } from 'portable-sspi';
import { same } from './expect.ts';

declare const bytes: Uint8Array;

export async function handshake(): Promise<void> {
  const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', password: 'x' }, packageList: 'Kerberos,!NTLM', channelBindings: bytes });
  same<SecurityContext>()(client);
  same<Uint8Array | null>()(await client.step());
  same<Uint8Array | null>()(await client.step(null, {}));
  same<boolean>()(client.complete);
  same<BackendName>()(client.backend);
  same<'Kerberos' | 'NTLM' | null>()(client.package);
  same<number>()(client.attributes);
  same<Date | null>()(client.expiry);
  same<string | null>()(client.peer);
  same<Uint8Array>()(client.sessionKey);
  same<CtxtHandle>()(client.handle);
  same<SspiError | null>()(client.fallbackFrom);
  same<Uint8Array>()(client.wrap(bytes, { encrypt: false }));
  same<{ message: Uint8Array; encrypted: boolean }>()(client.unwrap(bytes));
  same<Uint8Array>()(client.sign(bytes));
  same<void>()(client.verify(bytes, bytes));
  client[Symbol.dispose]();

  using server = await createAcceptor({ credential: { accounts: () => null } });
  same<SecurityContext>()(server);
  same<Uint8Array>()(await channelBindingsFromCertificate(bytes));

  // @ts-expect-error a token is bytes
  await client.step('YII=');
  // @ts-expect-error what was achieved is not for the caller to say
  client.complete = true;
  // @ts-expect-error a target is a name
  await createInitiator({ target: new Date() });
  // @ts-expect-error a server has no target
  await createAcceptor({ target: 'HTTP/web.ad.test' });
}

export const initiator: InitiatorOptions = { backend: 'auto' };
export const acceptor: AcceptorOptions = { backend: 'wasm', package: 'Kerberos' };
// @ts-expect-error no such backend
export const other: InitiatorOptions = { backend: 'gssapi' };
