import type { Ended } from '../lab/programs.ts';
import type { Files } from '../lab/peers.ts';
import type { Project } from '../lab/project.ts';
import type { Abilities, Task } from '../programs/task.ts';

/** A runtime as the table names it. */
export interface Runtime {
  name: string;
  can: Abilities;
  /** What it prints is shown, not its failures alone. */
  shown?: boolean;
  /** Undefined: it is not installed here. */
  version(): Promise<string | undefined>;
  /** `files`: what the web server at the task's url shall have besides. */
  run(task: Task, project: Project, files: Files): Promise<Ended>;
}

export const NODE_LIKE: Abilities = { holdConnections: true, keepConnections: true, tcp: true, udp: true, files: true };
