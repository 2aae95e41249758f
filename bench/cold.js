// One fresh process: how long import and the first whole handshake take, in milliseconds. Printed on standard output.
const start = performance.now();
const { prepare } = await import('./ours.js');
const imported = performance.now();
const { handshake } = await prepare();
await handshake();
const done = performance.now();
console.log(JSON.stringify({ imported: imported - start, total: done - start }));
