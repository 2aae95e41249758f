// `#http-transport` where there is fetch and nothing else: browsers and edge functions.
import type { CreateFetch } from '../fetch-options.ts';
import { createWebFetchOver, type WebPlatform } from './fetch.ts';

export const createFetchOver: CreateFetch = (makeSource, _bindings, options) => createWebFetchOver(makeSource, platform(), options);

function platform(): WebPlatform {
  const { EdgeRuntime, WorkerGlobalScope, Deno, document } = globalThis as { EdgeRuntime?: unknown; WorkerGlobalScope?: unknown; Deno?: unknown; document?: unknown };
  if (EdgeRuntime !== undefined) return { name: 'an edge function', hidesRedirects: false };
  const browser = Deno === undefined && (document !== undefined || WorkerGlobalScope !== undefined);
  // The Fetch standard asks for its own origin alone (4.6, HTTP-network-or-cache fetch: a 401 whose tainting is not "cors").
  const asksUser = ({ origin }: URL) => origin === globalThis.location?.origin;
  return browser ? { name: 'a browser', hidesRedirects: true, asksUser } : { name: 'the fetch of this runtime', hidesRedirects: false };
}
