// The contract on Windows itself, with a local account from SSPI_TEST_USER and SSPI_TEST_PASSWORD. Started by run.ts.
Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: [[null], [null]], UVU_INDEX: 1 }); // before uvu is loaded

void run().then(() => process.exit(0), (error: unknown) => {
  console.log(error instanceof Error ? error.stack : error);
  process.exit(1);
});

async function run(): Promise<void> {
  const { contextSuite } = await import('../contract/context-suite.ts');
  const { contractSuite } = await import('../contract/suite.ts');
  const { tell } = await import('../wine/in-wine/environment.ts');
  const { runSuites } = await import('../wine/in-wine/run-suites.ts');
  const { localWorld } = await import('./world.ts');
  const { asWindowsSpells } = await import('./spelling.ts');

  tell({ type: 'note', text: `Node ${process.version} on ${process.platform} ${process.arch}, ${(await import('node:os')).version()}` });
  const password = given('SSPI_TEST_PASSWORD');
  const { user, computer } = await asWindowsSpells({ user: given('SSPI_TEST_USER'), password, computer: given('COMPUTERNAME') });
  const account = { user, password, computer };
  for (const [client, server] of [['secur32', 'secur32'], ['wasm', 'secur32'], ['secur32', 'wasm']] as const) {
    const world = localWorld(client, server, account);
    contractSuite(world);
    contextSuite(world);
  }
  contextSuite(localWorld('secur32', 'secur32', account, given('USERNAME')));
  await runSuites();
  tell({ type: 'end' });
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
