import { inMemory } from './in-memory.ts';
import { contractSuite } from './suite.ts';

contractSuite(inMemory);
