import { readFile } from 'node:fs/promises';

/** A CHALLENGE of Windows Server, with a timestamp: whoever answers it owes a MIC. */
export async function windowsChallenge() {
  const captures = JSON.parse(await readFile(new URL('../test/vectors/captures.json', import.meta.url), 'utf8'));
  return new Uint8Array(Buffer.from(captures.ntlm.find(({ name }) => name === 'sspi_ntlm').tokens[1], 'hex'));
}
