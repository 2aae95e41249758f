import { readFile } from 'node:fs/promises';
import { inspectToken } from '../../../src/inspect/index.ts';
import { hex } from '../../contract/support.ts';
import { parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import type { Vectors } from '../programs/task.ts';

/** What test/vectors holds that the public functions can show. */
export async function readVectors(): Promise<Vectors> {
  const captures = await json<{ ntlm: Capture[] }>('captures.json');
  const mit = await json<{ etypes: { etype: number; stringToKey: StringToKey[] }[] }>('kerberos/mit-crypto.json');
  const windows = captures.ntlm.find(({ name }) => name === 'sspi_ntlm')!;
  return {
    windows: windowsNtlm(windows),
    stringToKey: mit.etypes.flatMap(({ etype, stringToKey }) => stringToKey
      .filter(({ parameters }) => parameters === undefined && ETYPES[etype] !== undefined)
      .slice(0, 2)
      .map(({ password, salt, key }) => ({ etype: ETYPES[etype]!, principal: 'raeburn@ATHENA.MIT.EDU', password, salt, key }))),
    keytabs: [await file('alice.keytab'), await file('http.keytab')],
    caches: [await file('ccache-v4.bin')],
    inspections: captures.ntlm.flatMap(({ tokens = [] }) => tokens).map((token) => ({ token, tree: JSON.stringify(inspectToken(token)) })),
  };
}

interface Capture {
  name: string;
  user: string;
  password: string;
  exportedSessionKey: string;
  tokens: string[];
  ntlm_messages: Record<string, string>;
}

interface StringToKey {
  password: string;
  salt: string;
  parameters?: string;
  key: string;
}

function windowsNtlm({ user, password, exportedSessionKey, ntlm_messages: messages }: Capture): Vectors['windows'] {
  const authenticate = new Uint8Array(Buffer.from(messages['3']!, 'hex'));
  const parsed = parseNtlmMessage(authenticate);
  if (parsed.kind !== 'AUTHENTICATE') throw new Error(`an AUTHENTICATE was expected, not ${parsed.kind}`);
  // What Windows drew: MsvAvSingleHost's machine id (MS-NLMP 2.2.2.2), and the client challenge of the response.
  const machineId = authenticate.slice(parsed.singleHost!.offset + 16, parsed.singleHost!.offset + 48);
  const clientChallenge = authenticate.slice(parsed.ntResponse.offset + 32, parsed.ntResponse.offset + 40);
  return {
    user, password, exportedSessionKey, machineId: hex(machineId), clientChallenge: hex(clientChallenge),
    negotiate: messages['1']!, challenge: messages['2']!, authenticate: messages['3']!,
  };
}

async function json<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(name, VECTORS), 'utf8')) as T;
}

async function file(name: string): Promise<string> {
  return hex(await readFile(new URL(`kerberos/${name}`, VECTORS)));
}

const VECTORS = new URL('../../vectors/', import.meta.url);
const ETYPES: Readonly<Record<number, string>> = {
  17: 'aes128-cts-hmac-sha1-96', 18: 'aes256-cts-hmac-sha1-96', 19: 'aes128-cts-hmac-sha256-128', 20: 'aes256-cts-hmac-sha384-192',
};
