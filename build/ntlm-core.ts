// core.wasm for who bundles with the condition 'ntlm-only'.
import binaryen from 'binaryen';

/** core.wasm without the exports of assembly/krb5 and of the ciphers that serve it alone, and without what only they reach. */
export function withoutKerberos(core: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(core);
  for (const { name } of WebAssembly.Module.exports(new WebAssembly.Module(core as BufferSource))) {
    if (KERBEROS_EXPORT.test(name)) module.removeExport(name);
  }
  module.runPasses(['remove-unused-module-elements']);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

const KERBEROS_EXPORT = /^(?:AES|aes|K5|k5|KRB5|krb5|nFold|pbkdf2|RC4_SEAL|RC4_SIGN|rc4Derive|rc4Hmac|gss)/;
