// What every runtime runs: the contract of the verbs, the vectors, Kerberos through a KDC proxy, and HTTP.
import { inMemory } from '../../contract/in-memory.ts';
import { contractSuite } from '../../contract/suite.ts';
import { fetchSuite } from './fetch.ts';
import { kerberosSuite } from './kerberos.ts';
import { serverSuite } from './server.ts';
import type { Result, Task } from './task.ts';
import { runSuites } from './uvu.ts';
import { vectorSuite } from './vectors.ts';

export async function run(task: Task, report: (result: Result) => void): Promise<void> {
  contractSuite(inMemory);
  vectorSuite(task);
  kerberosSuite(task);
  fetchSuite(task);
  if (task.can.sockets) serverSuite(task);
  await runSuites(report);
}
