// sssd's KCM daemon, by itself: it listens where every KCM client looks, so it is started only where nobody listens there.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Peer } from './peer.ts';
import { start, type Running } from './processes.ts';

const DAEMON = '/usr/libexec/sssd/sssd_kcm';
const SOCKET = '/var/run/.heim_org.h5l.kcm-socket';

export const sssdKcm: Peer = {
  name: 'sssd-kcm',
  packages: ['sssd-kcm'],
  extra: true,
  unusable() {
    if (!existsSync(DAEMON)) return 'not installed (package sssd-kcm)';
    return process.getuid?.() === 0 ? null : 'its daemon has to be started by root';
  },
};

/** Throws where a daemon is there already: its caches are someone's. */
export async function startSssdKcm(): Promise<Running> {
  if (await answers()) throw new Error(`a KCM daemon listens at ${SOCKET} already; its caches are left alone`);
  const daemon = start(DAEMON, ['--uid', '0', '--gid', '0', '--logger=stderr']);
  for (let attempt = 0; !(await answers()); attempt++) {
    if (attempt === 100) throw new Error('sssd_kcm does not listen');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return daemon;
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(SOCKET, () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
