import {
  acquireCredentialsHandle, deleteSecurityContext, freeCredentialsHandle, queryContextAttributes, SECPKG_ATTR_NAMES, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SspiError,
} from '../../src/index.ts';
import { handshake } from '../contract/drive.ts';
import { tell } from '../wine/in-wine/environment.ts';
import { type LocalAccount, localWorld } from './world.ts';

/**
 * The account's and the machine's name in the letters that Windows writes them with: one handshake of NTLM before all others. Where it fails, what it
 * said is told, for nothing else will go then either.
 */
export async function asWindowsSpells(account: LocalAccount): Promise<{ user: string; computer: string }> {
  const world = localWorld('secur32', 'secur32', account);
  try {
    const [client, server] = [
      await acquireCredentialsHandle({ package: 'NTLM', backend: 'secur32', credentialUse: SECPKG_CRED_OUTBOUND, ...await world.clientOptions('NTLM') }),
      await acquireCredentialsHandle({ package: 'NTLM', backend: 'secur32', credentialUse: SECPKG_CRED_INBOUND }),
    ];
    const driven = await handshake({ clientCredential: client.credential, serverCredential: server.credential }, { world });
    const { userName } = queryContextAttributes(driven.server, SECPKG_ATTR_NAMES);
    for (const context of [driven.client, driven.server]) deleteSecurityContext(context);
    for (const { credential } of [client, server]) freeCredentialsHandle(credential);
    const [computer, user] = userName.split('\\');
    if (computer?.toLowerCase() === account.computer.toLowerCase() && user?.toLowerCase() === account.user.toLowerCase()) return { user, computer };
    tell({ type: 'note', text: `${account.computer}\\${account.user} logged on, and Windows calls it ${userName}` });
  } catch (error) {
    tell({ type: 'note', text: `A plain handshake of NTLM with ${account.computer}\\${account.user} fails: ${error instanceof SspiError ? `${error.code}: ${error.message}` : String(error)}` });
  }
  return account;
}
