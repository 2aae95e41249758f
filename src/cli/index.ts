#!/usr/bin/env node
import { runCommand } from './command.ts';
import { createTerminal } from './terminal.ts';

runCommand(process.argv.slice(2), createTerminal()).then((code) => {
  process.exitCode = code; // not exit(): what is still in a pipe would be lost
});
