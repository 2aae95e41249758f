import type { KerberosConfig } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { marshalCredentials, marshalPrincipal, unmarshalCache, type CredentialCacheData } from './ccache.ts';
import type { CcacheStore } from './ccache-store.ts';
import { readConfiguration } from './configuration.ts';
import { samePrincipal, type Principal } from './principal.ts';

/*
 * KCM, a daemon that holds the caches of each user (Heimdal's protocol, spoken by sssd-kcm too; MIT's kcm.h), over a Unix socket:
 *
 *   request   uint32 length    02 00    uint16 opcode    parameters
 *   reply     uint32 length    uint32 code of the transport    uint32 code of the operation (the first of `length` bytes)    results
 *
 * Names end in a zero; principals and credentials stand as in a FILE cache of version 4; a UUID has 16 bytes.
 */
const OP = {
  GEN_NEW: 3, INITIALIZE: 4, DESTROY: 5, STORE: 6, GET_PRINCIPAL: 8, GET_CRED_UUID_LIST: 9, GET_CRED_BY_UUID: 10,
  GET_CACHE_UUID_LIST: 18, GET_CACHE_BY_UUID: 19, GET_DEFAULT_CACHE: 20, SET_DEFAULT_CACHE: 21, GET_KDC_OFFSET: 22, SET_KDC_OFFSET: 23,
} as const;
export const KCM_SOCKET = '/var/run/.heim_org.h5l.kcm-socket';
const MAX_REPLY = 10 << 20;
const PATIENCE = 10_000;
const UUID = 16;
/** com_err codes of MIT that say that there is no such cache, or nothing in it: KRB5_CC_NOTFOUND, KRB5_FCC_NOFILE, KRB5_CC_END. */
const NOTHING = new Set([-1765328243, -1765328189, -1765328242]);

/** `KCM:` is the default cache of this user, `KCM:NAME` one by its name. `kerberos` tells the krb5.conf that may name another socket. */
export function kcmStore(residual: string, host: Host, kerberos: KerberosConfig = {}): CcacheStore {
  let socket: string | undefined;
  const call = async (opcode: number, ...parameters: Uint8Array[]) =>
    callKcm(host, socket ??= (await readConfiguration(kerberos, host))?.kcmSocket ?? KCM_SOCKET, opcode, parameters);
  const nameOf = async (): Promise<string> => residual || readName(await call(OP.GET_DEFAULT_CACHE));

  async function load(name: string): Promise<CredentialCacheData> {
    const principal = await call(OP.GET_PRINCIPAL, cString(name));
    if (principal.length === 0) throw nothing(name);
    const uuids = await call(OP.GET_CRED_UUID_LIST, cString(name)).catch((error: unknown) => {
      if (error instanceof KcmRefusal && NOTHING.has(error.kcmCode)) return new Uint8Array(0);
      throw error;
    });
    const credentials: Uint8Array[] = [];
    for (const uuid of split(uuids)) credentials.push(await call(OP.GET_CRED_BY_UUID, cString(name), uuid));
    const offset = await call(OP.GET_KDC_OFFSET, cString(name)).catch(() => null); // a daemon may not keep it
    return unmarshalCache(principal, credentials, offset?.length === 4 ? view(offset).getInt32(0) * 1e6 : 0);
  }

  /** The cache of this client, else a new name. */
  async function nameFor(client: Principal): Promise<string> {
    const uuids = await call(OP.GET_CACHE_UUID_LIST).catch(() => new Uint8Array(0));
    for (const uuid of split(uuids)) {
      const name = readName(await call(OP.GET_CACHE_BY_UUID, uuid));
      const cache = await load(name).catch(() => null);
      if (cache !== null && samePrincipal(cache.principal, client)) return name;
    }
    return readName(await call(OP.GEN_NEW));
  }

  return {
    load: async () => load(await nameOf()),
    async save(cache) {
      const name = residual || (await nameFor(cache.principal));
      await call(OP.INITIALIZE, cString(name), marshalPrincipal(cache.principal));
      for (const credential of marshalCredentials(cache)) {
        await call(OP.STORE, cString(name), credential);
        credential.fill(0);
      }
      if (cache.kdcOffset !== 0) {
        const offset = new Uint8Array(4);
        view(offset).setInt32(0, Math.round(cache.kdcOffset / 1e6));
        await call(OP.SET_KDC_OFFSET, cString(name), offset).catch(() => null);
      }
      if (residual === '') await call(OP.SET_DEFAULT_CACHE, cString(name));
    },
    async remove() {
      try {
        const name = await nameOf();
        if ((await call(OP.GET_PRINCIPAL, cString(name))).length === 0) return false;
        await call(OP.DESTROY, cString(name));
        return true;
      } catch (error) {
        if (error instanceof KcmRefusal && NOTHING.has(error.kcmCode)) return false;
        throw error;
      }
    },
  };
}

