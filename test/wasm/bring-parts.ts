// For tests that go without the verbs: what those would bring.
import { acceptors } from '../../backends/wasm/acceptors.ts';
import { packing } from '../../backends/wasm/packing.ts';
import { bring } from '../../backends/wasm/parts.ts';
import { passwords } from '../../backends/wasm/passwords.ts';

bring({ acceptors, packing, passwords });
