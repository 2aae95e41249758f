// gss-ntlmssp, below MIT's SPNEGO.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstLine, startGssPeer } from './gss-peer.js';

/** Answers the peer, or the reason why it is absent. */
export async function startGssNtlmssp() {
  const directory = await mkdtemp(join(tmpdir(), 'portable-sspi-bench-'));
  await writeFile(join(directory, 'users'), 'ADTEST:alice:Passw0rd!\n', { mode: 0o600 });
  try {
    const { run, close } = await startGssPeer('ntlm', directory, { NTLM_USER_FILE: join(directory, 'users') });
    return {
      run,
      async close() {
        close();
        await rm(directory, { recursive: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true });
    return { absent: `gss-ntlmssp is skipped: ${firstLine(error)}. Needed: gcc pkg-config libkrb5-dev gss-ntlmssp` };
  }
}
