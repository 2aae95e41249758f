// `#http-transport` for Workers: `connect()`, or the fetch that is given.
import { cloudflareSockets } from '../../../backends/wasm/host/cloudflare-sockets.ts';
import type { CreateFetch } from '../fetch-options.ts';
import { createWebFetchOver } from '../web/fetch.ts';
import { createPinnedExchange } from './pinned.ts';

export const createFetchOver: CreateFetch = (makeSource, _bindings, options) => createWebFetchOver(makeSource, {
  name: 'a Worker',
  hidesRedirects: false,
  pinned: createPinnedExchange(cloudflareSockets, makeSource, options),
}, options);
