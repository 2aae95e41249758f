import { run } from './main.ts';
import { MARK } from './mark.ts';
import type { Task } from './task.ts';

/** The program where there is no standard output: its lines. */
export async function collect(task: Task): Promise<string[]> {
  const lines: string[] = [];
  await run(task, [], (result) => lines.push(MARK + JSON.stringify(result)));
  return [...lines, `${MARK}"end"`];
}
