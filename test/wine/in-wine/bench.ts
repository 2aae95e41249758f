// The handshakes of native/handshake.c through the verbs of this package, and through koffi alone: a line for each round, of how many handshakes were in
// flight (koffi's with a k), milliseconds, and those of processor time. Then what the verbs cost above their backend.
import type { Backend } from '../../../backends/contract/backend.ts';
import {
  acceptSecurityContext, acquireCredentialsHandle, ASC_REQ_CONFIDENTIALITY, ASC_REQ_CONNECTION, ASC_REQ_INTEGRITY, ASC_REQ_REPLAY_DETECT, ASC_REQ_SEQUENCE_DETECT,
  type CredHandle, type CtxtHandle, deleteSecurityContext, initializeSecurityContext, ISC_REQ_CONFIDENTIALITY, ISC_REQ_CONNECTION, ISC_REQ_INTEGRITY,
  ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, type PackageName, SEC_E_OK, SECBUFFER_TOKEN, type SecBuffer, SECPKG_CRED_INBOUND,
} from '../../../src/index.ts';
import { chooseBackend } from '../../../src/sspi/dispatcher.ts';
import { readDomain } from './environment.ts';
import { koffiAlone } from './koffi-alone.ts';
import { takeTurns } from './turns.ts';

const ISC = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONNECTION;
const ASC = ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONNECTION;

const [packageName, rounds, count] = [process.argv[2] as PackageName, Number(process.argv[3]), Number(process.argv[4])];
const manners = process.argv[5]!.split(',').map(Number);
const { user, password, domain, realm, target } = readDomain();

void run().then(() => process.exit(0), (error: unknown) => {
  console.log(error instanceof Error ? error.stack : error);
  process.exit(1);
});

async function run(): Promise<void> {
  const turns = await takeTurns();
  turns.wait(); // Kerberos in Wine writes its tickets to one file for all
  const authData = { user, domain: packageName === 'Kerberos' ? realm : domain, password };
  const { credential: outbound } = await acquireCredentialsHandle({ package: packageName, backend: 'secur32', authData });
  const { credential: inbound } = await acquireCredentialsHandle({ package: packageName, backend: 'secur32', credentialUse: SECPKG_CRED_INBOUND });
  const alone = await koffiAlone({ package: packageName, authData }, target, ISC, ASC);
  for (const once of [alone(), () => handshake(outbound, inbound)]) await once();
  turns.pass();
  for (let round = 0; round < rounds; round++) {
    turns.wait();
    for (const inFlight of manners) {
      await measure(`k${inFlight}`, Array.from({ length: inFlight }, alone));
      await measure(String(inFlight), Array.from({ length: inFlight }, () => () => handshake(outbound, inbound)));
    }
    turns.pass();
  }
  console.log(`dispatch ${(await dispatchCost()).toFixed(4)}`);
}

/** A round: so many at once. */
async function measure(manner: string, handshakes: readonly (() => Promise<void>)[]): Promise<void> {
  const before = process.cpuUsage();
  const started = performance.now();
  let left = count;
  await Promise.all(handshakes.map(async (once) => {
    while (left-- > 0) await once();
  }));
  const elapsed = performance.now() - started;
  const { user: inUser, system } = process.cpuUsage(before);
  console.log(`${manner} ${elapsed.toFixed(3)} ${((inUser + system) / 1000).toFixed(3)}`);
}

async function handshake(outbound: CredHandle, inbound: CredHandle): Promise<void> {
  let client: CtxtHandle | undefined;
  let server: CtxtHandle | undefined;
  let answer: SecBuffer | undefined;
  for (let status = 1, accepted = 1; status !== SEC_E_OK || accepted !== SEC_E_OK;) {
    const initialized = await initializeSecurityContext({ credential: outbound, context: client, targetName: target, contextReq: ISC, input: answer === undefined ? [] : [answer] });
    ({ context: client, status } = initialized);
    const token = tokenOf(initialized.output);
    if (token.data.length === 0) continue;
    const result = await acceptSecurityContext({ credential: inbound, context: server, contextReq: ASC, input: [token] });
    ({ context: server, status: accepted } = result);
    answer = tokenOf(result.output);
  }
  deleteSecurityContext(client!);
  deleteSecurityContext(server!);
}

function tokenOf(output: SecBuffer[]): SecBuffer {
  return output.find(({ type }) => type === SECBUFFER_TOKEN)!;
}

/** Microseconds that a verb takes on top of a backend that answers at once: its checks, its handles, and the choice of the backend. */
async function dispatchCost(): Promise<number> {
  const backend = await chooseBackend('secur32');
  const answers: Backend['acquireCredentials'] = async (options) => ({
    backend: 'secur32', package: options.package, credentialUse: options.credentialUse, expiry: null, queryAttribute: () => null, free() {},
    initialize: async (context, call) => ({ status: 0, context: context!, output: call.output, contextAttr: 0, expiry: null }),
    accept: async (context, call) => ({ status: 0, context: context!, output: call.output, contextAttr: 0, expiry: null }),
  });
  const native = backend.acquireCredentials;
  const call = { contextReq: ISC, targetDataRep: 0, input: [], output: [] };
  backend.acquireCredentials = answers;
  try {
    const { credential } = await acquireCredentialsHandle({ package: packageName, backend: 'secur32', authData: { user, password } });
    const direct = await answers({ package: packageName, credentialUse: 2 });
    const times = 100_000;
    const measure = async (once: () => Promise<unknown>): Promise<number> => {
      for (let one = 0; one < times / 10; one++) await once();
      const started = performance.now();
      for (let one = 0; one < times; one++) await once();
      return (performance.now() - started) * 1000 / times;
    };
    const through = await measure(() => initializeSecurityContext({ credential, targetName: target, contextReq: ISC, input: [], output: [] }));
    return through - await measure(() => direct.initialize(null, call));
  } finally {
    backend.acquireCredentials = native;
  }
}
