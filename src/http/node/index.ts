// `#http-transport` for Node, Deno and Bun, whose node:http pins a connection.
import type { CreateFetch } from '../fetch-options.ts';
import { createWebFetchOver } from '../web/fetch.ts';
import { createFetchOver as createNodeFetchOver } from './fetch.ts';

export const createFetchOver: CreateFetch = (makeSource, bindings, options) => (options.fetch === undefined
  ? createNodeFetchOver(makeSource, bindings, options)
  : createWebFetchOver(makeSource, { name: 'a fetch that is given', hidesRedirects: false }, options));
