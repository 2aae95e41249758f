// One fresh process, in Node, Deno or Bun: how long the import and the first token take, in milliseconds. Printed on standard output.
const start = performance.now();
const { createInitiator } = await import('../dist/node/index.js');
const imported = performance.now();
const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' }, packageList: 'NTLM' });
const token = await client.step();
const done = performance.now();
if (token[0] !== 0x60) throw new Error('no NegTokenInit');
console.log(JSON.stringify({ imported: imported - start, total: done - start }));
