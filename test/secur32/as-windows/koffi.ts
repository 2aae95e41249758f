import type { Koffi } from '../../../backends/secur32/koffi.ts';
import type { FunctionName } from '../../../backends/secur32/library.ts';
import { createTestRealm } from '../../../src/testing/index.ts';
import { accounts, ALICE, TARGET } from '../../contract/in-memory.ts';
import { FakeLibrary } from '../fake-library.ts';

/** koffi's shape over the fake secur32: what a process on Windows would load. */
const realm = createTestRealm({ realm: 'AD.TEST', users: { alice: ALICE.password }, services: [TARGET] });
const library = new FakeLibrary({
  pointerSize: process.env['FAKE_POINTER_SIZE'] === '4' ? 4 : 8,
  system: async (name) => (name === 'Kerberos' ? { kerberos: (await realm).kerberos, acceptor: { keytab: (await realm).keytab(TARGET) } } : { acceptor: { accounts } }),
});

const FOLDER = 'C:\\Windows\\System32';

const koffi: Koffi = {
  config: () => ({ async_stack_size: 1 << 20, resident_async_pools: 32 }),
  load: (path) => ({
    func(_convention, name) {
      if (path.endsWith('secur32.dll') && path !== `${FOLDER}\\secur32.dll`) throw new Error(`${path} is not where Windows has it`);
      if (name === 'GetSystemDirectoryW') {
        const answer = (address: number) => (library.memory.at(address, 2 * FOLDER.length).set(Buffer.from(FOLDER, 'utf16le')), FOLDER.length);
        return Object.assign((...values: number[]) => answer(values[0]!), { async: (() => {}) as never });
      }
      if (path.startsWith('ntdll')) throw new Error(`Cannot find function '${name}' in shared library`);
      const call = (...values: number[]) => library.call(name as FunctionName, ...values);
      const async = (...all: unknown[]) => {
        const done = all.pop() as (error: unknown, result: number) => void;
        library.callAsync(name as FunctionName, ...(all as number[])).then((result) => done(null, result), (error) => done(error, 0));
      };
      return Object.assign(call, { async: async as never });
    },
  }),
  address: (bytes) => BigInt(library.memory.adopt(bytes)),
  decode: Object.assign((pointer: number, _type: string, length: number) => library.read(pointer, length), { string16: (pointer: number) => library.readString(pointer) }),
  encode: (pointer, _type, value) => void library.memory.at(pointer, value.length).set(value),
  sizeof: () => library.pointerSize,
};
export default koffi;