/** What the daemon answers to an operation, in place of its results. */
class KcmRefusal extends SspiError {
  readonly kcmCode: number;

  constructor(opcode: number, code: number) {
    const missing = NOTHING.has(code);
    super(missing ? 'SEC_E_NO_CREDENTIALS' : 'SEC_E_INTERNAL_ERROR', missing ? 'the credential cache of KCM is not there' : `KCM: the operation ${opcode} failed with ${code}`, {
      remedy: missing ? 'Run kinit first, or check KRB5CCNAME.' : 'Look into the log of the KCM daemon (sssd-kcm, or Heimdal\'s kcm).',
    });
    this.kcmCode = code;
  }
}

async function callKcm(host: Host, socket: string, opcode: number, parameters: readonly Uint8Array[]): Promise<Uint8Array> {
  if (host.exchangeUnix === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'this runtime has no Unix sockets, so KCM cannot be asked', { remedy: 'Use a FILE cache.' });
  const length = 4 + parameters.reduce((sum, { length: one }) => sum + one, 0);
  const request = new Uint8Array(4 + length);
  view(request).setUint32(0, length);
  request[4] = 2;
  view(request).setUint16(6, opcode);
  let at = 8;
  for (const parameter of parameters) {
    request.set(parameter, at);
    at += parameter.length;
  }
  let reply: Uint8Array;
  try {
    reply = await host.exchangeUnix(socket, request, isWhole, AbortSignal.timeout(PATIENCE));
  } catch (cause) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the KCM daemon at ${socket} cannot be asked`, { cause, remedy: 'Start it (systemctl start sssd-kcm.socket), or use a FILE cache.' });
  } finally {
    request.fill(0);
  }
  if (reply.length < 8 || !isWhole(reply) || view(reply).getUint32(0) > MAX_REPLY) throw malformed(`${reply.length} bytes`);
  const transport = view(reply).getInt32(4);
  if (transport !== 0) throw new KcmRefusal(opcode, transport);
  if (reply.length < 12) throw malformed('no code');
  const code = view(reply).getInt32(8);
  if (code !== 0) throw new KcmRefusal(opcode, code);
  return reply.subarray(12, 8 + view(reply).getUint32(0));
}

/** A failure of the transport brings no further bytes. */
function isWhole(received: Uint8Array): boolean {
  if (received.length < 8) return false;
  const length = view(received).getUint32(0);
  return length > MAX_REPLY || view(received).getInt32(4) !== 0 || received.length >= 8 + length;
}

function readName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  if (end === -1) throw malformed('a name without its end');
  return new TextDecoder().decode(bytes.subarray(0, end));
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function split(uuids: Uint8Array): Uint8Array[] {
  if (uuids.length % UUID !== 0) throw malformed(`a list of UUIDs of ${uuids.length} bytes`);
  return Array.from({ length: uuids.length / UUID }, (_, i) => uuids.subarray(UUID * i, UUID * (i + 1)));
}

function nothing(name: string): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', `the credential cache 'KCM:${name}' is not there`, { remedy: 'Run kinit first, or check KRB5CCNAME.' });
}

function malformed(what: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `KCM: a malformed reply (${what})`);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
