import type { Side } from '../contract/backend.ts';
import type { MechanismName, PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Established } from './mechanism.ts';

/*
 * An exported context. It holds the session's keys: whoever has it can read and forge the session's messages.
 *
 *   0 'SSPI'   4 version = 1   5 package   6 mechanism   7 side   8 attributes (LE32)   12 the mechanism's own form …
 */
const MAGIC = [0x53, 0x53, 0x50, 0x49];
const VERSION = 1;
const HEADER = 12;
const PACKAGES: readonly PackageName[] = ['Negotiate', 'Kerberos', 'NTLM'];
const MECHANISMS: readonly MechanismName[] = ['Kerberos', 'NTLM'];
const SIDES: readonly Side[] = ['initiator', 'acceptor'];

export interface PackedContext {
  side: Side;
  package: PackageName;
  mechanism: MechanismName;
  attributes: number;
  /** What `Established.export` gave. */
  keys: Uint8Array;
}

export function packContext(context: { side: Side; package: PackageName; attributes: number; established: Established }): Uint8Array {
  const keys = context.established.export();
  const packed = new Uint8Array(HEADER + keys.length);
  packed.set(MAGIC);
  packed[4] = VERSION;
  packed[5] = PACKAGES.indexOf(context.package);
  packed[6] = MECHANISMS.indexOf(context.established.mechanism);
  packed[7] = SIDES.indexOf(context.side);
  new DataView(packed.buffer).setUint32(8, context.attributes, true);
  packed.set(keys, HEADER);
  keys.fill(0);
  return packed;
}

/** Throws SEC_E_INVALID_TOKEN with the offset. `keys` is a view of `packed`. */
export function unpackContext(packed: Uint8Array): PackedContext {
  if (packed.length < HEADER) fail(`a header of ${HEADER} bytes expected, ${packed.length} came`, packed.length);
  if (MAGIC.some((byte, at) => packed[at] !== byte)) fail("'SSPI' expected at the start", 0);
  if (packed[4] !== VERSION) fail(`version ${VERSION} expected, ${packed[4]} came`, 4);
  return {
    package: PACKAGES[packed[5]!] ?? fail(`no package has number ${packed[5]}`, 5),
    mechanism: MECHANISMS[packed[6]!] ?? fail(`no mechanism has number ${packed[6]}`, 6),
    side: SIDES[packed[7]!] ?? fail(`no side has number ${packed[7]}`, 7),
    attributes: new DataView(packed.buffer, packed.byteOffset).getUint32(8, true),
    keys: packed.subarray(HEADER),
  };
}

function fail(message: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: ${message}`, { offset });
}
