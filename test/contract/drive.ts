import {
  acceptSecurityContext, type AcceptContextOptions, acquireCredentialsHandle, type AcquireCredentialsOptions, type AcquiredCredentials, type CredHandle, type CtxtHandle,
  initializeSecurityContext, type InitializeContextOptions, type PackageName, SEC_E_OK, SECBUFFER_TOKEN, SECPKG_CRED_INBOUND, type SecBuffer, type SecurityContextResult,
} from '../../src/index.ts';
import { TARGET } from './in-memory.ts';
import type { World } from './world.ts';

export interface Peers {
  world: World;
  package: PackageName;
  /** In place of what the world gives. */
  client?: AcquireCredentialsOptions;
  server?: AcquireCredentialsOptions;
  initialize?: Omit<InitializeContextOptions, 'credential' | 'context'>;
  accept?: Omit<AcceptContextOptions, 'credential' | 'context'>;
}

export interface Driven {
  clientCredential: CredHandle;
  serverCredential: CredHandle;
  client: CtxtHandle;
  server: CtxtHandle;
  /** Of the last leg of each side. */
  initialized: SecurityContextResult;
  accepted: SecurityContextResult;
  /** Of each leg, in order. */
  statuses: number[];
}

export async function acquireClient({ world, package: name, client }: Peers): Promise<AcquiredCredentials> {
  return acquireCredentialsHandle({ package: name, backend: world.client, ...await world.clientOptions(name), ...client });
}

export async function acquireServer({ world, package: name, server }: Peers): Promise<AcquiredCredentials> {
  return acquireCredentialsHandle({ package: name, backend: world.server, credentialUse: SECPKG_CRED_INBOUND, ...await world.serverOptions(name), ...server });
}

export async function credentials(peers: Peers): Promise<{ clientCredential: CredHandle; serverCredential: CredHandle }> {
  const [client, server] = [await acquireClient(peers), await acquireServer(peers)];
  return { clientCredential: client.credential, serverCredential: server.credential };
}

/** A whole handshake through the verbs, as an application would write it. */
export async function drive(peers: Peers): Promise<Driven> {
  const pair = await credentials(peers);
  return { ...pair, ...await handshake(pair, peers) };
}

export async function handshake(
  { clientCredential, serverCredential }: { clientCredential: CredHandle; serverCredential: CredHandle },
  peers: Pick<Peers, 'initialize' | 'accept'> & { world?: World }, contexts: { client?: CtxtHandle; server?: CtxtHandle } = {},
): Promise<Omit<Driven, 'clientCredential' | 'serverCredential'>> {
  let { client, server } = contexts;
  let initialized: SecurityContextResult | undefined;
  let accepted: SecurityContextResult | undefined;
  const statuses: number[] = [];
  for (let leg = 0; leg < 8; leg++) {
    initialized = await initializeSecurityContext({
      targetName: peers.world?.target ?? TARGET, ...peers.initialize, credential: clientCredential, context: client, input: input(peers.initialize?.input, accepted),
    });
    client = initialized.context;
    statuses.push(initialized.status);
    if (tokenOf(initialized).length > 0) {
      accepted = await acceptSecurityContext({ ...peers.accept, credential: serverCredential, context: server, input: input(peers.accept?.input, initialized) });
      server = accepted.context;
      statuses.push(accepted.status);
    }
    if (initialized.status === SEC_E_OK && accepted!.status === SEC_E_OK) return { client, server: server!, initialized, accepted: accepted!, statuses };
  }
  throw new Error(`no end after 8 legs: ${statuses.map((status) => status.toString(16)).join(' ')}`);
}

/** What a side is given besides the peer's token. */
function input(extra: SecBuffer[] | undefined, from: SecurityContextResult | undefined): SecBuffer[] {
  const buffers = [...(extra ?? [])];
  if (from !== undefined) buffers.push({ type: SECBUFFER_TOKEN, data: tokenOf(from) });
  return buffers;
}

export function tokenOf(result: SecurityContextResult): Uint8Array {
  return result.output.find(({ type }) => type === SECBUFFER_TOKEN)!.data;
}
