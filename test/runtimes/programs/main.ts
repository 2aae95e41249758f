// What every runtime runs: the contract of the verbs, the vectors, Kerberos through a KDC proxy, HTTP; and what else its kind can.
import { inMemory } from '../../contract/in-memory.ts';
import { contractSuite } from '../../contract/suite.ts';
import { fetchSuite } from './fetch.ts';
import { initSuite } from './init.ts';
import { kerberosSuite } from './kerberos.ts';
import type { Result, Task } from './task.ts';
import { runSuites } from './uvu.ts';
import { vectorSuite } from './vectors.ts';
import { webServerSuite } from './web-server.ts';

export async function run(task: Task, suites: readonly ((task: Task) => void)[], report: (result: Result) => void): Promise<void> {
  initSuite();
  contractSuite(inMemory);
  vectorSuite(task);
  kerberosSuite(task);
  fetchSuite(task);
  webServerSuite(task);
  for (const suite of suites) suite(task);
  await runSuites(report);
}
