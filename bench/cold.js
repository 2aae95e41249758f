// One fresh process: how long the import and the first whole handshake take, in milliseconds. Printed on standard output.
// `cold.js NTLM`: NTLM inside Negotiate; `cold.js`: whatever Negotiate offers, Kerberos too.
const packageList = process.argv[2];
const start = performance.now();
const { createAcceptor, createInitiator } = await import('../dist/node/index.js');
const imported = performance.now();

const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' }, packageList });
const server = await createAcceptor({ credential: { accounts: () => ({ password: 'Passw0rd!' }) }, packageList });
for (let token = await client.step(); token !== null;) {
  const answer = await server.step(token);
  token = answer && await client.step(answer);
}
const done = performance.now();
if (!client.complete || !server.complete) throw new Error('the handshake did not complete');
console.log(JSON.stringify({ imported: imported - start, total: done - start }));
