// What every runtime runs: the contract of the verbs, the vectors, and Kerberos through a KDC proxy; and what else its kind can.
import { inMemory } from '../../contract/in-memory.ts';
import { contractSuite } from '../../contract/suite.ts';
import { kerberosSuite } from './kerberos.ts';
import type { Result, Task } from './task.ts';
import { runSuites } from './uvu.ts';
import { vectorSuite } from './vectors.ts';

export async function run(task: Task, suites: readonly ((task: Task) => void)[], report: (result: Result) => void): Promise<void> {
  contractSuite(inMemory);
  vectorSuite(task);
  kerberosSuite(task);
  for (const suite of suites) suite(task);
  await runSuites(report);
}
