// The program in a process of its own, in Node, Deno or Bun: the task is a file, results are lines of standard output.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { filesSuite } from './files.ts';
import { run } from './main.ts';
import { MARK } from './mark.ts';
import { serverSuite } from './server.ts';
import type { Task } from './task.ts';

const task = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Task;
await run(task, [serverSuite, filesSuite], (result) => console.log(MARK + JSON.stringify(result)));
console.log(`${MARK}"end"`);
