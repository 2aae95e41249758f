// The handshakes of native/handshake.c with nothing but koffi between: memory that is laid out once, no checks, no errors but one, no handles. What is
// more in the same handshakes through this package is this package.
import type { AcquireOptions } from '../../../backends/contract/backend.ts';
import { putBuffers } from '../../../backends/secur32/buffers.ts';
import { acquireCredential } from '../../../backends/secur32/credential.ts';
import { createKoffiLibrary } from '../../../backends/secur32/koffi-library.ts';
import { koffiPackages, loadKoffi } from '../../../backends/secur32/koffi.ts';
import { Secur32 } from '../../../backends/secur32/secur32.ts';
import { SEC_E_OK, SECBUFFER_TOKEN, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SECURITY_NETWORK_DREP } from '../../../src/index.ts';

/** A maker of handshakes; each of these does one after the other, on memory of its own. */
export async function koffiAlone(options: Omit<AcquireOptions, 'credentialUse'>, targetName: string, isc: number, asc: number): Promise<() => () => Promise<void>> {
  const secur32 = new Secur32(createKoffiLibrary(await loadKoffi(koffiPackages(process.platform, process.arch))));
  const { library, frames } = secur32;
  const { SecHandle, SecBuffer } = frames.layouts;
  const outbound = await acquireCredential(secur32, { ...options, credentialUse: SECPKG_CRED_OUTBOUND });
  const inbound = await acquireCredential(secur32, { package: options.package, credentialUse: SECPKG_CRED_INBOUND });
  const { maxToken } = outbound;

  return () => {
    const frame = frames.take(2 * maxToken + 1024);
    const [outboundAt, inboundAt] = [frame.put(outbound.native.bytes), frame.put(inbound.native.bytes)];
    const [client, server, attributes, expiry] = [frame.reserve(SecHandle.size), frame.reserve(SecHandle.size), frame.reserve(4), frame.reserve(8)];
    const target = frame.putString(targetName, 'targetName');
    const [there, back] = [putBuffers(frame, [{ type: SECBUFFER_TOKEN, length: maxToken }]), putBuffers(frame, [{ type: SECBUFFER_TOKEN, length: maxToken }])];
    return async () => {
      let [initialized, accepted, isFirst, isServersFirst] = [1, 1, true, true];
      while (initialized !== SEC_E_OK || accepted !== SEC_E_OK) {
        frame.setUint32(there.at[0]! + SecBuffer.cbBuffer, maxToken);
        frame.setUint32(back.at[0]! + SecBuffer.BufferType, SECBUFFER_TOKEN); // Wine's NTLM acceptor makes it SECBUFFER_DATA
        initialized = must(await library.callAsync(
          'InitializeSecurityContextW', outboundAt, isFirst ? 0 : client, target, isc, 0, SECURITY_NETWORK_DREP, isFirst ? 0 : back.address, 0, client, there.address, attributes, expiry,
        ));
        isFirst = false;
        if (frame.getUint32(there.at[0]! + SecBuffer.cbBuffer) === 0) continue;
        frame.setUint32(back.at[0]! + SecBuffer.cbBuffer, maxToken);
        accepted = must(await library.callAsync(
          'AcceptSecurityContext', inboundAt, isServersFirst ? 0 : server, there.address, asc, SECURITY_NETWORK_DREP, server, back.address, attributes, expiry,
        ));
        isServersFirst = false;
      }
      must(library.call('DeleteSecurityContext', client));
      must(library.call('DeleteSecurityContext', server));
    };
  };
}

function must(status: number): number {
  if (status >>> 0 >= 0x80000000) throw new Error(`koffi alone: 0x${(status >>> 0).toString(16)}`);
  return status;
}
