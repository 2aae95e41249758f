// The realm, the tickets and the two processes of MIT's that the tests of contexts share.
import { join } from 'node:path';
import type { KerberosConfig } from '../../../src/index.ts';
import { ContextPeer, gssapi, type Flag, type PeerContext } from '../lab/context-peer.ts';
import { ETYPES, startRealms, type MitRealms } from '../lab/kdc.ts';
import { run } from '../lab/processes.ts';

export const PASSWORD = 'S3cret-Pässwörd';
export const ALICE = 'alice@LAB.TEST';
export const ALL_FLAGS: Flag[] = ['mutual_authentication', 'replay_detection', 'out_of_sequence_detection', 'confidentiality', 'integrity'];

export interface Fixture {
  realms: MitRealms;
  kerberos: KerberosConfig;
  credential: { user: string; password: string };
  /** Path of a keytab of HTTP/web.lab.test and HTTP/eETYPE.lab.test; `keytab` of theirs and ours alike. */
  keytab: string;
  /** Path of a keytab of HTTP/e23.lab.test, which has an RC4 key alone. */
  weakKeytab: string;
  /** Alice's forwardable tickets, by kinit. */
  ccache: string;
  peer: ContextPeer;
  initiate(mechanism: 'krb5' | 'spnego', flags?: Flag[], more?: { bindings?: Uint8Array | undefined; target?: string; ccache?: string }): Promise<PeerContext>;
  accept(mechanism: 'krb5' | 'spnego', bindings?: Uint8Array): Promise<PeerContext>;
  stop(): void;
}

export async function openFixture(): Promise<Fixture> {
  const services = ['HTTP/web.lab.test', ...ETYPES.map(({ etype }) => `HTTP/e${etype}.lab.test`)];
  const realms = await startRealms({
    'LAB.TEST': [
      `addprinc +requires_preauth -pw ${PASSWORD} alice`, 'addprinc -randkey +ok_as_delegate HTTP/web.lab.test',
      ...ETYPES.flatMap(({ kadmin, etype }) => [
        `addprinc -randkey -e ${kadmin}:normal HTTP/e${etype}.lab.test`,
        `setstr HTTP/e${etype}.lab.test session_enctypes ${kadmin}`, // without it the KDC takes every service to know aes256-cts
      ]),
      'addprinc -randkey -e arcfour-hmac:normal HTTP/e23.lab.test', 'setstr HTTP/e23.lab.test session_enctypes arcfour-hmac',
    ],
  }, '[libdefaults]\nallow_rc4 = true\n'); // for session keys; without it HTTP/e23 gets no ticket
  const keytab = await realms.keytab('services.keytab', 'LAB.TEST', ...services);
  const weakKeytab = await realms.keytab('weak.keytab', 'LAB.TEST', 'HTTP/e23.lab.test');
  const ccache = join(realms.folder, 'alice.ccache');
  await kinit(realms, 'alice', PASSWORD, ccache, '-f');
  const peer = new ContextPeer(gssapi, realms.environment());
  return {
    realms, keytab, weakKeytab, ccache, peer,
    kerberos: { krb5Conf: realms.krb5Conf },
    credential: { user: ALICE, password: PASSWORD },
    initiate: (mechanism, flags = ALL_FLAGS, more = {}) => peer.initiateKerberos({ mechanism, ccache, target: 'HTTP@web.lab.test', flags, ...more }),
    accept: (mechanism, bindings) => peer.acceptKerberos({ mechanism, keytab, bindings }),
    stop() {
      peer.stop();
      realms.stop();
    },
  };
}

/** MIT's kinit, with the password on its standard input. */
export async function kinit(realms: Pick<MitRealms, 'environment'>, principal: string, password: string, ccache: string, ...options: string[]): Promise<void> {
  const { code, stdout, stderr } = await run('kinit', ['-c', ccache, ...options, principal], { env: realms.environment(), input: `${password}\n` });
  if (code !== 0) throw new Error(`kinit failed:\n${stdout}${stderr}`);
}
