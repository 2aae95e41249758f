// What errors say, and what a program can do with them.
import { SspiError, createAcceptor, createInitiator } from 'portable-sspi';

const server = await createAcceptor({ credential: { accounts: ({ user }) => (user === 'alice' ? { password: 'Passw0rd!' } : null) } });
const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', domain: 'ADTEST', password: 'not that' } });

try {
  let token = await client.step();
  while (token !== null) token = await client.step(await server.step(token));
} catch (error) {
  if (!(error instanceof SspiError)) throw error;
  console.log(error.code); // → SEC_E_LOGON_DENIED
  console.log(`0x${error.status.toString(16)}`); // → 0x8009030c
  console.log(error.message);
  console.log(error.remedy ?? '');
}

// A token that was cut short: the message names the byte.
const other = await createAcceptor({ credential: { accounts: () => null } });
await other.step(new Uint8Array([0x60, 0x28, 0x06])).catch((error) => {
  console.log(error.code, error.offset);
});
