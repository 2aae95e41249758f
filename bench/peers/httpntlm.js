// httpntlm's three functions, the JavaScript client that most programs use. It makes an NTLMv2 response and no MIC, no session key.
// Run by itself it serves the job `client`.
import { fileURLToPath } from 'node:url';
import { windowsChallenge } from '../challenge.js';
import { serveJobs, startProcess } from '../process.js';

const here = fileURLToPath(import.meta.url);
const DOMAIN = 'ADTEST';

/** Answers the peer, or the reason why it is absent. */
export async function startHttpntlm() {
  const peer = startProcess('httpntlm', process.execPath, [here]);
  try {
    await peer.run('client', 0.01);
    return peer;
  } catch (error) {
    peer.close();
    const reason = /Cannot find package/.test(error.message) ? 'it is not installed' : error.message;
    return { absent: `httpntlm is skipped: ${reason}. Run: npm ci --prefix bench` };
  }
}

if (process.argv[1] === here) {
  const { default: ntlm } = await import('httpntlm/ntlm.js');
  const header = `NTLM ${Buffer.from(await windowsChallenge()).toString('base64')}`;
  const client = () => {
    ntlm.createType1Message({ domain: DOMAIN, workstation: 'CLIENT' });
    const parsed = ntlm.parseType2Message(header, (error) => { throw error; });
    return ntlm.createType3Message(parsed, { domain: DOMAIN, workstation: 'CLIENT', username: 'alice', password: 'Passw0rd!' });
  };
  requireNtlmv2(Buffer.from(client().slice('NTLM '.length), 'base64'));
  await serveJobs({ client });
}

/** An NTLMv1 response has 24 bytes; comparing with that would be comparing with less work. */
function requireNtlmv2(authenticate) {
  const ntResponseLength = authenticate.readUInt16LE(20);
  if (ntResponseLength <= 24) throw new Error(`httpntlm made an NTLMv1 response (${ntResponseLength} bytes)`);
}
