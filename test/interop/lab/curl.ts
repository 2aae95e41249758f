// curl: `--ntlm` with its own NTLM, `--negotiate` through GSSAPI and gss-ntlmssp.
import { spawnSync } from 'node:child_process';
import { packageVersion, type Peer } from './peer.ts';

export const curl: Peer = {
  name: 'curl',
  packages: ['curl', 'libcurl4', 'gss-ntlmssp'],
  unusable() {
    const { stdout, error } = spawnSync('curl', ['--version'], { encoding: 'utf8' });
    if (error !== undefined) return 'curl is not installed';
    for (const feature of ['NTLM', 'GSS-API', 'SPNEGO']) {
      if (!new RegExp(`^Features:.*\\b${feature}\\b`, 'm').test(stdout)) return `this curl is built without ${feature}`;
    }
    return packageVersion('gss-ntlmssp') === null ? 'gss-ntlmssp is not installed' : null;
  },
};
