import { dirname, join } from 'node:path';

/** The npm that came with this Node, and what is put before its arguments: on Windows it is a .cmd, which is no program to start. */
export const NPM: readonly [program: string, ...first: string[]] = process.platform === 'win32'
  ? [process.execPath, join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js')] : ['npm'];
