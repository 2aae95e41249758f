import type { ContextAttributes } from '../../backends/contract/attributes.ts';
import type { PackageName } from '../../backends/contract/credentials.ts';
import { checkBytes, checkFlags, checkString } from './checks.ts';
import { bringPacking, importingBackend } from './dispatcher.ts';
import { type CtxtHandle, newCtxtHandle, openContext } from './handles.ts';

/**
 * QueryContextAttributes: what SECPKG_ATTR_* tells of a context, as `ContextAttributes` types it.
 *
 * Throws SEC_E_INVALID_HANDLE for what is known only at the end of a handshake, SEC_E_UNSUPPORTED_FUNCTION for an attribute that the package does not have.
 */
export function queryContextAttributes<Attribute extends keyof ContextAttributes>(context: CtxtHandle, attribute: Attribute): ContextAttributes[Attribute];
export function queryContextAttributes(context: CtxtHandle, attribute: number): unknown;
export function queryContextAttributes(context: CtxtHandle, attribute: number): unknown {
  return openContext(context).context.queryAttribute(checkFlags(attribute, 'attribute'));
}

/**
 * ExportSecurityContext: an established context as bytes, for `importSecurityContext` in another process. They hold its keys: guard and wipe them.
 *
 * The context moves: its own handle can still be queried and must be deleted, but protects no more messages, since two holders of one key
 * stream would use it twice.
 */
export function exportSecurityContext(context: CtxtHandle): Uint8Array {
  bringPacking();
  return openContext(context).context.export();
}

/** ImportSecurityContext. Throws SEC_E_INVALID_TOKEN when the bytes are no exported context, or one of another package. */
export function importSecurityContext(options: { package?: PackageName; packed: Uint8Array }): CtxtHandle {
  checkBytes(options.packed, 'packed');
  checkString(options.package, 'package');
  bringPacking();
  return newCtxtHandle(importingBackend(options.packed).importContext(options.package, options.packed), null);
}
