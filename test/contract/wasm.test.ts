import { contextSuite } from './context-suite.ts';
import { inMemory } from './in-memory.ts';
import { contractSuite } from './suite.ts';

contractSuite(inMemory);
contextSuite(inMemory);
