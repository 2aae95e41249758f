// The program as a Worker: the task is POSTed, the results come back.
import { collect } from './collect.ts';
import type { Task } from './task.ts';

export default {
  async fetch(request: Request): Promise<Response> {
    return new Response((await collect(await request.json() as Task)).join('\n'));
  },
};
