// The handshakes of ours.js as a process of Node, Deno or Bun that serves jobs.
import { prepare } from './ours.js';
import { serveJobs } from './process.js';

const { handshake, freshHandshake } = await prepare();
await serveJobs({ handshake, 'handshake-fresh': freshHandshake });
