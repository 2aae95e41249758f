// `node --import build/register.js --import test/secur32/as-windows/register.js …`: as on Windows, with a koffi whose secur32.dll is the tests' own.
import { register } from 'node:module';

register('./hook.js', import.meta.url);
Object.defineProperty(process, 'platform', { value: 'win32' });
