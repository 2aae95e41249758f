import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { isRefusalOfRuntime } from '../../host/permission.ts';

/** A file that has to be there. Throws SEC_E_NO_CREDENTIALS with what to do. */
export async function readBytes(path: string, what: 'keytab' | 'credential cache', host: Host): Promise<Uint8Array> {
  if (host.readFile === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `this runtime has no files, so the ${what} '${path}' cannot be read`, { remedy: `Pass the ${what}'s bytes.` });
  let bytes: Uint8Array | null;
  try {
    bytes = await host.readFile(path);
  } catch (cause) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the ${what} '${path}' cannot be read`, { cause, remedy: isRefusalOfRuntime(cause) ? cause.remedy! : 'Check its owner and mode.' });
  }
  if (bytes === null) throw new SspiError('SEC_E_NO_CREDENTIALS', `the ${what} '${path}' is not there`, { remedy: what === 'keytab' ? 'Check the path; ktpass, ktutil or samba-tool export one.' : 'Run kinit first, or check KRB5CCNAME.' });
  return bytes;
}
