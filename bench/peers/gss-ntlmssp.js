// The C peer: compiled on the spot, kept running, and asked for one job at a time.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../process.js';

const source = fileURLToPath(new URL('gss-ntlmssp.c', import.meta.url));

/** Answers the peer, or the reason why it is absent. */
export async function startGssNtlmssp() {
  const directory = await mkdtemp(join(tmpdir(), 'portable-sspi-bench-'));
  const program = join(directory, 'gss-ntlmssp');
  try {
    compile(program);
  } catch (error) {
    await rm(directory, { recursive: true });
    return { absent: `gss-ntlmssp is skipped: its program does not compile (${firstLine(error)}). Needed: gcc pkg-config libkrb5-dev gss-ntlmssp` };
  }
  await writeFile(join(directory, 'users'), 'ADTEST:alice:Passw0rd!\n', { mode: 0o600 });
  const running = startProcess('gss-ntlmssp', program, [], { NTLM_USER_FILE: join(directory, 'users') });
  const peer = {
    run: running.run,
    async close() {
      running.close();
      await rm(directory, { recursive: true });
    },
  };
  try {
    await peer.run('handshake', 0.01);
    return peer;
  } catch (error) {
    await peer.close();
    return { absent: `gss-ntlmssp is skipped: ${firstLine(error)}. Needed: the package gss-ntlmssp` };
  }
}

function compile(program) {
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'krb5-gssapi'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-o', program, source, ...flags.trim().split(/\s+/)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function firstLine(error) {
  return (String(error.stderr ?? '').trim() || error.message).split('\n')[0];
}
