import type { Ended } from '../lab/programs.ts';
import type { Project } from '../lab/project.ts';
import type { Abilities, Task } from '../programs/task.ts';

/** A runtime as the table names it. */
export interface Runtime {
  name: string;
  can: Abilities;
  /** Undefined: it is not installed here. */
  version(): Promise<string | undefined>;
  run(task: Task, project: Project): Promise<Ended>;
}

export const NODE_LIKE: Abilities = { holdConnections: true, sockets: true, files: true };
