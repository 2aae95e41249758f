// The program as a Worker: the task is POSTed to /run, and the results come back. Afterwards it is a web server that asks who it is.
import { collect } from './collect.ts';
import type { Task } from './task.ts';
import { whoami } from './web-server.ts';

let handler: ((request: Request) => Promise<Response>) | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== '/run') return handler!(request);
    const task = await request.json() as Task;
    handler = whoami(task);
    return new Response((await collect(task)).join('\n'));
  },
};
