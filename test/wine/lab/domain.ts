// What Wine's Secur32 stands on: ntlm_auth with winbindd for NTLM, MIT's library with a krb5.conf and a keytab for Kerberos; one Samba
// domain controller serves both.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainController, samba, type DomainController } from '../../interop/lab/samba.ts';
import { temporaryFolder } from '../../interop/lab/processes.ts';
import type { WineDomain } from '../in-wine/environment.ts';

export interface WindowsDomain {
  readonly controller: DomainController;
  /** For Wine's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** For the programs in it. */
  readonly description: WineDomain;
}

/** Null where a domain controller can run here, else the reason why not. */
export const domainMissing = (): string | null => samba.unusable();

export async function startDomain(): Promise<WindowsDomain> {
  const controller = await domainController();
  const folder = temporaryFolder('domain');
  // Wine starts 'ntlm_auth' from the PATH; this one reads the lab's smb.conf, so the machine's own stays as it is.
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'ntlm_auth'), `#!/bin/sh\nexec /usr/bin/ntlm_auth --configfile='${controller.configuration}' "$@"\n`);
  chmodSync(join(programs, 'ntlm_auth'), 0o755);
  const ccache = join(folder, 'ccache');
  return {
    controller,
    environment: {
      PATH: `${programs}:${process.env.PATH}`, KRB5_CONFIG: controller.krb5Conf, KRB5_KTNAME: controller.keytab, KRB5CCNAME: `FILE:${ccache}`,
      KRB5RCACHENAME: `dfl:${folder}`, KRB5RCACHEDIR: folder,
    },
    description: {
      realm: controller.realm, domain: controller.domain, user: controller.user, password: controller.password, target: 'HTTP/web.ad.test',
      krb5Conf: controller.krb5ConfText, keytab: readFileSync(controller.keytab).toString('base64'), ccache,
    },
  };
}
