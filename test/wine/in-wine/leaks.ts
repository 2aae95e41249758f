// Handshakes until a leak would show: what was taken from Secur32 is given back to the last handle, and the process does not grow.
import type { Secur32Backend } from '../../../backends/secur32/index.ts';
import { SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_SIZES, deleteSecurityContext, freeCredentialsHandle, type PackageName, queryContextAttributes } from '../../../src/index.ts';
import { chooseBackend } from '../../../src/sspi/dispatcher.ts';
import { credentials, handshake } from '../../contract/drive.ts';
import { tell } from './environment.ts';
import { domainWorld } from './worlds.ts';

const [packageName, count] = [process.argv[2] as PackageName, Number(process.argv[3])];
/** Handshakes for each pair of credentials. */
const PER_CREDENTIAL = 50;
/** At once, as a server has them; Wine's NTLM may wait for itself then. */
const IN_FLIGHT = packageName === 'NTLM' ? 1 : 4;

void run().then(() => process.exit(0), (error: unknown) => {
  console.log(error instanceof Error ? error.stack : error);
  process.exit(1);
});

async function run(): Promise<void> {
  const world = domainWorld('secur32', 'secur32', [packageName]);
  const { counts } = await chooseBackend('secur32') as Secur32Backend;
  const grown: number[] = [];
  for (let done = 0; done < count; done += PER_CREDENTIAL) {
    const pair = await credentials({ world, package: packageName });
    let left = PER_CREDENTIAL;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) {
        const { client, server } = await handshake(pair, { world });
        for (const context of [client, server]) {
          queryContextAttributes(context, SECPKG_ATTR_SIZES);
          queryContextAttributes(context, SECPKG_ATTR_NEGOTIATION_INFO);
          deleteSecurityContext(context);
        }
      }
    }));
    freeCredentialsHandle(pair.clientCredential);
    freeCredentialsHandle(pair.serverCredential);
    while (grown.length < Math.floor((done + PER_CREDENTIAL) * 10 / count)) grown.push(residentBytes());
  }
  const values: Record<string, number> = { handshakes: count };
  for (const [name, { acquired, freed }] of Object.entries(counts) as [string, { acquired: number; freed: number }][]) Object.assign(values, { [`${name} acquired`]: acquired, [`${name} freed`]: freed });
  grown.forEach((bytes, tenth) => { values[`resident bytes after ${tenth + 1}/10`] = bytes; });
  tell({ type: 'figures', name: `leaks, ${packageName}`, values });
  tell({ type: 'end' });
}

/** Resident, after a collection of garbage. */
function residentBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().rss;
}
