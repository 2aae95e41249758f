// A thread that is terminated while its calls run: started by koffi.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { createSecur32Backend } from '../../backends/secur32/index.ts';
import { createKoffiLibrary } from '../../backends/secur32/koffi-library.ts';
import { koffiPackages, loadKoffi } from '../../backends/secur32/koffi.ts';
import { initializeSecurityContext, SECPKG_CRED_OUTBOUND } from '../../src/index.ts';
import { newCredHandle } from '../../src/sspi/handles.ts';
import { ALICE } from '../contract/in-memory.ts';

const path = workerData as string;
const backend = createSecur32Backend(createKoffiLibrary(await loadKoffi(koffiPackages(process.platform, process.arch)), { secur32: path, advapi32: path, kernel32: path, ntdll: path }));
const credential = newCredHandle(await backend.acquireCredentials({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData: ALICE }));
const legs = Array.from({ length: 20 }, () => initializeSecurityContext({ credential, targetName: 'slow' }));
setTimeout(() => parentPort!.postMessage('running'), 5); // some run, the others wait their turn
await Promise.all(legs);
parentPort!.postMessage('ended');
