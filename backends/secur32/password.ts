import type { ChangePasswordOptions } from '../contract/backend.ts';
import { SECBUFFER_CHANGE_PASS_RESPONSE } from '../contract/constants.ts';
import { putBuffers, readBuffer, roomFor } from './buffers.ts';
import { refuseWhatCannotBeTaken } from './cannot-take.ts';
import { accountName } from './identity.ts';
import type { Secur32 } from './secur32.ts';
import { isSuccess, nativeError } from './status.ts';

const RESPONSE_ROOM = 1024;

/** ChangeAccountPasswordW, on another thread. */
export async function changePassword(secur32: Secur32, options: ChangePasswordOptions): Promise<void> {
  refuseWhatCannotBeTaken(options);
  const { package: packageName = 'Negotiate', oldPassword, newPassword } = options;
  secur32.packageInfo(packageName);
  const { user, domain } = accountAndDomain(options);
  const response = [{ type: SECBUFFER_CHANGE_PASS_RESPONSE, length: RESPONSE_ROOM }];
  const frame = secur32.frames.take(roomFor(response) + 2 * (packageName.length + user.length + domain.length + oldPassword.length + newPassword.length) + 256);
  try {
    const output = putBuffers(frame, response);
    const status = await secur32.callAsync(
      'ChangeAccountPasswordW', frame.putString(packageName, 'package'), frame.putString(domain, 'domain'), frame.putString(user, 'user'),
      frame.putString(oldPassword, 'oldPassword'), frame.putString(newPassword, 'newPassword'), 0, 0, output.address,
    );
    const { length, pointer } = readBuffer(frame, output.at[0]!);
    if (pointer !== output.memory[0]) secur32.takeBytes(pointer, length);
    if (!isSuccess(status)) throw nativeError(status, 'ChangeAccountPasswordW');
  } finally {
    frame.release();
  }
}

/** pszDomainName and pszAccountName: of a name like `alice@AD.TEST` without a domain beside it, its two halves. */
function accountAndDomain(options: ChangePasswordOptions): { user: string; domain: string } {
  const { user, domain } = accountName(options.domain === '' ? { user: options.user } : options);
  const at = user.lastIndexOf('@');
  return domain !== '' || at < 0 ? { user, domain } : { user: user.slice(0, at), domain: user.slice(at + 1) };
}
