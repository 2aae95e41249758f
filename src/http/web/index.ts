// `#http-transport` where there is fetch and nothing else: browsers and edge functions.
import type { CreateFetch } from '../fetch-options.ts';
import { createWebFetchOver } from './fetch.ts';

export const createFetchOver: CreateFetch = (makeSource, _bindings, options) => createWebFetchOver(makeSource, platform(), options);

function platform(): { name: string; hidesRedirects: boolean } {
  const { EdgeRuntime, WorkerGlobalScope, Deno, document } = globalThis as { EdgeRuntime?: unknown; WorkerGlobalScope?: unknown; Deno?: unknown; document?: unknown };
  if (EdgeRuntime !== undefined) return { name: 'an edge function', hidesRedirects: false };
  const browser = Deno === undefined && (document !== undefined || WorkerGlobalScope !== undefined);
  return browser ? { name: 'a browser', hidesRedirects: true } : { name: 'the fetch of this runtime', hidesRedirects: false };
}
