// `node --import test/without-secur32/register.js …`: a Windows without koffi. The suites of this folder mean the Wasm engine where they leave the backend
// to 'auto', there too; what they expect of tokens and names is not what Windows's own packages say. Secur32 has test:windows.
import { register } from 'node:module';

register('./hook.js', import.meta.url);
