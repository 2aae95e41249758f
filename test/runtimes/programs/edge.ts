// The program as an edge function in the form of a service worker.
import { collect } from './collect.ts';
import type { Task } from './task.ts';

interface FetchEvent extends Event {
  request: Request;
  respondWith(response: Promise<Response>): void;
}

addEventListener('fetch', (event) => {
  const { request } = event as FetchEvent;
  (event as FetchEvent).respondWith(request.json().then((task) => collect(task as Task)).then((lines) => new Response(lines.join('\n'))));
});
