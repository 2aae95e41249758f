import type { AccessToken } from '../contract/attributes.ts';
import type { SecurityToken } from '../contract/backend.ts';
import { SspiError } from '../contract/errors.ts';
import { closeWhenForgotten } from './native-handle.ts';
import type { Secur32 } from './secur32.ts';

export type { SecurityToken };

/** TOKEN_INFORMATION_CLASS (winnt.h). */
const TOKEN_USER_CLASS = 1;
const TOKEN_GROUPS_CLASS = 2;
/** SE_GROUP_*: enabled, and neither for denying alone nor an integrity level nor the logon session's own. */
const SE_GROUP_ENABLED = 0x4;
const SE_GROUP_NO_GROUP = 0x10 | 0x20 | 0xc0000000;
const LARGEST = 1 << 17;

/** QuerySecurityContextToken: a handle that the caller closes. */
export function openToken(secur32: Secur32, context: Uint8Array): SecurityToken {
  const handle = secur32.framed(0, (frame) => {
    const token = frame.reserve(8);
    secur32.check('QuerySecurityContextToken', frame.put(context), token);
    return frame.getPointer(token);
  });
  secur32.counts.tokens.acquired++;
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    if (secur32.call('CloseHandle', handle) !== 0) secur32.counts.tokens.freed++;
  };
  const token = { handle: BigInt(handle), close, ...(Symbol.dispose === undefined ? {} : { [Symbol.dispose]: close }) } as SecurityToken;
  closeWhenForgotten(token, { close });
  return token;
}

/** What a client's access token says of it. */
export function readToken(secur32: Secur32, context: Uint8Array): AccessToken {
  const token = openToken(secur32, context);
  try {
    return { userSid: userSid(secur32, Number(token.handle)), groups: groups(secur32, Number(token.handle)), upn: null, delegatedCredential: null };
  } finally {
    token.close();
  }
}

function userSid(secur32: Secur32, token: number): string | null {
  return tokenInformation(secur32, token, TOKEN_USER_CLASS, (information) => {
    const { TOKEN_USER, SID_AND_ATTRIBUTES } = secur32.frames.layouts;
    return sidAt(information, information.pointer(TOKEN_USER.User + SID_AND_ATTRIBUTES.Sid));
  });
}

function groups(secur32: Secur32, token: number): string[] {
  return tokenInformation(secur32, token, TOKEN_GROUPS_CLASS, (information) => {
    const { TOKEN_GROUPS, SID_AND_ATTRIBUTES } = secur32.frames.layouts;
    const sids: string[] = [];
    for (let index = 0, count = information.uint32(TOKEN_GROUPS.GroupCount); index < count; index++) {
      const entry = TOKEN_GROUPS.Groups + index * SID_AND_ATTRIBUTES.size;
      const attributes = information.uint32(entry + SID_AND_ATTRIBUTES.Attributes);
      if ((attributes & SE_GROUP_ENABLED) !== 0 && (attributes & SE_GROUP_NO_GROUP) === 0) sids.push(sidAt(information, information.pointer(entry + SID_AND_ATTRIBUTES.Sid)));
    }
    return sids;
  });
}

interface Information {
  bytes: Uint8Array;
  uint32(offset: number): number;
  /** A pointer into these bytes, as an offset. */
  pointer(offset: number): number;
}

/** GetTokenInformation, with as much room as it asks for. */
function tokenInformation<Result>(secur32: Secur32, token: number, what: number, read: (information: Information) => Result): Result {
  let room = 1024;
  for (;;) {
    const result = secur32.framed(room, (frame) => {
      const needed = frame.reserve(4);
      const at = frame.reserve(room);
      if (secur32.call('GetTokenInformation', token, what, at, room, needed) === 0) {
        const asked = frame.getUint32(needed);
        if (asked <= room || asked > LARGEST) throw new SspiError('SEC_E_NO_IMPERSONATION', `GetTokenInformation(${what}): the client's access token cannot be read`);
        room = asked;
        return null;
      }
      return { read: read({ bytes: frame.bytes(at, room), uint32: (offset) => frame.getUint32(at + offset), pointer: (offset) => frame.getPointer(at + offset) - at }) };
    });
    if (result !== null) return result.read;
  }
}

/** A SID (winnt.h): revision, count, 6 bytes of authority big-endian, LE32 sub-authorities. */
function sidAt({ bytes, uint32 }: Information, offset: number): string {
  const authority = [2, 3, 4, 5, 6, 7].reduce((sum, at) => sum * 256 + bytes[offset + at]!, 0);
  const subAuthorities = Array.from({ length: bytes[offset + 1]! }, (_, index) => uint32(offset + 8 + 4 * index));
  return `S-${bytes[offset]!}-${[authority, ...subAuthorities].join('-')}`;
}
