import type { Side } from '../contract/backend.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Secur32 } from './secur32.ts';

/*
 * An exported context. It holds the session's keys: whoever has it can read and forge the session's messages.
 *
 *   0 'SSPN'   4 version = 2   5 package   6 the package that works inside it   7 side   8 attributes (LE32)   12 length (LE32)   16 what the DLL packed …
 *
 * A package follows offsets in what it packed: bytes that were cut must not reach it.
 */
const MAGIC = [0x53, 0x53, 0x50, 0x4e];
const VERSION = 2;
const HEADER = 16;
const PACKAGES: readonly PackageName[] = ['Negotiate', 'Kerberos', 'NTLM'];
const SIDES: readonly Side[] = ['initiator', 'acceptor'];

export interface PackedContext {
  side: Side;
  package: PackageName;
  nativePackage: PackageName;
  attributes: number;
  /** What ExportSecurityContext gave. */
  bytes: Uint8Array;
}

/** ExportSecurityContext. */
export function packContext(secur32: Secur32, context: Omit<PackedContext, 'bytes'> & { handle: Uint8Array }): Uint8Array {
  const { SecBuffer: layout } = secur32.frames.layouts;
  const bytes = secur32.framed(0, (frame) => {
    const buffer = frame.reserve(layout.size);
    secur32.check('ExportSecurityContext', frame.put(context.handle), 0, buffer, 0);
    return secur32.takeBytes(frame.getPointer(buffer + layout.pvBuffer), frame.getUint32(buffer + layout.cbBuffer));
  });
  const packed = new Uint8Array(HEADER + bytes.length);
  packed.set(MAGIC);
  packed[4] = VERSION;
  packed[5] = PACKAGES.indexOf(context.package);
  packed[6] = PACKAGES.indexOf(context.nativePackage);
  packed[7] = SIDES.indexOf(context.side);
  const view = new DataView(packed.buffer);
  view.setUint32(8, context.attributes, true);
  view.setUint32(12, bytes.length, true);
  packed.set(bytes, HEADER);
  bytes.fill(0);
  return packed;
}

/** Throws SEC_E_INVALID_TOKEN with the offset. `bytes` is a view of `packed`. */
export function unpackContext(packed: Uint8Array, packageName: PackageName | undefined): PackedContext {
  if (packed.length < HEADER) fail(`a header of ${HEADER} bytes expected, ${packed.length} came`, packed.length);
  if (MAGIC.some((byte, at) => packed[at] !== byte)) fail("'SSPN' expected at the start", 0);
  if (packed[4] !== VERSION) fail(`version ${VERSION} expected, ${packed[4]} came`, 4);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const length = view.getUint32(12, true);
  if (length === 0 || length !== packed.length - HEADER) fail(`it says ${length} bytes of the package, and ${packed.length - HEADER} came`, 12);
  const context = {
    package: PACKAGES[packed[5]!] ?? fail(`no package has number ${packed[5]}`, 5),
    nativePackage: PACKAGES[packed[6]!] ?? fail(`no package has number ${packed[6]}`, 6),
    side: SIDES[packed[7]!] ?? fail(`no side has number ${packed[7]}`, 7),
    attributes: view.getUint32(8, true),
    bytes: packed.subarray(HEADER),
  };
  if (packageName !== undefined && packageName !== context.package) fail(`it is of the package ${context.package}, not ${packageName}`, 5);
  return context;
}

function fail(message: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: ${message}`, { offset });
}
