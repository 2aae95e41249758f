// MIT's GSSAPI in C: compiled on the spot, kept running, and asked for one job at a time.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../process.js';

const source = fileURLToPath(new URL('gss-peer.c', import.meta.url));

/**
 * The running peer. Throws where it does not compile or its first handshake fails; nothing is left running then.
 * @param {'ntlm' | 'krb5'} mechanism
 * @param {string} directory where the program is written
 */
export async function startGssPeer(mechanism, directory, env) {
  const program = join(directory, 'gss-peer');
  compile(program);
  const running = startProcess(mechanism, program, [mechanism], env);
  try {
    await running.run('handshake', 0.01);
    return running;
  } catch (error) {
    running.close();
    throw error;
  }
}

function compile(program) {
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'krb5-gssapi', 'krb5'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-o', program, source, ...flags.trim().split(/\s+/)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

export function firstLine(error) {
  return (String(error.stderr ?? '').trim() || error.message).split('\n')[0];
}
