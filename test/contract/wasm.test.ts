import { contractSuite } from './suite.ts';

contractSuite('wasm', { packages: ['Negotiate', 'NTLM'], exports: true, replaceableHost: true, suppliedCredentials: true });
