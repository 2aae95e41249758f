// Both sides of Negotiate in one process: a handshake, then messages that nobody else can read or change.
import { createAcceptor, createInitiator } from 'portable-sspi';

const server = await createAcceptor({
  credential: { accounts: ({ user, domain }) => (user === 'alice' && domain === 'ADTEST' ? { password: 'Passw0rd!' } : null) },
});
const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' } });

// Tokens go to and fro until neither side has one to send.
let token = await client.step();
while (token !== null) {
  const answer = await server.step(token);
  token = answer === null ? null : await client.step(answer);
}
console.log(`${server.peer} by ${server.package}`); // → ADTEST\alice by NTLM

const sealed = client.wrap(new TextEncoder().encode('the answer is 42'));
const { message, encrypted } = server.unwrap(sealed);
console.log(new TextDecoder().decode(message), encrypted); // → the answer is 42 true

try {
  const again = server.unwrap(sealed);
  console.log('a replay was accepted', again);
} catch (error) {
  console.log(error.code); // → SEC_E_OUT_OF_SEQUENCE
}

client.dispose();
server.dispose();
